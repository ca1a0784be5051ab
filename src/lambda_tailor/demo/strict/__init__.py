"""A layer in front of the embedded AWS that refuses what AWS refuses and keeps what AWS keeps.

Each behaviour is a module of its own with ``before`` (may answer instead of the backend) and
``after`` (may change the backend's answer). Behaviours are listed in ``server.py``.
"""
