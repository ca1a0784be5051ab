"""What botocore's errors mean: what kind of fault, and in which words a user is told.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

import re
from typing import Any

import botocore.exceptions as boto
from botocore.parsers import ResponseParserError

from lambda_tailor.aws.retry import Fault
from lambda_tailor.errors import AccessDenied, AwsRefused, CredentialsError, EndpointUnreachable, TailorError
from lambda_tailor.settings.setting import Call

THROTTLES = frozenset(
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "TooManyRequests", "RequestLimitExceeded", "BandwidthLimitExceeded",
        "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
        # A queue that is made anew within a minute of its deletion is refused for so long.
        "AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently",
        "ProvisionedThroughputExceededException", "TransactionInProgressException",
    }
)  # fmt: skip
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
        # A service's, to whom KMS refused the customer's key.
        "KMS.AccessDeniedException",
        "KmsAccessDenied",
        "KMSAccessDeniedException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
UNKNOWN = frozenset(
    {
        "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
        "AuthFailure", "InvalidSignatureException", "MissingAuthenticationToken", "IncompleteSignature",
    }
)  # fmt: skip
_NO_CREDENTIALS = (
    boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.TokenRetrievalError,
    boto.UnauthorizedSSOTokenError, boto.SSOTokenLoadError,
)  # fmt: skip
ERRORS = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
_LOST = (ResponseParserError, boto.HTTPClientError, boto.IncompleteReadError, boto.ResponseStreamingError)
# Where not even a refusal was heard.
SILENCE = (boto.ReadTimeoutError, boto.ConnectTimeoutError)
_UNSENT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)


def _error(error: Exception) -> tuple[str, str, int]:
    answer: Any = getattr(error, "response", None) or {}
    said = answer.get("Error") or {}
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
    return str(said.get("Code") or ""), str(said.get("Message") or ""), int(status)


def classify(error: Exception) -> Fault:
    """Which kind of fault one of ``ERRORS`` is."""
    if isinstance(error, boto.ClientError):
        code, _, status = _error(error)
        if code in THROTTLES or status == 429:
            return Fault.THROTTLED
        return Fault.LOST if status >= 500 or status == 408 else Fault.FINAL
    if isinstance(error, _NO_CREDENTIALS):
        return Fault.FINAL
    if isinstance(error, _UNSENT):
        return Fault.UNSENT
    return Fault.LOST if isinstance(error, _LOST) else Fault.FINAL


def explain(error: Exception, call: Call, *, lost: bool, secretive: bool = False) -> TailorError:
    """The error to raise instead: one sentence that says what to do next.

    Of a ``secretive`` request, in which secrets are, nothing is shown that AWS says but its code: AWS may repeat a
    value, cut short, escaped or folded as it likes.
    """
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsError(
            f"There are no usable AWS credentials ({_one_line(error)}): set AWS_PROFILE or sign in again."
        )
    if isinstance(error, _UNSENT):
        return EndpointUnreachable(
            f"{_endpoint(error, call)} does not answer: check --endpoint-url, the region and the network."
        )
    if isinstance(error, boto.ReadTimeoutError) and not lost:
        return EndpointUnreachable(
            f"{_endpoint(error, call)} took the request and does not answer: check --endpoint-url and the network, "
            "or wait longer with --timeout SECONDS."
        )
    code, message, status = _error(error)
    # A request that hands over a role, or has variables encrypted, is denied for that more often than for itself:
    # this much may be said.
    handed = next((each for each in _SAYABLE if each in message), "")
    if secretive:
        message = ""
    if code in EXPIRED:
        return CredentialsError(
            "The AWS credentials have expired: sign in again (aws sso login) and repeat the command."
        )
    if code in UNKNOWN:
        return CredentialsError(f"AWS does not know these credentials ({code}): check AWS_PROFILE or the access key.")
    if code in DENIED:
        return denial(iam_action(call), message or handed)
    name = code if _CODE.fullmatch(code) else type(error).__name__
    if secretive:
        told = f"AWS refused it with {name}; what it says of a request with secrets in it is not shown"
        return AwsRefused(f"{call.name}: {told}", code=name, lost=lost)
    said = _one_line(message) or (f"HTTP status {status}" if status else _one_line(error))
    return AwsRefused(f"{call.name}: {said}", code=code or type(error).__name__, lost=lost)


# What AWS's codes look like: one that looks otherwise may be anything.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.:_-]{2,79}", re.ASCII)
# Where an IAM action is not spelled as its API operation.
_IAM = {
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    # The method of HTTP is the action, for both kinds of APIs.
    "apigateway:GetResources": "apigateway:GET",
    "apigatewayv2:GetIntegrations": "apigateway:GET",
    "tagging:GetResources": "tag:GetResources",
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_SAYABLE = tuple(
    f"not authorized to perform: {action}"
    for action in ("iam:PassRole", "kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt", "kms:CreateGrant")
)
# Where a service does not repeat what KMS said.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
_KEY_REFUSED = ("Access to KMS is not allowed", "The ciphertext refers to a customer master key")
_DENIED_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_DENIED_RESOURCE = re.compile(r" on resource: (\S+)")


def denial(action: str, message: str) -> AccessDenied:
    """The error where AWS denied something with these words: it names the action, else it is ``action``."""
    of_a_key = "kms:Decrypt" if any(words in message for words in _KEY_REFUSED) else None
    return access_denied(_said(_DENIED_ACTION, message) or of_a_key or action, _said(_DENIED_RESOURCE, message))


def access_denied(action: str, resource: str | None) -> AccessDenied:
    """The error for a missing IAM action, on a resource where AWS names one."""
    where = f" on {resource}" if resource and resource != "*" else ""
    told = f"{action} is not allowed{where}: 'lambda-tailor iam-policy' prints what is needed."
    return AccessDenied(told, action=action)


def iam_action(call: Call) -> str:
    """The IAM action that a call needs."""
    return _IAM.get(call.name, call.name)


def _said(pattern: re.Pattern[str], message: str) -> str | None:
    found = pattern.search(message)
    return found.group(1) if found else None


def _endpoint(error: Exception, call: Call) -> str:
    kwargs: Any = getattr(error, "kwargs", {})
    return str(kwargs.get("endpoint_url") or f"AWS ({call.service})")


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
