"""From what is deployed and what it did to a plan: rules asked, changes gathered into operations, money added.

Nothing is written here; only ``workflow.py`` reads AWS, the rest is pure. Read ``workflow.py`` first.
"""
