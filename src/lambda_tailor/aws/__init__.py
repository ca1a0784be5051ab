"""The only place that speaks to AWS: sessions, pace and retries, inventory, lookups, readers of evidence.

Nothing is judged or decided here, and nothing is printed. Read ``gateway.py`` first, then ``scopes.py``.
"""
