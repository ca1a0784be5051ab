"""A plan carried out, finished or undone: each write journalled before it is sent, and read back after it.

Nothing here decides what to change, and no setting is known by name. Read ``runner.py`` first.
"""
