"""Which memory size to measure next, and which to take: a model of duration against memory, without AWS.

The chooser is pure: no AWS in it, and NumPy only when a tune is really computed. Read ``choosing.py`` first.
"""
