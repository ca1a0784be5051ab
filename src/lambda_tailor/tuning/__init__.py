"""Which memory size to measure next, and which to take: a model of duration against memory, without AWS.

NumPy comes with the extra ``tune`` and is imported when a tune begins, never before.
"""
