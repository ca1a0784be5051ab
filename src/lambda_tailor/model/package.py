"""A deployment package that stands in a request: fetched while the request is sent, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_tailor.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Package:
    """The ZIP behind a pre-signed URL, which is a credential."""

    url: Secret
