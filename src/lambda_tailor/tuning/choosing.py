"""The next size to measure, when to stop, which size to take, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lambda_tailor.tuning.objective import BROKEN_CHANCE, Objective, broken, losses
from lambda_tailor.tuning.posterior import Model, Observations, Posterior, posterior
from lambda_tailor.tuning.prior import log_weights
from lambda_tailor.tuning.shapes import Floats

MAX_INVOCATIONS = 24
# The first call of each size is a warm-up that is paid for too: no more sizes than this are visited.
MAX_SIZES = 10
# Settled: the best size is expected to be within this of the best there is. Under 12 calls nothing is believed settled.
SETTLED_LOSS = 0.008
LEAST_INVOCATIONS = 12
STARTS_MB = (128, 256, 768)
_GRID = 64
_DRAWS = 1000
_CANDIDATES = 30
_NEAR = 0.03
# At most ten sizes are visited. Until so many calls they are usual ones, so that calls add up at few sizes that tell
# different things; then the neighbours of the best are looked at, too.
_USUAL_MB = (128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 6144, 8192, 10_240)
_REFINED_FROM, _NEIGHBOURS = 14, 2
# The share of the calls left that a size is imagined to get when its worth is judged.
LOOK_AHEAD = 0.25
_QUANTILES = (np.arange(12) + 0.5) / 12
# Intervals of the model alone are a little too narrow.
WIDER = 1.4
_SURE = 0.95
# Log-normal noise whose slowest 2 % are outliers: its 95th percentile is the 97th of what remains, exp(1.87 sd).
_P95 = 1.87
# A free size this near (in logs) to a start stands in for it.
_BESIDE = 0.5


@dataclass(frozen=True, slots=True)
class Free:
    """A mean duration that costs nothing to know: production at a size, with its sd in log ms."""

    memory_mb: int
    duration_ms: float
    sd: float = 0.02


@dataclass(frozen=True, slots=True)
class Interval:
    """From low to high: the promised 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Look:
    """What is known now: the best of the sizes that were invoked, its expected loss, the size to invoke next."""

    chosen_mb: int | None
    expected_loss: float
    settled: bool
    next_mb: int | None


def sizes_between(low_mb: int, high_mb: int) -> tuple[int, ...]:
    """The sizes looked at within these bounds: 64 on a logarithmic grid, usual ones in place of those next to them."""
    grid = np.exp(np.linspace(np.log(low_mb), np.log(high_mb), _GRID))
    for usual in _USUAL_MB:
        if low_mb < usual < high_mb:
            nearest = int(np.argmin(np.abs(np.log(grid / usual))))
            grid[min(max(nearest, 1), len(grid) - 2)] = usual
    return tuple(sorted({round(mb) for mb in grid}))


