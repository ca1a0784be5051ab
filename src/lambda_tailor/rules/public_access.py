"""Public access: who may call the function although nobody meant to let them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "public_access"
# What names no account of its own, so that only a condition tells whose it is.
_SHARED = ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com", "apigateway.amazonaws.com",
           "logs.amazonaws.com", "config.amazonaws.com", "ses.amazonaws.com", "iot.amazonaws.com",
           "elasticloadbalancing.amazonaws.com", "cognito-idp.amazonaws.com", "scheduler.amazonaws.com")  # fmt: skip


class PublicAccessOptions(Options):
    """Nothing to say: it is reported."""


def lookups(function: Function, _options: PublicAccessOptions) -> Iterable[Lookup]:
    """Its URL and its resource policy: two calls."""
    return (Lookup("function-urls", function.name), Lookup("function-policy", function.name))


def judge(function: Function, _evidence: Evidence, _options: PublicAccessOptions) -> Sequence[Verdict]:
    """A finding for each way in."""
    urls, policy = (function.resource(lookup.kind, lookup.name) for lookup in lookups(function, _options))
    verdicts: list[Verdict] = []
    if isinstance(urls, Found) and isinstance(listed := urls.state["urls"], list):
        open_urls = [each for each in listed if isinstance(each, Mapping) and each.get("auth") == "NONE"]
        verdicts += [_open_url(str(each.get("qualifier") or "$LATEST")) for each in open_urls]
    if isinstance(policy, Found) and isinstance(statements := policy.state["statements"], list):
        verdicts += [found for each in statements if isinstance(each, Mapping) and (found := _statement(each))]
    if verdicts:
        return verdicts
    unread = next((each.because for each in (urls, policy) if isinstance(each, Unreadable)), None)
    return (Kept(SETTING, None, f"who may call it is not known: {unread}" if unread else "nobody unmeant may call it"),)


def _open_url(qualifier: str) -> Finding:
    note = f"its URL ({qualifier}) asks for no authentication: everybody who knows it runs the function at your cost"
    return Finding(f"{SETTING}.url", "NONE", note, Risk.HIGH)


def _statement(statement: Mapping[str, object]) -> Finding | None:
    sid, bound = str(statement.get("sid")), bool(statement.get("bound"))
    principals = statement.get("principals")
    if bound or statement.get("url") or not isinstance(principals, list):
        return None
    if "*" in principals:
        note = f"statement {sid} lets every AWS account invoke it: no condition says whose"
        return Finding(f"{SETTING}.{sid}", "*", note, Risk.HIGH)
    loose = sorted(str(each) for each in principals if each in _SHARED)
    if loose:
        note = (
            f"statement {sid} lets {', '.join(loose)} invoke it for any account's resource: add SourceAccount, or "
            "SourceArn with the account in it"
        )
        return Finding(f"{SETTING}.{sid}", loose[0], note, Risk.MEDIUM)
    return None


RULE = Rule(
    id="public-access",
    title="Nobody runs it who was not meant to",
    why="An open function is run, and paid for, by whoever finds it.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    options=PublicAccessOptions,
    judge=judge,
    lookups=lookups,
    surprise="A service principal is the same for all accounts: without SourceAccount somebody else's bucket may "
    "invoke the function. A URL without authentication also takes a statement in the policy, which stays when the "
    "URL goes.",
    order=190,
)
