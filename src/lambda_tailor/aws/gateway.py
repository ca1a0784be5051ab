"""The one way through which every request to AWS goes: clients, credentials, counting, retries, errors."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain, repeat
from typing import Any

import boto3
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.session

from lambda_tailor import __version__
from lambda_tailor.aws.answers import conform
from lambda_tailor.aws.concealing import _is_url, conceal, reveal, secretive
from lambda_tailor.aws.faults import ERRORS, SILENCE, classify, explain
from lambda_tailor.aws.quotas import Pace, shared_pace
from lambda_tailor.aws.retry import Fault, RetryPolicy
from lambda_tailor.aws.silence import LINE
from lambda_tailor.errors import AccessDenied, AwsRefused, BadInput, CredentialsError
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.settings.setting import Answer, Call

# At DEBUG, botocore logs whole requests and answers, secrets and all: not here, whatever the root logger says.
logging.getLogger("botocore").setLevel(logging.INFO)

# Prefixes of operations that change nothing, as AWS names them.
_READS = ("Get", "List", "Describe", "Filter", "Simulate", "Head", "Start", "Stop", "Lookup")


# No listing of an account has more.
MOST_PAGES = 100_000


def writes(action: str) -> bool:
    """Whether an operation changes anything."""
    return not action.startswith(_READS)


DEFAULT_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """How AWS is reached. Everything left out comes from the standard AWS settings.

    ``external_id``, ``source_identity`` and ``session_name`` go along where a role is assumed, so that CloudTrail of
    the other account tells who came, and for which run.
    Seconds: ``answer_within_s`` is what one request is waited for, ``timeout_s`` how long no answer at all may come.
    """

    profile: str | None = None
    endpoint_url: str | None = None
    quota_share: float = DEFAULT_SHARE
    answer_within_s: float = 60.0
    timeout_s: float = DEFAULT_TIMEOUT_S
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    external_id: str | None = None
    source_identity: str | None = None
    session_name: str = "lambda-tailor"


class Gateway:
    """Requests to one account and region. Safe for threads.

    ``calls`` counts every request sent by ``service:Operation``, retries too. ``denied`` has, for each
    IAM action that was refused, the sentence that tells so, whoever made do without the answer.
    """

    def __init__(self, session: boto3.Session, region: str, connection: Connection) -> None:
        self.region = region
        self.calls: Counter[str] = Counter()
        self.denied: dict[str, str] = {}
        self._session = session
        self.connection = connection
        self._pace = Pace(connection.quota_share)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def share_pace(self, account_id: str) -> None:
        """Keep the lanes that are global to the account together with the gateways of its other regions."""
        self._pace.shared = shared_pace(account_id, self.connection.quota_share)

    def call(self, call: Call) -> Answer:
        """Send a request and give AWS's answer, with every secret in it concealed.

        Raises AccessDenied, CredentialsError, EndpointUnreachable, or AwsRefused with AWS's own code;
        AwsRefused.lost tells a write of which nobody knows whether it was done.
        """
        return self._attempt(call, partial(self._pace.wait, call.name))

    def turn(self, call: str) -> float:
        """Take a place in the lane of a call (``service:Operation``); when it is there, for ``until`` and ``write``."""
        return self._pace.turn(call)

    def due_in_s(self, turn: float) -> float:
        """Seconds until a turn; negative where it is over."""
        return self._pace.due_in_s(turn)

    def until(self, turn: float, stop: threading.Event | None = None) -> None:
        """Wait for a turn.

        Raises Stopped where ``stop`` is set before it.
        """
        self._pace.until(turn, stop)

    def write(self, call: Call, turn: float, guard: Callable[[], None]) -> Answer:
        """Send a write when its turn has come.

        Each time before it is sent, also after AWS refused it for its pace, ``guard`` is asked, at the very
        last: what it raises ends it. Raises otherwise what ``call`` raises.
        """
        waits = chain([partial(self._pace.until, turn)], repeat(partial(self._pace.wait, call.name)))

        def ready() -> None:
            next(waits)()
            guard()

        return self._attempt(call, ready)

    def _attempt(self, call: Call, ready: Callable[[], None]) -> Answer:
        retry = self.connection.retry
        is_write = writes(call.action)
        started = retry.clock()
        attempt = 0
        while True:
            attempt += 1
            ready()
            with self._lock:
                self.calls[call.name] += 1
            try:
                return conceal(call, conform(call.name, self._send(call), self._shape(call)))
            except ERRORS as error:
                fault = classify(error)
                silent = fault in (Fault.LOST, Fault.UNSENT) and LINE.silent_s() >= self.connection.timeout_s
                if silent or not retry.again(fault, attempt=attempt, started=started, writes=is_write):
                    explained = explain(
                        error, call, lost=is_write and fault is Fault.LOST, secretive=secretive(call.parameters)
                    )
                    if isinstance(explained, AccessDenied):
                        with self._lock:
                            self.denied.setdefault(explained.action, str(explained))
                    raise explained from None
            retry.pause(attempt)

    def pages(self, call: Call, token: str, next_token: str | None = None) -> Iterator[Answer]:
        """Every page of a listing. ``token`` is the request's page token, ``next_token`` the answer's.

        Raises AwsRefused where a token comes again or there is no end of pages, and what ``call`` raises.
        """
        parameters = dict(call.parameters)
        known: set[str] = set()
        while True:
            answer = self.call(Call(call.service, call.action, parameters))
            yield answer
            following = answer.get(next_token or token)
            if not following:
                return
            if following in known or len(known) >= MOST_PAGES:
                raise AwsRefused(f"{call.name}: its pages have no end, so that it was given up", code="EndlessPages")
            known.add(following)
            parameters[token] = following

    def _send(self, call: Call) -> Answer:
        client = self._client(call.service)
        with LINE.waiting(SILENCE):
            answer: Answer = getattr(client, _method(call.action))(**reveal(call.parameters))
        return answer

    def _shape(self, call: Call) -> Any:
        return self._client(call.service).meta.service_model.operation_model(call.action).output_shape

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    _CLIENT_NAMES.get(service, service),
                    region_name=self.region,
                    endpoint_url=self.connection.endpoint_url,
                    config=botocore.config.Config(
                        # Retrying is ours: see aws/retry.py.
                        retries={"mode": "standard", "total_max_attempts": 1},
                        connect_timeout=5,
                        read_timeout=min(self.connection.answer_within_s, self.connection.timeout_s),
                        max_pool_connections=50,
                        # botocore puts its own together anew for every request: a tenth of what a request takes.
                        user_agent=f"Boto3/{boto3.__version__} lambda-tailor/{__version__}",
                        # Values are checked by the service, whose bounds are the ones that count. Requests for
                        # metrics have five hundred queries, and checking their shape takes longer than their answer.
                        parameter_validation=service != "cloudwatch",
                        # The emulator and other endpoints know buckets by path only.
                        s3={"addressing_style": "path"} if self.connection.endpoint_url else None,
                    ),
                )
            return self._clients[service]


_CLIENT_NAMES = {"tagging": "resourcegroupstaggingapi"}


def _method(action: str) -> str:
    from botocore import xform_name

    method: str = xform_name(action)
    return method


@cache
def _loader(data_path: str | None) -> Any:
    return botocore.loaders.create_loader(data_path)


def assume(gateway: Gateway, role_arn: str) -> boto3.Session:
    """A session with a role's credentials, which are fetched again before they expire.

    Raises what Gateway.call raises.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """

    connection = gateway.connection

    def fetch_credentials() -> dict[str, str]:
        asked = {"RoleArn": role_arn, "RoleSessionName": connection.session_name}
        if connection.external_id:
            asked["ExternalId"] = connection.external_id
        if connection.source_identity:
            asked["SourceIdentity"] = connection.source_identity
        given = gateway.call(Call("sts", "AssumeRole", asked))["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"].reveal(),
            "token": given["SessionToken"].reveal(),
            "expiry_time": given["Expiration"].isoformat(),
        }

    core = botocore.session.Session()
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    # botocore has no public way to give a session credentials that are fetched again.
    core._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(
        metadata=fetch_credentials(), refresh_using=fetch_credentials, method="sts-assume-role"
    )
    return boto3.Session(botocore_session=core)


def open_session(connection: Connection) -> boto3.Session:
    """A session with the standard AWS credentials, or those of the role asked for.

    Raises CredentialsError where there are none, and BadInput for an endpoint that is no URL.
    """
    if connection.endpoint_url is not None and not _is_url(connection.endpoint_url):
        raise BadInput(f"{connection.endpoint_url} is no URL: --endpoint-url takes one such as http://127.0.0.1:4566.")
    try:
        core = botocore.session.Session(profile=connection.profile)
        # AWS's models are large: each is read from disk once, and not again for every session.
        core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
        session = boto3.Session(botocore_session=core)
        credentials = session.get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise CredentialsError(f"AWS credentials cannot be used: {error}") from error
    if credentials is None:
        raise CredentialsError(
            "There are no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID, or sign in (aws sso login)."
        )
    return session
