"""IAM actions as values, declared beside what needs them.

The smallest policy that is made of them is in ``planning/least_privilege.py``. Read ``permission.py``.
"""