@dataclass
class Chooser:
    """One function's tune: it is told what was measured and says what to measure next.

    ``sizes_mb``: the sizes that may be chosen, ascending. ``present_mb`` is measured among the first, where
    it is given. At most ``max_sizes`` are visited. ``without_group``: public curves the prior must not hold.
    """

    sizes_mb: tuple[int, ...]
    objective: Objective = field(default_factory=Objective)
    free: Sequence[Free] = ()
    max_invocations: int = MAX_INVOCATIONS
    seed: int = 0
    without_group: str | None = None
    present_mb: int | None = None
    max_sizes: int = MAX_SIZES

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        # Free sizes lie on the grid too, beside those that may be chosen.
        self._grid = tuple(sorted({*self.sizes_mb, *(free.memory_mb for free in self.free), *self._present}))
        self._model = Model.at(np.log(np.array(self._grid, float)), log_weights(self.without_group))
        self._seen: list[tuple[int, float]] = []
        self._under_mb = 0
        self._invocations = 0
        self._posterior: Posterior | None = None
        self._ahead = self._first_sizes()

    @property
    def invocations(self) -> int:
        """How many measured calls there were, failed ones too."""
        return self._invocations

    def measured(self, memory_mb: int, duration_ms: float) -> None:
        """A warm call at this size took so long."""
        self._seen.append((self._grid.index(memory_mb), float(np.log(max(duration_ms, 1e-3)))))
        self._invocations += 1
        self._posterior = None

    def failed(self, memory_mb: int, *, counted: bool = True) -> None:
        """A call at this size failed or timed out: neither it nor a smaller size is the answer.

        A warm-up that fails is not ``counted``.
        """
        self.not_under(memory_mb + 1)
        self._invocations += counted
        self._posterior = None

    def not_under(self, memory_mb: int) -> None:
        """So much memory is needed: no smaller size is measured from now on, or chosen."""
        self._under_mb = max(self._under_mb, memory_mb)

    def look(self) -> Look:
        """Where things stand, and what to do next; ``next_mb`` is None when it is over."""
        left = self.max_invocations - self._invocations
        while self._ahead and left > 0:
            start = self._ahead.pop(0)
            if start >= self._under_mb:
                return Look(None, 1.0, False, start)
        possible = [i for i, mb in enumerate(self._grid) if mb in self.sizes_mb and mb >= self._under_mb]
        if not self._seen or not possible:
            return Look(None, 1.0, False, self._grid[possible[0]] if possible and left > 0 else None)
        draws = self._now()
        ratios = np.exp(_P95 * draws.noise)
        loss = losses(self.objective, self._model.log_mb, draws.log_ms, ratios)
        risky = broken(self.objective, draws.log_ms, ratios)
        invoked = np.array(sorted({i for i, _ in self._seen} & set(possible)), dtype=np.intp)
        best, expected = self._best(loss, risky, invoked)
        chosen = None if best is None else self._grid[best]
        held = best is not None and risky[best] <= BROKEN_CHANCE
        settled = held and expected < SETTLED_LOSS and self._invocations >= LEAST_INVOCATIONS
        if settled or left <= 0:
            return Look(chosen, expected, settled, None)
        following = self._grid[self._worth_most(draws, loss, invoked, possible, left)]
        # Two calls at a time: after one alone, its chance error decides where the next goes.
        self._ahead = [following]
        return Look(chosen, expected, False, following)

    def ended(self) -> Look:
        """Where things stand when nothing more is measured."""
        self._ahead = []
        return self.look()

    def duration_ms(self, memory_mb: int) -> Interval:
        """The mean duration at this size."""
        return _interval(np.exp(self._now().log_ms[:, self._grid.index(memory_mb)]))

    def cost_ratio(self, to_mb: int, from_mb: int) -> Interval:
        """The cost of a call at one size over that at another."""
        curve = self._now().log_ms + self._model.log_mb
        return _interval(np.exp(curve[:, self._index(to_mb)] - curve[:, self._index(from_mb)]))

    def duration_ratio(self, to_mb: int, from_mb: int) -> Interval:
        """The duration at one size over that at another."""
        curve = self._now().log_ms
        return _interval(np.exp(curve[:, self._index(to_mb)] - curve[:, self._index(from_mb)]))

    def band(self) -> list[tuple[int, Interval]]:
        """The curve with its band, for every size, ms."""
        return [(mb, _interval(np.exp(self._now().log_ms[:, i]))) for i, mb in enumerate(self._grid)]

    def expected_gain(self, present_mb: int) -> float:
        """How much less a call is expected to cost at the best size than at this one, by what is known so far.

        A share; for another objective the expected loss of this size, at most 1.
        """
        draws = self._now()
        at = self._index(present_mb)
        possible = [i for i, mb in enumerate(self._grid) if mb in self.sizes_mb] or [at]
        if self.objective.kind == "cheapest":
            cost = draws.log_ms + self._model.log_mb
            return float(np.maximum(0.0, 1 - np.exp(cost[:, possible].min(1) - cost[:, at])).mean())
        loss = losses(self.objective, self._model.log_mb, draws.log_ms, np.exp(_P95 * draws.noise))
        return float(np.minimum(loss[:, at], 1.0).mean())

    @property
    def _present(self) -> tuple[int, ...]:
        return () if self.present_mb is None else (self.present_mb,)

    def _index(self, memory_mb: int) -> int:
        return int(np.argmin(np.abs(self._model.log_mb - np.log(memory_mb))))

    def _now(self) -> Posterior:
        if self._posterior is None:
            count = len(self._seen)
            self._posterior = posterior(
                self._model,
                Observations(
                    np.array([i for i, _ in self._seen] + [self._grid.index(f.memory_mb) for f in self.free], np.intp),
                    np.array([ms for _, ms in self._seen] + [float(np.log(f.duration_ms)) for f in self.free]),
                    np.array([0.0] * count + [f.sd for f in self.free]),
                ),
                _DRAWS,
                self._rng,
            )
        return self._posterior

    def _first_sizes(self) -> list[int]:
        """The starts, as near as the sizes allow; not the one that a free size stands in for. There and back again."""
        nearest = [min(self.sizes_mb, key=lambda mb: abs(np.log(mb / start))) for start in STARTS_MB]
        starts = sorted(set(nearest))
        if self.present_mb is not None and starts:
            beside = min(starts, key=lambda mb: abs(np.log(mb / (self.present_mb or mb))))
            starts = sorted({*starts} - {beside} | {self.present_mb})
        for free in self.free[:1]:
            beside = min(starts, key=lambda mb: abs(np.log(mb / free.memory_mb)))
            if abs(np.log(beside / free.memory_mb)) < _BESIDE and len(starts) > 1:
                starts.remove(beside)
        return starts + starts[::-1]

    def _best(self, loss: Floats, risky: Floats, invoked: NDArray[np.intp]) -> tuple[int | None, float]:
        if not len(invoked):
            return None, 1.0
        expected = loss[:, invoked].mean(0)
        if (held := risky[invoked] <= BROKEN_CHANCE).any():
            expected = np.where(held, expected, np.inf)
        best = int(np.argmin(expected))
        return int(invoked[best]), float(expected[best])

    def _worth_most(
        self, draws: Posterior, loss: Floats, invoked: NDArray[np.intp], possible: list[int], left: int
    ) -> int:
        """The size after whose measuring the best is expected to be best (knowledge gradient).

        One call alone rarely changes the choice: it is asked what a quarter of the calls that are left would tell.
        """
        near = (loss < _NEAR).mean(0)
        apart = self._apart(possible, int(invoked[np.argmin(loss[:, invoked].mean(0))]) if len(invoked) else None)
        likely = [i for i in np.argsort(-near) if i in apart][:_CANDIDATES]
        candidates = sorted({*invoked.tolist(), *likely} if len(invoked) < self.max_sizes else set(invoked.tolist()))
        variance = float((draws.noise**2).mean()) / max(1.0, left * LOOK_AHEAD)
        means = draws.log_ms[:, candidates].mean(0)
        middles = np.quantile(draws.log_ms[:, candidates], _QUANTILES, axis=0) - means
        spreads = np.sqrt(1 + variance / np.maximum(draws.log_ms[:, candidates].var(0), 1e-9))
        heard = (means + middles * spreads).T
        worth = _after(draws.log_ms[:, candidates], heard, loss, candidates, invoked, variance)
        return int(candidates[int(np.argmin(worth))])

    def _apart(self, possible: list[int], best: int | None) -> set[int]:
        """The sizes that may be visited next: the usual ones; late in a tune, those beside the best one, too."""
        if len(self._grid) <= _GRID // 2:
            return set(possible)
        low, high = self._grid[0], self._grid[-1]
        found = {self._index(mb) for mb in (low, *_USUAL_MB, high) if low <= mb <= high} & set(possible)
        if best is not None and self._invocations >= _REFINED_FROM:
            found |= {i for i in possible if abs(i - best) <= _NEIGHBOURS}
        return found or set(possible)


