"""lambda-tailor: makes deployed AWS Lambda functions fit the load they really carry."""

from __future__ import annotations

__version__ = "0.1.0"
