import os

# The matrices are small: threads only get into each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
