"""CloudFormation and SAM templates: from a logical id to the place where a property's value is written.

No file is written here. Read ``source.py`` first.
"""
