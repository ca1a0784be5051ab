"""ARNs, taken apart: ``arn:partition:service:region:account:resource…``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations


def part(arn: str, number: int) -> str:
    """The ARN's part of that number, from 0 for ``arn``; empty where it has fewer."""
    parts = arn.split(":")
    return parts[number] if number < len(parts) else ""
