"""Whether this machine, the journal and AWS are ready for a plan and an apply; nothing is changed anywhere."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterator, Sequence
from contextlib import closing

from lambda_tailor.aws import health
from lambda_tailor.aws.accounts import Scope, ScopeSelection, find_scopes
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scopes import open_scope
from lambda_tailor.errors import AccessDenied, AwsRefused, BadInput, CredentialsError, EndpointUnreachable, JournalError
from lambda_tailor.journal.database import without_password
from lambda_tailor.journal.journal import Journal
from lambda_tailor.model.diagnosis import Check, Diagnosis, Health

# What each extra brings, by a module that comes with it.
EXTRAS = {"tune": "scipy", "write-back": "tree_sitter_hcl", "postgres": "psycopg", "fleet": "distributed", "mcp": "mcp"}


def diagnose(
    connection: Connection, *, journal_url: str, regions: Sequence[str] = (), write_actions: Sequence[str] = ()
) -> Diagnosis:
    """Every check, in the order in which they matter. ``write_actions`` are what an apply would take."""
    return Diagnosis(checks=(*_versions(), _journal(journal_url), *_aws(connection, regions, write_actions)))


def _versions() -> Iterator[Check]:
    own = importlib.metadata.version("lambda-tailor")
    found = f"lambda-tailor {own}, Python {platform.python_version()}, boto3 {importlib.metadata.version('boto3')}"
    yield Check(name="versions", health=Health.OK, found=found)
    there = [extra for extra, module in EXTRAS.items() if importlib.util.find_spec(module) is not None]
    absent = [extra for extra in EXTRAS if extra not in there]
    found = f"installed: {', '.join(there) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    remedy = f"pip install 'lambda-tailor[{','.join(absent)}]' if you want them." if absent else ""
    yield Check(name="extras", health=Health.OK, found=found, remedy=remedy)


def _journal(url: str) -> Check:
    shown = without_password(url)
    try:
        with closing(Journal(url)) as journal:
            runs = list(journal.runs())
    except JournalError as error:
        return Check(
            name="journal", health=Health.FAILED, found=str(error), remedy="Name another in LAMBDA_TAILOR_JOURNAL."
        )
    return Check(name="journal", health=Health.OK, found=f"{shown}, {len(runs)} run{'s' if len(runs) != 1 else ''}")


def _aws(connection: Connection, regions: Sequence[str], write_actions: Sequence[str]) -> Iterator[Check]:
    try:
        scopes = find_scopes(connection, ScopeSelection(regions=tuple(regions))).scopes
    except BadInput as error:
        yield Check(name="region", health=Health.FAILED, found=str(error), remedy="Give --region, or set AWS_REGION.")
        return
    except (CredentialsError, EndpointUnreachable, AccessDenied, AwsRefused) as error:
        yield health.reached(error, connection)
        return
    for scope in scopes:
        yield from _scope(connection, scope, write_actions)


def _scope(connection: Connection, scope: Scope, write_actions: Sequence[str]) -> Iterator[Check]:
    try:
        opened = open_scope(connection, scope)
        yield Check(name="credentials", health=Health.OK, found=f"{opened.caller_arn}, {opened.region}")
        yield health.clock(opened)
        yield from health.reading(opened)
        if write_actions:
            yield health.writing(opened, write_actions)
    except (CredentialsError, EndpointUnreachable, AccessDenied, AwsRefused) as error:
        yield health.reached(error, connection)
