"""What a quantity costs: prices by region with their day, and the bill of a usage. Decimal, and ranges.

No change is known here: which one uses how much is said in ``planning/worth.py``. Read ``bill.py`` first.
"""
