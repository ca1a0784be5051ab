"""Talks to a running layer: what was called, what shall fail, which quotas hold."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Any

from lambda_tailor.aws.gateway import writes


@dataclass(frozen=True, slots=True)
class StrictControl:
    """The control channel of the layer at ``url``; ``account`` narrows what is told to one account."""

    url: str
    account: str | None = None

    def calls(self) -> Counter[str]:
        """How often each ``service:Operation`` was asked for."""
        return Counter(self._state()["calls"])

    def writes(self) -> Counter[str]:
        """The calls that change something."""
        return Counter({name: n for name, n in self.calls().items() if writes(name.partition(":")[2])})

    def log(self) -> list[tuple[str, str, str, int]]:
        """Every call in order: account, region, name, HTTP status."""
        return [tuple(entry) for entry in self._state()["log"]]

    def held(self) -> list[str]:
        """The calls that hang now."""
        return list(self._state()["held"])

    def struck(self) -> list[str]:
        """The calls that a fault has struck since the last reset."""
        return list(self._state()["struck"])

    def reset(self) -> None:
        """Forget what was counted."""
        self._set({"reset": True})

    def fail(self, **fault: Any) -> None:
        """Let calls fail; the arguments are those of ``faults.Fault``."""
        self._set({"fault": fault})

    def clear_faults(self) -> None:
        """No call fails any more; held ones go on."""
        self._set({"clear_faults": True})

    def set_quotas(self, scale: float) -> None:
        """Multiply every request quota; 0 switches them off."""
        self._set({"quota_scale": scale})

    def set_account_limit(self, account: str, executions: int) -> None:
        """The account's concurrency limit; a new account's is 10, and no reservation is possible in it."""
        self._set({"account_limit": [account, executions]})

    def set_iam_delay(self, account: str, seconds: float) -> None:
        """How long it takes until Lambda knows of a policy that was put on a role: on AWS, some seconds."""
        self._set({"iam_delay": [account, seconds]})

    def set_queue_rest(self, account: str, seconds: float) -> None:
        """How long the name of a deleted queue is not free again: on AWS, a minute."""
        self._set({"queue_rest": [account, seconds]})

    def set_function_state(self, name: str, account: str, state: str) -> None:
        """Show a function in a state that the emulator never reaches: Pending, Failed or Inactive."""
        self._set({"function_state": [account, name, state]})

    def _state(self) -> Any:
        narrowed = f"?account={self.account}" if self.account else ""
        with urllib.request.urlopen(f"{self.url}/_strict/state{narrowed}", timeout=10) as answer:
            return json.loads(answer.read())

    def _set(self, document: dict[str, Any]) -> None:
        request = urllib.request.Request(f"{self.url}/_strict/set", json.dumps(document).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass
