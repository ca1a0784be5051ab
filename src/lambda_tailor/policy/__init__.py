"""What the user wants: presets and policy files, and what they mean for one function.

No AWS and no rule's judgement here. Read ``policy.py`` first, then ``file.py``.
"""
