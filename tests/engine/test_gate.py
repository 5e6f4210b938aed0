"""The risk gate: every limit inclusive at its boundary, in the order of the codes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    Denial,
    DenialCode,
    InvariantError,
    Ledger,
    Money,
    Notional,
    PositionId,
    PositionStatus,
    Quantity,
    Symbol,
)
from robson_domain.ledger import DAY_NS
from robson_domain.testing import a_ledger, a_position
from robson_domain.testing.builders import SECOND, SYMBOL, T0
from robson_engine import Approved, Exposure, RiskLimits, exposure_of
from robson_engine.gate import CHECKS, EntryRequest, check

OTHER = Symbol("ETHUSDT")


def an_entry(**facts: Any) -> EntryRequest:
    plain = EntryRequest(
        symbol=SYMBOL,
        quantity=Quantity(50),
        notional=Notional(5000),
        loss_at_stop=Money(100),
        now=T0,
        drawdown_fraction=Decimal(1),
    )
    return attrs.evolve(plain, **facts)


def exposed(**facts: Any) -> Exposure:
    plain = Exposure(
        ledger=a_ledger(),
        open_positions=0,
        loss_at_stop=Money(0),
        notional=Notional(0),
        by_symbol=(),
    )
    return attrs.evolve(plain, **facts)


def ledger(**facts: Any) -> Ledger:
    return a_ledger(**facts)


def under(exposure: Exposure, limits: RiskLimits) -> Exposure:
    """Return ``exposure`` with ``limits`` in its ledger, where the gate looks for them."""
    return attrs.evolve(exposure, ledger=attrs.evolve(exposure.ledger, limits=limits))


def code(entry: EntryRequest, exposure: Exposure, limits: RiskLimits) -> str:
    verdict = check(entry, under(exposure, limits))
    return verdict.code.value if isinstance(verdict, Denial) else ""


WIDE = RiskLimits(
    max_open_positions=10**6,
    daily_loss_fraction=Decimal(10),
    total_risk_fraction=Decimal(10),
    drawdown_fraction=Decimal(10),
    notional_multiple=Decimal(10**6),
    entries_per_minute=10**6,
)
"""No limit; a test narrows the one it is about."""


def _case(
    name: str, limits: dict[str, Any], at: dict[str, Any], beyond: dict[str, Any]
) -> tuple[DenialCode, RiskLimits, dict[str, Any], dict[str, Any]]:
    return DenialCode(name), attrs.evolve(WIDE, **limits), at, beyond


def _today(amount: str) -> Ledger:
    return ledger(realized_today=Money(amount), day=T0 // DAY_NS)


def _fallen(amount: str) -> Ledger:
    return ledger(realized_total=Money(amount), peak_equity=Money(10_000))


BOUNDARIES = [
    _case(
        "MAX_OPEN_POSITIONS", {"max_open_positions": 5},
        {"open_positions": 4}, {"open_positions": 5},
    ),
    _case(
        "SYMBOL_BUDGET", {"max_budget_per_symbol_pct": Decimal(80)},
        {"by_symbol": ((SYMBOL, Notional(3000)),)}, {"by_symbol": ((SYMBOL, Notional("3000.01")),)},
    ),
    _case(
        "POSITION_TOO_LARGE", {"max_position_size_usd": Decimal(5000)},
        {}, {"entry": {"notional": Notional("5000.01")}},
    ),
    _case(
        "DAILY_LOSS", {"daily_loss_fraction": Decimal("0.05")},
        {"ledger": _today("-400")}, {"ledger": _today("-400.01")},
    ),
    _case(
        "DAILY_LOSS", {"daily_loss_fraction": Decimal("0.05")},
        {"ledger": _today("-100"), "loss_at_stop": Money(300)},
        {"ledger": _today("-100"), "loss_at_stop": Money("300.01")},
    ),
    _case(
        "TOTAL_RISK", {"total_risk_fraction": Decimal("0.05")},
        {"loss_at_stop": Money(400)}, {"loss_at_stop": Money("400.01")},
    ),
    _case(
        "DRAWDOWN", {"drawdown_fraction": Decimal("0.2")},
        {"ledger": _fallen("-1900")}, {"ledger": _fallen("-1900.01")},
    ),
    _case(
        "NOTIONAL", {"notional_multiple": Decimal(10)},
        {"notional": Notional(95_000)}, {"notional": Notional("95000.01")},
    ),
    _case(
        "ORDER_RATE", {"entries_per_minute": 6},
        {"ledger": ledger(entries=(T0 - 1,) * 5)}, {"ledger": ledger(entries=(T0 - 1,) * 6)},
    ),
    _case(
        "SYMBOL_NOT_ALLOWED", {"symbols_allowed": (SYMBOL,)},
        {}, {"entry": {"symbol": OTHER}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("denied", "limits", "at", "beyond"), BOUNDARIES, ids=lambda value: getattr(value, "value", "")
)
def test_every_limit_is_inclusive(
    denied: DenialCode, limits: RiskLimits, at: dict[str, Any], beyond: dict[str, Any]
) -> None:
    def verdict(facts: dict[str, Any]) -> str:
        facts = dict(facts)
        entry = an_entry(**facts.pop("entry", {}))
        return code(entry, exposed(**facts), limits)

    assert verdict(at) == ""
    assert verdict(beyond) == denied.value


def test_every_code_has_a_boundary() -> None:
    assert list(dict.fromkeys(case[0] for case in BOUNDARIES)) == list(CHECKS)


def test_the_order_of_the_codes() -> None:
    """Everything is broken; each limit that is lifted uncovers the next code."""
    least = Decimal("0.00000001")
    narrow = RiskLimits(
        max_open_positions=1,
        max_budget_per_symbol_pct=least,
        max_position_size_usd=least,
        daily_loss_fraction=least,
        total_risk_fraction=least,
        drawdown_fraction=least,
        notional_multiple=least,
        entries_per_minute=1,
        symbols_allowed=(),
    )
    full = exposed(open_positions=1, ledger=ledger(entries=(T0,)))
    lifted = [
        "max_open_positions", "max_budget_per_symbol_pct", "max_position_size_usd",
        "daily_loss_fraction", "total_risk_fraction", "drawdown_fraction", "notional_multiple",
        "entries_per_minute", "symbols_allowed",
    ]  # fmt: skip
    seen = []
    for name in lifted:
        seen.append(code(an_entry(), full, narrow))
        narrow = attrs.evolve(narrow, **{name: getattr(WIDE, name)})
    assert seen == [each.value for each in CHECKS]
    assert code(an_entry(), full, narrow) == ""


def test_the_codes_come_after_those_of_the_entry() -> None:
    assert list(DenialCode)[-len(CHECKS) :] == list(CHECKS)


@pytest.mark.parametrize(
    ("narrow", "message"),
    [
        ({"max_open_positions": 1}, "Max open positions reached: 1 of 1 are open"),
        (
            {"max_budget_per_symbol_pct": Decimal(1)},
            "Symbol budget exceeded: 5000 in BTCUSDT, allowed are 100",
        ),
        (
            {"max_position_size_usd": Decimal("99.5")},
            "Position size too large: 5000, allowed are 99.5",
        ),
        (
            {"daily_loss_fraction": Decimal("0.001")},
            "Daily loss limit reached: the day could end 100 down, allowed are 10",
        ),
        (
            {"total_risk_fraction": Decimal("0.001")},
            "Total open risk too high: 100 could be lost at the stops, allowed are 10",
        ),
        (
            {"drawdown_fraction": Decimal("0.001")},
            "Maximum drawdown reached: equity could fall 100 below its peak, allowed are 10",
        ),
        (
            {"notional_multiple": Decimal("0.1")},
            "Total notional too large: 5000, allowed are 1000",
        ),
        (
            {"entries_per_minute": 1},
            "Too many entries: 1 within the last minute, allowed are 1",
        ),
        (
            {"symbols_allowed": (OTHER,)},
            "Symbol not allowed: BTCUSDT is not on the list of allowed pairs",
        ),
    ],
)
def test_messages_hold_the_figures(narrow: dict[str, Any], message: str) -> None:
    full = exposed(open_positions=1, ledger=ledger(entries=(T0,)))
    verdict = check(an_entry(), under(full, attrs.evolve(WIDE, **narrow)))
    assert isinstance(verdict, Denial)
    assert verdict.message == message


def test_the_defaults_are_those_of_the_design() -> None:
    limits = RiskLimits()
    assert limits.max_open_positions == 5
    assert limits.daily_loss_fraction == limits.total_risk_fraction == Decimal("0.05")
    assert limits.drawdown_fraction == Decimal("0.2")
    assert limits.notional_multiple == 10
    assert limits.entries_per_minute == 6
    assert limits.max_budget_per_symbol_pct is None
    assert limits.max_position_size_usd is None
    assert limits.symbols_allowed is None


def _five(**facts: Any) -> Exposure:
    pairs = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT")
    held = [
        a_position(PositionStatus.ACTIVE, symbol=Symbol(pair), position_id=PositionId(pair))
        for pair in pairs
    ]
    return exposure_of(a_ledger(**facts), held)


@pytest.mark.parametrize(("count", "denied"), [(4, ""), (5, "TOTAL_RISK")])
def test_five_positions_of_one_percent_pass_and_the_sixth_does_not(count: int, denied: str) -> None:
    limits = RiskLimits(max_open_positions=99, daily_loss_fraction=Decimal(1))
    full = _five()
    exposure = attrs.evolve(full, loss_at_stop=Money(100 * count), open_positions=count)
    assert full.loss_at_stop == Money(500)
    assert code(an_entry(), exposure, limits) == denied


def test_a_gain_of_today_widens_the_day_and_one_of_yesterday_does_not() -> None:
    won = {"realized_today": Money(50), "day": T0 // DAY_NS}
    limits = RiskLimits(max_open_positions=99, total_risk_fraction=Decimal(1))
    exposure = exposed(ledger=ledger(**won), loss_at_stop=Money(450))
    assert code(an_entry(now=T0 + DAY_NS - 1), exposure, limits) == ""
    assert code(an_entry(now=T0 + DAY_NS), exposure, limits) == "DAILY_LOSS"


def test_the_loss_of_yesterday_is_forgotten_at_midnight_utc() -> None:
    exposure = exposed(ledger=_today("-450"))
    limits = RiskLimits(drawdown_fraction=Decimal(1))
    assert code(an_entry(now=T0 + DAY_NS - 1), exposure, limits) == "DAILY_LOSS"
    assert code(an_entry(now=T0 + DAY_NS), exposure, limits) == ""


def test_the_tighter_drawdown_counts() -> None:
    """The account allows 20 % of the peak, this position 5 %."""
    exposure = exposed(ledger=ledger(realized_total=Money(1500), peak_equity=Money(12_000)))
    assert code(an_entry(), exposure, RiskLimits()) == ""
    strict = an_entry(drawdown_fraction=Decimal("0.05"))
    assert code(strict, exposure, RiskLimits()) == ""
    assert code(attrs.evolve(strict, loss_at_stop=Money("100.01")), exposure, WIDE) == "DRAWDOWN"


@pytest.mark.parametrize(("age", "denied"), [(60 * SECOND - 1, "ORDER_RATE"), (60 * SECOND, "")])
def test_the_rate_looks_back_one_minute(age: int, denied: str) -> None:
    exposure = exposed(ledger=ledger(entries=(T0 - age,) * 6))
    assert code(an_entry(), exposure, RiskLimits()) == denied


def test_other_pairs_do_not_use_up_a_budget() -> None:
    limits = attrs.evolve(WIDE, max_budget_per_symbol_pct=Decimal(50))
    assert code(an_entry(), exposed(by_symbol=((OTHER, Notional(9000)),)), limits) == ""


def test_an_approval_names_what_was_checked() -> None:
    verdict = check(an_entry(), exposed())
    assert isinstance(verdict, Approved)
    assert verdict.checks == tuple(each.value for each in CHECKS)
    assert verdict.request == an_entry()
    assert "key" not in repr(verdict)


@pytest.mark.parametrize(
    "forge",
    [
        lambda: Approved(request=an_entry(), checks=(), key=object()),
        lambda: Approved(request=an_entry(), checks=(), key=None),
    ],
)
def test_an_approval_cannot_be_made_elsewhere(forge: Callable[[], Approved]) -> None:
    with pytest.raises(InvariantError, match="only come from the risk gate"):
        forge()
