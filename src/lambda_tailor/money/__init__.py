"""What a quantity costs: prices by region with their day, and the bill of a usage. Decimal, and ranges.

Which change uses how much is said in ``planning/worth.py``. Read ``bill.py`` first.
"""
