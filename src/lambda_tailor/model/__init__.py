"""The product's words as frozen types, one group of them a module; see docs/glossary.md.

No I/O, no AWS and no rule here: everyone may import it, and it imports nobody. Read ``plan.py`` first.
"""
