"""Terraform and OpenTofu: from a function's ARN to the place where a setting's value is written.

Expressions are evaluated here to values that know their places; no file is written. Read ``source.py`` first.
"""
