"""IAM actions as values, declared beside what needs them.

No policy is made here: that is ``planning/least_privilege.py``. Read ``permission.py`` first.
"""
