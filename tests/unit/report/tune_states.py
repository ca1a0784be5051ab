"""Tunes that the page is built for: one that is settled, several of which some stay, failed or have no price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lambda_tailor.model.tuning import Band, Durations, Predicted, Range, TunedSize, Tuning


def _size(mb: int, ms: float | None, calls: int = 4, errors: int = 0) -> TunedSize:
    took = None if ms is None else Durations(mean=ms, p50=ms, p95=ms * 1.2)
    usd = None if ms is None else 0.2 + mb / 1024 * ms / 1000 * 16.6667
    return TunedSize(
        memory_mb=mb, invocations=calls, errors=errors, duration_ms=took, billed_ms=ms, init_ms=210.0,
        usd_per_million=usd,
    )  # fmt: skip


def _ms(mb: int) -> float:
    return (120 + 480 * 512 / min(mb, 1769)) * max(1.0, 512 / mb) ** 0.7


def settled() -> Tuning:
    """A function of 1769 MB that is cheapest at 512."""
    return Tuning(
        tune_id="tune-20261124T101200-1a2b3c", at="2026-11-24T10:12:00.000+00:00", account_id="111122223333",
        region="eu-west-1", function="orders-api", arn="arn:aws:lambda:eu-west-1:111122223333:function:orders-api",
        code_sha256="abc", objective="cheapest", now_mb=1769, chosen_mb=512, settled=True,
        sizes=tuple(_size(mb, _ms(mb) * wave, calls) for mb, wave, calls in (
            (192, 1.02, 3), (384, 0.97, 4), (512, 1.0, 6), (768, 1.03, 3), (1769, 0.99, 3))),
        predicted=Predicted(
            duration_ms=Range(low=566, high=641), usd_per_million=Range(low=4.9, high=5.5),
            monthly_saving_usd=Range(low=18.2, high=27.9),
        ),
        cost_ratio=Range(low=0.6, high=0.72), duration_ratio=Range(low=2.1, high=2.5), invocations=19, warm_ups=5,
        spent_usd=0.000213, expected_loss=0.006,
        curve=tuple(
            Band(memory_mb=mb, low_ms=_ms(mb) * (1 - room), high_ms=_ms(mb) * (1 + room))
            for mb, room in ((128, 0.15), (192, 0.06), (384, 0.05), (512, 0.04), (768, 0.05), (1769, 0.06), (3008, 0.2))
        ),
    )  # fmt: skip


def several() -> Sequence[Tuning]:
    """Settled, to stay as it is, nothing that will do, and a region without prices; a name with HTML in it."""
    stays = replace(
        settled(), function="thumbnails<b>", now_mb=512, settled=False, cost_ratio=Range(low=1, high=1),
        notes=("not settled: the differences are within the noise of its calls; more --max-invocations tell more",),
    )  # fmt: skip
    nothing = replace(
        settled(), function="importer", chosen_mb=None, settled=False, predicted=None, curve=(),
        sizes=(_size(512, None, 1, 1), _size(1769, 391.0)), notes=("no size that was invoked will do",),
    )  # fmt: skip
    unpriced = replace(settled(), function="edge", region="xx-nowhere-1")
    return (settled(), stays, nothing, unpriced)


TUNES: Mapping[str, Callable[[], Sequence[Tuning]]] = {"tune": lambda: (settled(),), "tune-several": several}
