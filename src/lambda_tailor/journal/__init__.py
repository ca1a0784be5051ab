"""What was done, written down before it is done: runs, steps, leases, sealed values; SQLite or PostgreSQL.

No AWS here. Read ``journal.py`` first, then ``tables.py``.
"""
