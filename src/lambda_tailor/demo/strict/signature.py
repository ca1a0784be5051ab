"""Signs requests as an account's root, the way AWS wants them signed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# The emulator knows every account's root, whose key is the account id, by this secret.
ROOT_SECRET = "test"
_ANEW = frozenset(
    {
        "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256",
        "content-length", "transfer-encoding", "connection", "expect",
    }
)  # fmt: skip
_SIGNED_AS = {"cloudwatch": "monitoring"}


def signed_as_root(
    account: str, region: str, service: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """The headers with a signature of the account's root in place of what signature they had."""
    kept = {name: value for name, value in headers.items() if name.lower() not in _ANEW}
    request = AWSRequest(method=method, url=url, headers=kept, data=body)
    SigV4Auth(Credentials(account, ROOT_SECRET), _SIGNED_AS.get(service, service), region).add_auth(request)
    return dict(request.headers.items())
