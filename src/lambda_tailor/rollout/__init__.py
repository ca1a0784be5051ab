"""Guarded rollout: a new version takes a share of the real traffic and is judged against the old one."""
