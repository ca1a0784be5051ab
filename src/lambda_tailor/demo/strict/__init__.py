"""A layer in front of the embedded AWS that refuses what AWS refuses and keeps what AWS keeps.

Each behaviour is a module of its own with ``before`` (may answer instead of the backend) and
``after`` (may change the backend's answer). A file with a ``BEHAVIOUR`` is found
by itself; nothing else has to know of it.

The token bucket of the request quotas (``quotas.py``) is our own. The library ``microburst``, a proxy
that makes AWS calls fail, was looked at (0.10.0) and not used: its ``rate`` bounds how often a fault
strikes, not how many requests a second an account, region and operation may have, so that the bucket
would still have been ours.
"""
