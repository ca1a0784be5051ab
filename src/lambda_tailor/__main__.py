"""``python -m lambda_tailor``."""

from lambda_tailor.cli import main

main()
