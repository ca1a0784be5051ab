"""A tune as it is shown, linked, kept and used by plans."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace
from urllib.parse import unquote

import pytest

from lambda_tailor.model.evidence import NOT_READ, Evidence, Tuned
from lambda_tailor.model.tuning import Band, Durations, Predicted, Range, TunedSize, Tuning
from lambda_tailor.planning.tuned import with_tunings
from lambda_tailor.report.tuned_curve import tuned_curve
from lambda_tailor.report.tuning import lines
from lambda_tailor.rules.memory import MemoryOptions, judge
from lambda_tailor.tuning.document import visualizer_url
from tests.builders import a_function


def size(mb: int, ms: float) -> TunedSize:
    took = Durations(mean=ms, p50=ms, p95=ms * 1.2)
    return TunedSize(
        memory_mb=mb, invocations=4, errors=0, duration_ms=took, billed_ms=ms, init_ms=90.0,
        usd_per_million=mb * ms / 1024 / 1000 * 16.67,
    )  # fmt: skip


def a_tuning(arn: str = "arn", now_mb: int = 1024, sha: str = "abc") -> Tuning:
    sizes = (size(256, 200.0), size(512, 90.0), size(1024, 80.0))
    return Tuning(
        tune_id="tune-1", at="2026-11-20T10:00:00.000+00:00", account_id="1", region="eu-west-1", function="f", arn=arn,
        code_sha256=sha, objective="cheapest", now_mb=now_mb, chosen_mb=512, settled=True, sizes=sizes,
        predicted=Predicted(
            duration_ms=Range(low=85, high=95), usd_per_million=Range(low=0.8, high=0.9),
            monthly_saving_usd=Range(low=10, high=12),
        ),
        cost_ratio=Range(low=0.52, high=0.6), duration_ratio=Range(low=1.05, high=1.2), invocations=12, warm_ups=3,
        spent_usd=0.001, expected_loss=0.004, curve=(Band(memory_mb=256, low_ms=180, high_ms=220),),
        visualizer_url=visualizer_url(sizes),
    )  # fmt: skip


def test_the_terminal_shows_sizes_choice_interval_and_what_it_took() -> None:
    text = "\n".join(lines(a_tuning()))
    for said in ("1024 MB -> 512 MB (settled)", "> ", "85.0 to 95.0 ms", "10.00 to 12.00 USD a month", "12 measured"):
        assert said in text
    assert "not settled" in "\n".join(lines(replace(a_tuning(), settled=False)))


def test_the_link_is_in_the_format_of_power_tunings_visualizer() -> None:
    url = a_tuning().visualizer_url
    assert url is not None and url.startswith("https://lambda-power-tuning.show/#")
    mb, ms, usd = (base64.b64decode(unquote(part)) for part in url.partition("#")[2].split(";"))
    assert struct.unpack("<3H", mb) == (256, 512, 1024)
    assert struct.unpack("<3f", ms) == pytest.approx((200, 90, 80))
    assert struct.unpack("<3f", usd)[0] == pytest.approx(256 * 200 / 1024 / 1000 * 16.67e-6)


def test_a_plan_proposes_the_tuned_size_with_its_narrow_range_until_the_code_changes() -> None:
    function = replace(a_function(memory_mb=1024), code_sha256="abc")
    evidence = with_tunings([function], {}, {function.arn: a_tuning(function.arn)})[function.arn]
    assert isinstance(evidence.tuned, Tuned)
    (verdict,) = judge(function, evidence, MemoryOptions(enabled=True, from_evidence=True))
    assert (verdict.before, verdict.after) == (1024, 512)  # type: ignore[union-attr]
    assert verdict.slowdown == (1.05, 1.2)  # type: ignore[union-attr]
    assert "tune, 2026-11-20, 12 invocations" in verdict.reason  # type: ignore[union-attr]
    other = replace(function, code_sha256="changed")
    assert with_tunings([other], {other.arn: Evidence()}, {other.arn: a_tuning(other.arn)})[other.arn].tuned is NOT_READ


def test_a_plan_quotes_what_a_tune_measured_with_the_tune_as_its_source() -> None:
    seen = with_tunings([a_function(arn="arn", code_sha256="abc")], {}, {"arn": a_tuning()})["arn"]
    quotes = {quote.name: quote for quote in seen.quote_sizes()}
    assert quotes["billed_at_mb_512"].value == 90 and quotes["billed_at_mb_512"].samples == 4
    assert {quote.source for quote in quotes.values()} == {"tune, 2026-11-20, 12 invocations"}


def test_the_chart_has_the_measured_points_and_the_models_band_in_money() -> None:
    curve = tuned_curve(replace(a_tuning(), curve=a_band(), region="us-east-1"))
    assert curve is not None and [point.memory_mb for point in curve.points] == [256, 512, 1024]
    # A million calls of 90 ms with half a GB: 45,000 GB-seconds, and a million requests.
    assert float(curve.points[1].usd) == pytest.approx(45_000 * 0.0000166667 + 0.2)
    assert float(curve.at(512).low) == pytest.approx(512 / 1024 * 85_000 * 0.0000166667 + 0.2)
    assert curve.at(4096).low > curve.at(1024).low
    assert tuned_curve(replace(a_tuning(), chosen_mb=None)) is None


def a_band() -> tuple[Band, ...]:
    return tuple(Band(memory_mb=mb, low_ms=ms - 5, high_ms=ms + 5) for mb, ms in ((256, 200), (512, 90), (1024, 80)))
