"""Looking back: what a run really brought, measured after it.

Nothing is changed here. ``comparison.py`` is pure and decides; ``realized.py`` reads the journal and AWS for it.
Read ``comparison.py`` first.
"""
