"""What resources look like now: read one by one, or several of a kind together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.clock import elapsed
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Answer, Broken, Progress, ResourceAddress, Setting, State

PATIENCE_S = 300.0


class StillPending(AwsRefused):
    """AWS did not finish with a resource in time."""


def _answer(gateway: Gateway, setting: Setting, address: ResourceAddress) -> Answer | None:
    try:
        return gateway.call(setting.read(address))
    except AwsRefused as error:
        if error.code in setting.absent_codes:
            return None
        raise


def read_settled(
    gateway: Gateway,
    setting: Setting,
    address: ResourceAddress,
    recent: dict[Key, State],
    *,
    forgiving: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = elapsed,
) -> tuple[State | Broken, float]:
    """The resource's state once AWS is done with it, and when that was asked for.

    Polled every second, like ``function_updated_v2``. What the same answer tells of other kinds of setting
    goes into ``recent``. ``forgiving`` takes what failed as settled. Raises StillPending after five
    minutes; an update in a VPC takes up to one.
    """
    waited, pause = 0.0, 0.5
    while True:
        asked = clock()
        answer = _answer(gateway, setting, address)
        progress = Progress.SETTLED if answer is None else setting.progress(answer)
        if isinstance(progress, Broken) and not forgiving:
            return progress, asked
        if progress is not Progress.PENDING:
            recent |= _siblings(setting, address, answer)
            return setting.observe(address, answer), asked
        if waited >= PATIENCE_S:
            raise StillPending(f"{address.resource} is still being updated after {waited:.0f} s", code="StillPending")
        sleep(pause)
        waited += pause
        pause = min(2.0, pause * 1.5)


def _siblings(setting: Setting, address: ResourceAddress, answer: Answer | None) -> dict[Key, State]:
    """The states of the other kinds that are read by the very same call."""
    call = setting.read(address)
    others = [other for other in all_settings().values() if other is not setting and other.read(address) == call]
    return {Key(other.kind, address.resource): other.observe(address, answer) for other in others}


def read_together(opened: OpenScope, setting: Setting, resources: Sequence[str]) -> dict[str, State]:
    """The states of several resources of a kind that is read together, with one request.

    Raises what Gateway.call raises, and ValueError for another kind.
    """
    if setting.read_together is None:
        raise ValueError(f"{setting.kind} is read one by one")
    addresses = [opened.address(resource) for resource in resources]
    # One that is not there is no error here, and the request of one is the simpler one.
    call = setting.read_together(addresses) if len(addresses) > 1 else setting.read(addresses[0])
    answer = opened.gateway.call(call)
    return {address.resource: setting.observe(address, answer) for address in addresses}
