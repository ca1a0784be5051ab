"""Guarded rollout: a new version takes a share of the real traffic and is judged against the old one.

The judge is pure and needs no extra: no AWS and no clock in it. Read ``judge.py`` first.
"""
