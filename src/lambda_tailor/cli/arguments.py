"""What was asked for, from arguments to the objects that the program works with; nothing is done here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lambda_tailor.aws.accounts import ScopeSelection
from lambda_tailor.aws.evidence import EvidenceOptions
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target
from lambda_tailor.errors import BadInput
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.planning import workflow
from lambda_tailor.policy import file as policy_file
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules import all_rules

# The reference stack has targets of its own; any other function's values follow from what it did.
SUFFIX_PRESET, DEFAULT_PRESET = "reference", "right-size"


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments by the names that the command line has for them; one that is missing has its default."""

    given: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or its default where it was not given."""
        value = self.given.get(name)
        return default if value is None else value

    @property
    def as_json(self) -> bool:
        """Whether one JSON document is asked for."""
        return bool(self.get("as_json")) or self.get("form") == "json"

    def connection(self) -> Connection:
        """How AWS is reached."""
        share = float(self.get("quota_share", DEFAULT_SHARE))
        endpoint = self.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL")
        return Connection(profile=self.get("profile"), endpoint_url=endpoint, quota_share=share)

    def target(self) -> Target:
        """Which functions are meant.

        Raises BadInput where none are, or where it contradicts itself.
        """
        names = tuple(dict.fromkeys(self.get("names", ())))
        tags = dict(_pair(tag) for tag in self.get("tags", ()))
        pattern, everything = self.get("name_pattern"), bool(self.get("everything"))
        chosen = bool(names or tags or pattern or everything)
        suffix = None if chosen else self.get("suffix")
        if not chosen and suffix is None:
            raise BadInput(
                "Which functions? Give --environment-suffix S (or ENVIRONMENT_SUFFIX), --function NAME, "
                "--name-pattern GLOB, --tag K=V or --all."
            )
        if names and (pattern or tags or everything):
            raise BadInput(
                "--function names functions; --name-pattern, --tag and --all choose them: give one or the other."
            )
        return Target(suffix=suffix, names=names, pattern=pattern, tags=tags, everything=everything)

    def policy(self) -> Policy:
        """The policy asked for, with what the command line says on top.

        Raises BadInput or PolicyError.
        """
        file, preset = self.get("policy_file"), self.get("preset")
        if file and preset:
            raise BadInput("Give --policy or --preset, not both: a policy file can say preset: itself.")
        if file:
            policy = policy_file.load_policy(Path(file))
        else:
            policy = policy_file.load_preset(preset or (SUFFIX_PRESET if self.target().suffix else DEFAULT_PRESET))
        if only := self.get("only"):
            chosen = frozenset(rule.strip() for rule in only.split(","))
            if unknown := sorted(chosen - all_rules().keys()):
                raise BadInput(f"There is no rule {unknown[0]!r}: see 'lambda-tailor rules'.")
            policy = policy.only(chosen)
        said = {
            "duration_ms": self.get("assume_duration_ms"),
            "invocations_per_month": self.get("assume_invocations"),
        }
        assumed = policy.assumptions.model_copy(update={k: v for k, v in said.items() if v is not None})
        return policy.model_copy(update={"assumptions": assumed})

    def request(self) -> workflow.Request:
        """All that a plan is asked for with.

        Raises BadInput or PolicyError.
        """
        return workflow.Request(
            target=self.target(),
            policy=self.policy(),
            connection=self.connection(),
            selection=self.selection(),
            scheduler=self.get("scheduler"),
            force=frozenset(self.get("force", ())),
            evidence=self.evidence(),
        )

    def selection(self) -> ScopeSelection:
        """Which accounts and regions are meant."""
        roles = list(self.get("role_arns", ()))
        if file := self.get("roles_file"):
            roles += _lines(file)
        return ScopeSelection(
            regions=tuple(self.get("regions", ())),
            all_regions=bool(self.get("all_regions")),
            role_arns=tuple(roles),
            organization_role=self.get("organization"),
        )

    def evidence(self) -> EvidenceOptions:
        """What is read of the functions."""
        budget = self.get("evidence_budget_usd")
        return EvidenceOptions(
            lookback_days=int(self.get("lookback", 14)),
            budget_usd=None if budget is None else Decimal(str(budget)),
            deep=bool(self.get("deep")),
        )


def _lines(file: str) -> list[str]:
    """The lines of a file, without comments (#) and blank ones.

    Raises BadInput where it cannot be read.
    """
    try:
        text = Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: it takes one role's ARN a line.") from error
    return [line for raw in text.splitlines() if (line := raw.partition("#")[0].strip())]


def _pair(tag: str) -> tuple[str, str]:
    key, equals, value = tag.partition("=")
    if not (key and equals):
        raise BadInput(f"--tag takes KEY=VALUE, not {tag!r}.")
    return key, value
