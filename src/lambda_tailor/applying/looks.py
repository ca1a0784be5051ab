"""What is there, read just before it is written over: many of a kind together, and never older than a second.

AWS takes no condition for most writes. What can be read together is read by the few that the next moment
will write, so that each look is young and no lane waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from lambda_tailor.applying.passage import Gate, Passage
from lambda_tailor.aws.observer import read_settled, read_together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.clock import elapsed
from lambda_tailor.model.lanes import lane_of
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Broken, Setting, State

# The longest time between the last look and a write for which AWS takes no condition. Seconds; a margin is in it.
LOOK_S = 0.9
# A look is had so long before the write's turn: time enough for the answer and for the journal.
LEAD_S = 0.3
# With one look those are read whose turn comes so soon after it.
_AHEAD_S = 0.5
_YOUNG_S = 0.45
# No request takes more names: fifty log groups, a hundred alarms.
_MOST = 50
# A look that is had together waits so long for others that are just being announced.
_GATHER_S = 0.03
# The look after a write waits so long for others to be had with it.
_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """A state, and when at the latest it was so (``clock.elapsed``)."""

    state: State | Broken
    at: float


@dataclass(slots=True)
class _Lane:
    """The looks at one kind that is read together.

    ``coming`` has the turn of each write, by ``elapsed``; ``written`` what waits for the look after it, oldest first.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    coming: dict[Key, float] = field(default_factory=dict)
    written: dict[Key, None] = field(default_factory=dict)


class Looks:
    """Looks at the resources of one account and region. Safe for threads; ``stop`` ends what waits."""

    def __init__(
        self,
        opened: OpenScope,
        clock: Callable[[], float] = elapsed,
        sleep: Callable[[float], None] = time.sleep,
        stop: threading.Event | None = None,
    ) -> None:
        self._opened = opened
        self._clock = clock
        self._sleep = sleep
        self._stop = stop or threading.Event()
        self._gates: defaultdict[str, Gate] = defaultdict(Gate)
        self._seen: dict[Key, Look] = {}
        self._lanes = {kind: _Lane() for kind, setting in all_settings().items() if setting.read_together}

    def coming(self, key: Key, in_s: float) -> None:
        """Announce that the resource will be written in so many seconds."""
        if (lane := self._lanes.get(key.kind)) is not None:
            with lane.lock:
                lane.coming[key] = self._clock() + in_s

    def passage(self, key: Key, call: str, due_in_s: float) -> Passage:
        """The way from the look to the write, which is ``service:Operation`` and due then.

        What has to wait for its turn is let through at the pace of the turns; what need not, a few at a time, and
        first those that were just looked at with another write.
        """
        hurry = self._young(key, self._clock() - _YOUNG_S) is not None
        return Passage(self._gates[lane_of(call)] if due_in_s <= 0 else None, self._stop, hurry=hurry)

    def before(
        self, setting: Setting, key: Key, passage: Passage, *, forgiving: bool = True, fresh: bool = False
    ) -> Look:
        """A young look at what is there, once AWS is done with it; a ``fresh`` one is had from now on.

        ``forgiving`` of a last update that failed: the next one is taken all the same. Raises what Gateway.call raises.
        """
        since = self._clock() - (0.0 if fresh else _YOUNG_S)
        if key.kind in self._lanes and self._young(key, since) is None:
            self._sleep(_GATHER_S)
        return self._look(setting, key, since=since, forgiving=forgiving, sleep=passage.sleep)

    def again(self, setting: Setting, key: Key) -> Look:
        """A look that is had from now on."""
        return self._look(setting, key, since=self._clock())

    def after(self, setting: Setting, key: Key, wait_s: float) -> Look:
        """A look that is had ``wait_s`` from now or later: for what was just written."""
        written = self._clock()
        if (lane := self._lanes.get(key.kind)) is not None:
            with lane.lock:
                lane.written[key] = None
            wait_s = max(wait_s, _AFTER_S)
        if wait_s:
            self._sleep(wait_s)
        return self._look(setting, key, since=written)

    def now(self) -> float:
        """The clock by which looks are young or old."""
        return self._clock()

    def age(self, look: Look) -> float:
        """Seconds since it."""
        return self._clock() - look.at

    def _look(
        self,
        setting: Setting,
        key: Key,
        since: float,
        *,
        forgiving: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Look:
        lane = self._lanes.get(key.kind)
        if lane is None:
            return self._young(key, since) or self._one(setting, key, forgiving=forgiving, sleep=sleep)
        with lane.lock:
            found = self._young(key, since) or self._several(lane, setting, key)
            lane.coming.pop(key, None)
            return found

    def _young(self, key: Key, since: float) -> Look | None:
        look = self._seen.get(key)
        return look if look is not None and look.at >= since else None

    def _one(self, setting: Setting, key: Key, *, forgiving: bool, sleep: Callable[[float], None]) -> Look:
        siblings: dict[Key, State] = {}
        address = self._opened.address(key.resource)
        state, at = read_settled(
            self._opened.gateway, setting, address, siblings, forgiving=forgiving, clock=self._clock, sleep=sleep
        )
        self._seen |= {sibling: Look(other, at) for sibling, other in siblings.items()}
        return Look(state, at)

    def _several(self, lane: _Lane, setting: Setting, key: Key) -> Look:
        now = self._clock()
        others = dict.fromkeys(k for k in (*lane.written, *self._wanting(lane, now)) if k != key)
        keys = [key, *islice(others, _MOST - 1)]
        states = read_together(self._opened, setting, [each.resource for each in keys])
        self._seen |= {each: Look(states[each.resource], now) for each in keys}
        for each in keys:
            lane.written.pop(each, None)
        return self._seen[key]

    def _wanting(self, lane: _Lane, now: float) -> Iterator[Key]:
        """What is written soon, the next first, and was not just looked at.

        It stays announced until its write takes the look, so that one which grew old meanwhile is had again.
        """
        soon = sorted((turn, n, k) for n, (k, turn) in enumerate(lane.coming.items()) if turn <= now + _AHEAD_S)
        return (k for _, _, k in soon if self._young(k, now - _YOUNG_S / 2) is None)