def _after(
    here: Floats, heard: Floats, loss: Floats, candidates: list[int], invoked: NDArray[np.intp], variance: float
) -> Floats:
    """Of each candidate the expected loss of the best size once its log ms is heard, with that variance.

    ``here``: its log ms in each draw; ``heard``: some that may be heard, a row a candidate. Half precision will do.
    """
    apart = heard[:, :, None].astype(np.float32) - here.T[:, None, :].astype(np.float32)
    weights = np.exp(apart * apart * np.float32(-0.5 / variance)) + np.float32(1e-30)
    weights /= weights.sum(2, keepdims=True)
    small = loss.astype(np.float32)
    best = (weights @ small[:, invoked]).min(2) if len(invoked) else np.full(heard.shape, np.inf, np.float32)
    own = np.einsum("chd,dc->ch", weights, small[:, candidates])
    return np.asarray(np.minimum(best, own).mean(1), float)


def _interval(values: Floats) -> Interval:
    """The middle 95 % of these positive values, widened about their median on the logarithmic scale."""
    logs = np.log(values)
    low, middle, high = np.quantile(logs, ((1 - _SURE) / 2, 0.5, (1 + _SURE) / 2))
    return Interval(float(np.exp(middle - WIDER * (middle - low))), float(np.exp(middle + WIDER * (high - middle))))
