"""Values that plans and journals only stand in for: compared with what is deployed, resolved, sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.secret import FINGERPRINT, PRESENT, REFERENCE, SEALED, Secret, token
from lambda_tailor.settings.setting import State

Resolve = Callable[[str], Secret]


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Knows what every stand-in stands for. ``resolve`` reads the value at a source, or raises."""

    vault: Vault
    resolve: Resolve

    def real(self, fields: Mapping[str, JsonValue]) -> State:
        """The fields with the values that are to be written."""
        return {name: self._real(value) for name, value in fields.items()}

    def _real(self, value: JsonValue) -> JsonValue | Secret:
        if (source := token(value, REFERENCE)) is not None:
            return self.resolve(source)
        if (sealed := token(value, SEALED)) is not None:
            return self.vault.unseal(sealed)
        return value

    def same(self, expected: JsonValue | Secret, observed: JsonValue | Secret) -> bool:
        """Whether what is deployed is what was expected."""
        if isinstance(observed, Secret):
            if token(expected, PRESENT) is not None:
                return True
            if (mark := token(expected, FINGERPRINT)) is not None:
                return self.vault.recognises(observed, mark)
            return isinstance(expected, Secret) and expected == observed
        return expected == observed

    def differing(self, expected: State, observed: State) -> list[str]:
        """The fields in which what is deployed is not what was expected."""
        return [name for name, value in expected.items() if not self.same(value, observed.get(name))]

    def was(self, fields: Mapping[str, object], observed: State) -> dict[str, JsonValue]:
        """What is there now, fit for the journal: secrets sealed."""
        now = {name: observed.get(name) for name in fields}
        return {n: {SEALED: self.vault.seal(v)} if isinstance(v, Secret) else v for n, v in now.items()}

    def wrote(self, wanted: State) -> dict[str, JsonValue]:
        """What will be there, fit for the journal: secrets recognisable, no more."""
        return {n: {FINGERPRINT: self.vault.fingerprint(v)} if isinstance(v, Secret) else v for n, v in wanted.items()}
