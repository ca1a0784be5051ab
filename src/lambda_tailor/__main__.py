"""``python -m lambda_tailor``."""

from lambda_tailor.cli.commands import main

main()
