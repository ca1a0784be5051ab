"""The embedded AWS behind its strict layer, a sample fleet, and the story told on it.

Nothing of the product may import it. Read ``story.py`` first; what AWS refuses is in ``strict/``.
"""
