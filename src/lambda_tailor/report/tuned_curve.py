"""What a million invocations cost at each memory size as a tune found it: measured means, and the model's band."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.tuning import Tuning
from lambda_tailor.model.usage import Usage
from lambda_tailor.money.bill import bill
from lambda_tailor.money.prices import Prices, Unpriced, prices_for
from lambda_tailor.report.curves import MILLION, Point


@dataclass(frozen=True, slots=True)
class TunedCurve:
    """A tune's curve in money. ``now_mb`` and ``proposed_mb`` are one where it is to stay as it is."""

    tuning: Tuning
    proposed_mb: int
    points: tuple[Point, ...]
    prices: Prices

    @property
    def now_mb(self) -> int:
        """The size that the function has."""
        return self.tuning.now_mb

    @property
    def known(self) -> tuple[float, float]:
        """From the smallest to the largest size that the model speaks of, MB."""
        return float(self.tuning.curve[0].memory_mb), float(self.tuning.curve[-1].memory_mb)

    @property
    def shown(self) -> tuple[float, float]:
        """From where to where it is drawn, MB: room for the names at the edges."""
        low, high = self.known
        return low / 1.4, high * 1.4

    def at(self, memory_mb: int) -> MonthlyUsd:
        """US dollars for a million invocations at a size, between which the model expects them."""
        band = self.tuning.curve
        right = min(max(1, bisect.bisect_left([each.memory_mb for each in band], memory_mb)), len(band) - 1)
        one, other = band[right - 1], band[right]
        across = math.log(other.memory_mb / one.memory_mb)
        share = min(max(math.log(memory_mb / one.memory_mb) / across, 0.0), 1.0) if across else 0.0
        low = one.low_ms ** (1 - share) * other.low_ms**share
        high = one.high_ms ** (1 - share) * other.high_ms**share
        return MonthlyUsd.between(self._usd(memory_mb, low), self._usd(memory_mb, high))

    def _usd(self, memory_mb: int, duration_ms: float) -> Decimal:
        return million_usd(self.tuning, self.prices, memory_mb, duration_ms)


def million_usd(tuning: Tuning, prices: Prices, memory_mb: int, billed_ms: float) -> Decimal:
    """What a million invocations of such a duration cost, compute and requests, US dollars."""
    gb_s = MILLION * memory_mb * Decimal(str(billed_ms)) / 1024 / 1000
    usage = Usage(requests=MILLION, **{"gb_s_arm" if tuning.architecture == "arm64" else "gb_s_x86": gb_s})
    return bill(usage, prices, free_tier=False)


def tuned_curve(tuning: Tuning) -> TunedCurve | None:
    """The curve of a tune; None where no size was chosen, none is drawn, or there is no price."""
    prices = prices_for(tuning.region)
    if tuning.chosen_mb is None or len(tuning.curve) < 2 or isinstance(prices, Unpriced):
        return None
    points = tuple(
        Point(
            size.memory_mb,
            size.duration_ms.mean,
            size.invocations - size.errors,
            million_usd(tuning, prices, size.memory_mb, size.duration_ms.mean),
        )
        for size in tuning.sizes
        if size.duration_ms is not None
    )
    return TunedCurve(tuning, tuning.chosen_mb, points, prices)
