"""What is asked of a plan, typed: which functions, in which accounts and regions, by which policy, read how.

The command line, the library and the MCP server all ask with it; nothing is done here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from lambda_tailor import paths
from lambda_tailor.aws.accounts import ScopeSelection
from lambda_tailor.aws.evidence import EvidenceOptions
from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S, Connection
from lambda_tailor.aws.inventory import Target
from lambda_tailor.aws.team_key import KmsKey
from lambda_tailor.errors import BadInput
from lambda_tailor.journal.key_sources import local_source
from lambda_tailor.journal.tuned import tunings_in
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning.workflow import Request
from lambda_tailor.policy import file as policy_file
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.alarms import TOPIC_ARN

# The reference stack has targets of its own; any other function's values follow from what it did.
SUFFIX_PRESET, DEFAULT_PRESET = "reference", "right-size"
DEFAULT_LOOKBACK_DAYS = 14
# What goes along where a role is assumed.
EXTERNAL_ID, SOURCE_IDENTITY = "LAMBDA_TAILOR_EXTERNAL_ID", "LAMBDA_TAILOR_SOURCE_IDENTITY"
# A plan is of a day: what it rests on, load and configuration, is another by then. Hours.
MAX_AGE_H = 24.0
_SEQUENCES = ("functions", "regions", "role_arns", "rules", "force")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How AWS is reached; what is left out is the standard AWS configuration.

    ``quota_share`` is the part of AWS's request quotas that is used; over 1 where AWS raised them.
    ``timeout_s`` is how long AWS may give no answer at all.
    """

    profile: str | None = None
    endpoint_url: str | None = None
    quota_share: float = DEFAULT_SHARE
    timeout_s: float = DEFAULT_TIMEOUT_S

    def connection(self) -> Connection:
        """How AWS is reached."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return Connection(
            profile=self.profile, endpoint_url=endpoint, quota_share=self.quota_share, timeout_s=self.timeout_s,
            external_id=os.environ.get(EXTERNAL_ID) or None, source_identity=os.environ.get(SOURCE_IDENTITY) or None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions(ConnectionOptions):
    """What a plan is asked for with; see ``lambda_tailor.plan`` for what each means.

    Raises BadInput where a string stands for a sequence.
    """

    environment_suffix: str | None = None
    functions: tuple[str, ...] = ()
    name_pattern: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    all_functions: bool = False
    regions: tuple[str, ...] = ()
    all_regions: bool = False
    role_arns: tuple[str, ...] = ()
    organization_role: str | None = None
    policy: str | Path | None = None
    preset: str | None = None
    rules: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    lookback_days: int = DEFAULT_LOOKBACK_DAYS
    evidence_budget_usd: float | None = None
    deep: bool = False
    assume_duration_ms: int | None = None
    assume_invocations: int | None = None
    topic: str | None = None
    scheduler: str | None = None
    max_risk: str | None = None
    min_saving_usd: float | None = None
    kms_key: str | None = None

    def __post_init__(self) -> None:
        for name in _SEQUENCES:
            given: Iterable[str] = getattr(self, name)
            if isinstance(given, str):
                raise BadInput(f"{name} takes a list of names, not one text: give [{given!r}].")
            object.__setattr__(self, name, tuple(given))

    @property
    def chooses(self) -> bool:
        """Whether functions are chosen by anything but the suffix."""
        return bool(self.functions or self.tags or self.name_pattern or self.all_functions)

    def target(self) -> Target:
        """Which functions are meant.

        Raises BadInput where none are, or where it contradicts itself.
        """
        suffix = None if self.chooses else self.environment_suffix
        if not self.chooses and suffix is None:
            raise BadInput(
                "Which functions? Give --environment-suffix S (or ENVIRONMENT_SUFFIX), --function NAME, "
                "--name-pattern GLOB, --tag K=V or --all."
            )
        if self.functions and (self.name_pattern or self.tags or self.all_functions):
            raise BadInput(
                "--function names functions; --name-pattern, --tag and --all choose them: give one or the other."
            )
        names = tuple(dict.fromkeys(self.functions))
        return Target(
            suffix=suffix, names=names, pattern=self.name_pattern, tags=dict(self.tags), everything=self.all_functions
        )

    def chosen_policy(self) -> Policy:
        """The policy asked for, with what is asked for on top.

        Raises BadInput or PolicyError.
        """
        if self.policy and self.preset:
            raise BadInput("Give --policy or --preset, not both: a policy file can say preset: itself.")
        if self.policy:
            policy = policy_file.load_policy(Path(self.policy))
        else:
            by_suffix = bool(not self.preset and self.target().suffix)
            policy = policy_file.load_preset(self.preset or (SUFFIX_PRESET if by_suffix else DEFAULT_PRESET))
            policy = policy.model_copy(update=_remarks(policy.name, chosen=bool(self.preset), by_suffix=by_suffix))
        if self.rules:
            chosen = frozenset(rule.strip() for rule in self.rules)
            if unknown := sorted(chosen - all_rules().keys()):
                raise BadInput(f"There is no rule {unknown[0]!r}: see 'lambda-tailor rules'.")
            policy = policy.only(chosen)
        said = {"duration_ms": self.assume_duration_ms, "invocations_per_month": self.assume_invocations}
        assumed = policy.assumptions.model_copy(update={k: v for k, v in said.items() if v is not None})
        policy = policy.model_copy(update={"assumptions": assumed})
        if self.topic and not re.fullmatch(TOPIC_ARN, self.topic):
            raise BadInput(
                f"--topic takes the ARN of an SNS topic, such as arn:aws:sns:REGION:ACCOUNT:NAME, not {self.topic!r}."
            )
        return policy.on_top("--topic", {"alarms": {"topic_arn": self.topic}}) if self.topic else policy

    def forced(self) -> frozenset[str]:
        """The blocked changes to make all the same, as ``FUNCTION:RULE``.

        Raises BadInput where one is not of that form or names no rule.
        """
        for forced in self.force:
            name, colon, rule = forced.rpartition(":")
            if not (name and colon):
                raise BadInput(f"--force takes FUNCTION:RULE, not {forced!r}.")
            if rule not in all_rules():
                raise BadInput(f"--force {forced}: there is no rule {rule!r}: see 'lambda-tailor rules'.")
        return frozenset(self.force)

    def risk(self) -> Risk | None:
        """The most that a change may risk.

        Raises BadInput where there is no such risk.
        """
        try:
            return None if self.max_risk is None else Risk(self.max_risk)
        except ValueError:
            raise BadInput(f"There is no risk {self.max_risk!r}: none, low, medium or high.") from None

    def scopes(self) -> ScopeSelection:
        """Which accounts and regions are meant."""
        return ScopeSelection(
            regions=self.regions,
            all_regions=self.all_regions,
            role_arns=self.role_arns,
            organization_role=self.organization_role,
        )

    def evidence(self) -> EvidenceOptions:
        """What is read of the functions."""
        budget = self.evidence_budget_usd
        return EvidenceOptions(
            lookback_days=self.lookback_days,
            budget_usd=None if budget is None else Decimal(str(budget)),
            deep=self.deep,
        )

    def request(self) -> Request:
        """All that a plan is made from.

        Raises BadInput or PolicyError.
        """
        return Request(
            target=self.target(),
            policy=self.chosen_policy(),
            connection=self.connection(),
            selection=self.scopes(),
            scheduler=self.scheduler,
            force=self.forced(),
            evidence=self.evidence(),
            max_risk=self.risk(),
            min_saving_usd=None if self.min_saving_usd is None else Decimal(str(self.min_saving_usd)),
            tunings=tunings_in(paths.journal_url(), team_vault(self.connection(), self.kms_key)),
        )


def team_vault(
    connection: Connection, kms_key: str | None = None, tell: Callable[[str], None] = lambda _told: None
) -> Vault:
    """The team's key: of KMS where ``kms_key`` names one, else LAMBDA_TAILOR_KEY, else the key file.

    ``tell`` hears of a key that was made.
    """
    return Vault(KmsKey(connection, kms_key) if kms_key else local_source(), tell)


def _remarks(name: str, *, chosen: bool, by_suffix: bool) -> dict[str, Any]:
    """What the plan says first of its preset: what decided it, what the other one is, and what it leaves to another."""
    said: list[str] = []
    of_stack = ""
    if not chosen and by_suffix:
        said.append(
            f"By the preset {SUFFIX_PRESET}, since an environment suffix was given; --preset {DEFAULT_PRESET} derives "
            "values from what the function did."
        )
    elif not chosen:
        said.append(
            f"By the preset {DEFAULT_PRESET}, since no environment suffix was given; with one (-e SUFFIX) it would be "
            f"{SUFFIX_PRESET}."
        )
        of_stack = f"with -e SUFFIX the preset {SUFFIX_PRESET} and its fixed targets hold for it: choose by --preset"
    if name == DEFAULT_PRESET:
        said.append(
            "Tracing, failure destinations and alarms are in the preset operate now: "
            f"--preset {DEFAULT_PRESET},operate asks for them too."
        )
    return {"remarks": tuple(said), "of_stack": of_stack}


def connection_of(profile: str | None, endpoint_url: str | None, quota_share: float, timeout_s: float) -> Connection:
    """How AWS is reached, from the keywords that every function of the library takes."""
    options = ConnectionOptions(
        profile=profile, endpoint_url=endpoint_url, quota_share=quota_share, timeout_s=timeout_s
    )
    return options.connection()
