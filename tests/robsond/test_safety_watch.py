"""The Safety Net in the log of the process and in counters: these words, and when."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from robson_domain import PositionId, PositionStatus, Price, Quantity, Side, Symbol
from robson_domain.testing import a_guard, a_position
from robson_exec import ExclusionChanged, Notice, PairSeen, SafetyNetLooked
from robsond.broadcast import Broadcast
from robsond.hub import Hub
from robsond.safety_watch import SafetyWatch, line_of
from robsond.telemetry import Metrics
from tests.robsond.api_machine import Machine

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
CORE = PairSeen(
    symbol=BTC,
    side=Side.LONG,
    quantity=Quantity("0.05"),
    state="skipped",
    reason="core_managed",
    position_id=PositionId("p-1"),
)
MANUAL = PairSeen(
    symbol=ETH,
    side=Side.SHORT,
    quantity=Quantity("1.2"),
    state="monitored",
    position_id=PositionId("guard-ethusdt-41"),
    stop=Price(2040),
)
SKIPPING = "Safety Net: Skipping BTCUSDT Long (Core-managed position_id=p-1)"
MONITORING = "Safety Net: Monitoring ETHUSDT Short (manual position, safety stop=2040)"


def said(*looks: SafetyNetLooked, metrics: Metrics | None = None) -> list[list[str]]:
    """Return what each look brings into the log."""
    watch = SafetyWatch(metrics or Metrics())
    lines = []
    for look in looks:
        with capture_logs() as entries:
            watch.on(look)
        lines.append([entry["event"] for entry in entries])
    return lines


def look(*pairs: PairSeen, failed: str = "") -> SafetyNetLooked:
    return SafetyNetLooked(at=1, pairs=pairs, failed=failed)


def test_each_pair_is_said_once_as_long_as_nothing_changes() -> None:
    assert said(look(CORE, MANUAL), look(CORE, MANUAL)) == [[SKIPPING, MONITORING], []]


def test_a_moved_stop_and_a_changed_state_are_news() -> None:
    moved = PairSeen(symbol=ETH, side=Side.SHORT, state="monitored", stop=Price(2030))
    doubt = PairSeen(symbol=ETH, side=Side.SHORT, state="doubt", reason="timeout")
    assert said(look(MANUAL), look(moved), look(doubt))[1:] == [
        ["Safety Net: Monitoring ETHUSDT Short (manual position, safety stop=2030)"],
        ["Safety Net: Skipping ETHUSDT Short (in doubt, nothing is done)"],
    ]


def test_what_comes_back_is_news_but_not_after_a_failed_look() -> None:
    assert said(look(MANUAL), look(), look(MANUAL))[2] == [MONITORING]
    assert said(look(MANUAL), look(failed="no answer"), look(MANUAL))[2] == []


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("own_stop", "", "(a stop order of your own covers it)"),
        ("ignored", "", "(ignored as you asked)"),
        ("collateral", "", "(collateral, not explained by trades)"),
        ("skipped", "core_unresolved", "(an order of Core is unresolved)"),
        ("skipped", "something_new", "(something new)"),
    ],
)
def test_every_other_reason_has_words(state: str, reason: str, words: str) -> None:
    seen = PairSeen(symbol=BTC, state=state, reason=reason)
    assert line_of(seen) == f"Safety Net: Skipping BTCUSDT {words}"


def test_the_exclusion_set_is_told() -> None:
    watch = SafetyWatch(Metrics())
    with capture_logs() as entries:
        for added in (True, False):
            watch.on(
                ExclusionChanged(
                    symbol=BTC, side=Side.LONG, position_id=PositionId("p-1"), added=added
                )
            )
    assert [entry["event"] for entry in entries] == [
        "Safety Net: Added BTCUSDT Long to exclusion set",
        "Safety Net: Removed BTCUSDT Long from exclusion set",
    ]


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def test_what_core_owns_at_a_start_is_told() -> None:
    """Armed positions and guards own nothing."""
    active = a_position(PositionStatus.ACTIVE)
    with capture_logs() as entries:
        SafetyWatch(Metrics()).begin((active, a_position(PositionStatus.ARMED), a_guard()))
    assert [entry["event"] for entry in entries] == [
        "Safety Net: Added BTCUSDT Long to exclusion set"
    ]


def test_every_look_counts() -> None:
    metrics = Metrics()
    doubt = PairSeen(symbol=BTC, side=Side.LONG, state="doubt", reason="something long and free")
    observed = PairSeen(symbol=ETH, side=Side.SHORT, state="observed", stop=Price(2040))
    said(look(CORE, MANUAL), look(CORE, observed), look(doubt), metrics=metrics)
    assert value(metrics, "safety_net_positions_skipped_total", reason="core_managed") == 2
    assert value(metrics, "safety_net_positions_skipped_total", reason="doubt") == 1
    assert value(metrics, "safety_net_positions_monitored_total", symbol="ETHUSDT") == 2


def test_alerts_are_counted() -> None:
    metrics = Metrics()
    broadcast = Broadcast(Hub(metrics), metrics, Machine())
    broadcast.on(Notice(severity="critical", name="pair_quarantined", facts={}))
    labels = {"severity": "critical", "type": "pair_quarantined"}
    assert value(metrics, "risk_alerts_total", **labels) == 1
