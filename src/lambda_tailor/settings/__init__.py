"""One file for each kind of setting; each has a ``SETTING``."""
