"""From what the command line parsed to the keywords of the library; nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S
from lambda_tailor.errors import BadInput
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.planning.options import DEFAULT_LOOKBACK_DAYS, MAX_AGE_H, PlanOptions
from lambda_tailor.report.view import View


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

    def connecting(self) -> dict[str, Any]:
        """How AWS is reached, as keywords of the library."""
        return {
            "profile": self.get("profile"),
            "endpoint_url": self.get("endpoint_url"),
            "quota_share": float(self.get("quota_share", DEFAULT_SHARE)),
            "timeout_s": float(self.get("timeout_s", DEFAULT_TIMEOUT_S)),
        }

    def keeping(self) -> dict[str, Any]:
        """Where a run is written down and who does it, as keywords of the library."""
        return {
            **self.connecting(),
            "journal": self.get("journal"),
            "scheduler": self.get("scheduler"),
        }

    def verifying(self) -> dict[str, Any]:
        """Which key vouches for the journal, as keywords of ``lambda_tailor.rollback``."""
        return {"trust_journal": bool(self.get("trust_journal")), "kms_key": self.get("kms_key")}

    def trusting(self) -> dict[str, Any]:
        """Which plans and journals are believed, as keywords of ``lambda_tailor.apply``."""
        return {**self.believing(), **self.verifying()}

    def believing(self) -> dict[str, Any]:
        """Which plans are believed, as keywords of ``lambda_tailor.check_plan``."""
        trust, age = bool(self.get("trust_plan")), float(self.get("max_age_h", MAX_AGE_H))
        return {"trust_plan": trust, "max_age_h": age, "kms_key": self.get("kms_key")}

    def choosing(self) -> dict[str, Any]:
        """What is asked of a plan, as keywords of ``lambda_tailor.plan``.

        Raises BadInput.
        """
        roles = list(self.get("role_arns", ()))
        if file := self.get("roles_file"):
            roles += _lines(file)
        only = self.get("only")
        return {
            **self.connecting(),
            "environment_suffix": self.get("suffix"),
            "functions": tuple(self.get("names", ())),
            "name_pattern": self.get("name_pattern"),
            "tags": dict(_pair(tag) for tag in self.get("tags", ())),
            "all_functions": bool(self.get("everything")),
            "regions": tuple(self.get("regions", ())),
            "all_regions": bool(self.get("all_regions")),
            "role_arns": tuple(roles),
            "organization_role": self.get("organization"),
            "policy": self.get("policy_file"),
            "preset": self.get("preset"),
            "rules": tuple(only.split(",")) if only else (),
            "force": tuple(self.get("force", ())),
            "lookback_days": int(self.get("lookback", DEFAULT_LOOKBACK_DAYS)),
            "evidence_budget_usd": self.get("evidence_budget_usd"),
            "deep": bool(self.get("deep")),
            "assume_duration_ms": self.get("assume_duration_ms"),
            "assume_invocations": self.get("assume_invocations"),
            "topic": self.get("topic"),
            "scheduler": self.get("scheduler"),
            "kms_key": self.get("kms_key"),
        }

    def narrowing(self) -> dict[str, Any]:
        """What is left out of a plan, as keywords of ``lambda_tailor.plan``."""
        return {"max_risk": self.get("max_risk"), "min_saving_usd": self.get("min_saving_usd")}

    def view(self) -> View:
        """How much of a plan is shown, and in what order."""
        return View(
            group_by=self.get("group_by"),
            sort=self.get("sort", "money"),
            top=self.get("top"),
            full=bool(self.get("full")),
        )

    def serving(self) -> dict[str, Any]:
        """What an MCP server is started with."""
        return {
            "regions": tuple(self.get("regions", ())),
            "policy": self.get("policy_file"),
            "preset": self.get("preset"),
            "journal": self.get("journal"),
            "connecting": self.connecting(),
        }

    def options(self) -> PlanOptions:
        """The same as one value.

        Raises BadInput.
        """
        return PlanOptions(**self.choosing())


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
