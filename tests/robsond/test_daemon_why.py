"""Deciding again: the truth agrees with itself, and a lie is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_domain import (
    ArmPosition,
    DetectorSpec,
    EntryOrderPlaced,
    Event,
    ExitTriggered,
    Money,
    PositionId,
    Price,
    PriceDelta,
    PriceOrigin,
    RiskConfig,
    RiskLimits,
    RiskLimitsSet,
    SetRiskLimits,
    Side,
    Symbol,
    TradeTick,
    TrailingStopUpdated,
    codec,
)
from robson_engine import EngineConfig
from robsond import sentences, why
from robsond.facade import Explained
from tests.robsond.api_machine import SECOND, Machine, instrument

BTC = Symbol("BTCUSDT")
CONFIG = EngineConfig(account="test", epoch="epoch-1")
CAPITAL = Money(10_000)
NAME = PositionId("p-1")


def arm(machine: Machine, name: str = "p-1", side: Side = Side.LONG, symbol: Symbol = BTC) -> None:
    machine.clock += SECOND
    machine.offer(
        ArmPosition(
            command_id=f"command-{name}",
            position_id=PositionId(name),
            symbol=symbol,
            side=side,
            risk=RiskConfig(capital=CAPITAL),
            instrument=instrument(symbol),
            detector=DetectorSpec(name="manual", params=(("stop", "59400"),)),
            ts_received=machine.clock,
        )
    )


def tick(
    machine: Machine,
    price: int,
    number: int,
    origin: PriceOrigin = PriceOrigin.LIVE,
    later: int = SECOND,
) -> None:
    machine.clock += later
    entry = TradeTick(BTC, price * 100, number, machine.clock, machine.clock, 1, origin)
    machine.offer(entry)


def trade(machine: Machine) -> None:
    """One long: in at 60000, up to 60500, out at 59800 below the stop of 59900."""
    arm(machine)
    machine.enter("p-1", "60000", "59400")
    for number, price in enumerate((60_100, 60_300, 60_250, 60_500, 59_800), start=1):
        tick(machine, price, number)
    machine.exit("p-1", "59795")


async def stream(events: Iterable[Event]) -> AsyncIterator[Event]:
    for event in events:
        yield event


async def explained(
    log: list[Event], name: PositionId = NAME, capital: Money = CAPITAL
) -> tuple[Explained, ...]:
    return await why.explain(stream(log), CONFIG, capital, name)


async def test_every_decision_comes_out_the_same() -> None:
    machine = Machine()
    trade(machine)
    found = await explained(machine.log)
    assert [one.event for one in found] == machine.log
    assert {one.same for one in found} == {True}
    assert found[-1].sentence == (
        "Closed, because the price reached the trailing stop: -34.1653 after commissions."
    )


async def test_prices_fetched_after_a_gap_come_out_the_same() -> None:
    machine = Machine()
    arm(machine)
    machine.enter("p-1", "60000", "59400")
    for number, price in enumerate((60_100, 60_500, 59_800), start=1):
        tick(machine, price, number, PriceOrigin.GAP)
    found = await explained(machine.log)
    assert {one.same for one in found} == {True}
    assert any("not watching" in one.sentence for one in found)


@pytest.mark.parametrize("origin", [PriceOrigin.LIVE, PriceOrigin.GAP])
async def test_a_summary_in_the_step_of_the_exit_comes_out_the_same(origin: PriceOrigin) -> None:
    """The stop followed in silence; the price that hits it logs both at once."""
    machine = Machine()
    arm(machine)
    machine.enter("p-1", "60000", "59400")
    for number, price in enumerate((60_100, 60_500, 59_800), start=1):
        tick(machine, price, number, origin, later=SECOND // 100)
    types = [event.event_type for event in machine.log]
    assert types[-3:] == ["TrailingStopUpdated", "ExitTriggered", "ExitOrderPlaced"]
    found = await explained(machine.log)
    assert [one.same for one in found] == [True] * len(types)


async def test_other_positions_do_not_disturb() -> None:
    machine = Machine()
    arm(machine, "p-0", symbol=Symbol("ETHUSDT"))
    trade(machine)
    found = await explained(machine.log)
    assert {one.same for one in found} == {True}
    assert len(found) == len(machine.log) - 1


def allow(machine: Machine, capital: int, **limits: Any) -> None:
    """The settings of a start, as the daemon says them."""
    machine.offer(
        SetRiskLimits(
            command_id="s",
            capital=Money(capital),
            limits=RiskLimits(**limits),
            ts_received=machine.clock,
        )
    )


@pytest.mark.parametrize("today", [1, 10_000])
async def test_what_is_set_later_does_not_change_what_was_decided(today: int) -> None:
    """The settings of today are not asked: each decision is judged by what held then."""
    machine = Machine()
    allow(machine, 10_000, max_open_positions=1)
    trade(machine)
    allow(machine, 40_000, symbols_allowed=(Symbol("ETHUSDT"),))
    arm(machine, "p-2")
    with pytest.raises(AssertionError):  # no order: it is denied
        machine.enter("p-2", "60000", "59400")
    allow(machine, 1, total_risk_fraction="0.0001")
    assert machine.log[-2].event_type == "EntryDenied"
    for name in ("p-1", "p-2"):
        found = await explained(machine.log, PositionId(name), Money(today))
        assert {one.same for one in found} == {True}
    cut = [one for one in machine.log if not isinstance(one, RiskLimitsSet)]
    renumbered: list[Event] = [attrs.evolve(one, sequence=n) for n, one in enumerate(cut, start=1)]
    found = await explained(renumbered, PositionId("p-2"), Money(today))
    assert False in {one.same for one in found}, "limits that are not in the log do not count"


async def test_a_log_from_before_limits_were_logged_is_explained_with_the_capital_given() -> None:
    machine = Machine()
    trade(machine)
    assert {one.same for one in await explained(machine.log)} == {True}
    poor = await explained(machine.log, capital=Money(100))
    assert False in {one.same for one in poor}


async def test_events_of_the_account_are_no_steps_of_a_position() -> None:
    machine = Machine()
    allow(machine, 10_000)
    trade(machine)
    found = await explained(machine.log)
    assert [one.event for one in found] == machine.log[1:]


def altered(log: list[Event], kind: type[Event], **change: Any) -> list[Event]:
    place = next(number for number, event in enumerate(log) if isinstance(event, kind))
    return [*log[:place], attrs.evolve(log[place], **change), *log[place + 1 :]]


@pytest.mark.parametrize(
    ("kind", "change", "word"),
    [
        (ExitTriggered, {"price": Price(59_700)}, "price 59800 instead of 59700"),
        (EntryOrderPlaced, {"stop_distance": PriceDelta(700)}, "stop_distance"),
        (EntryOrderPlaced, {"fee_rate": Decimal("0.1")}, "fee_rate"),
        (TrailingStopUpdated, {"stop": Price(59_501)}, "59500"),
    ],
)
async def test_a_decision_that_was_altered_is_found(
    kind: type[Event], change: dict[str, Any], word: str
) -> None:
    """Even if somebody had mended the chain: the input does not lead to it."""
    machine = Machine()
    trade(machine)
    found = await explained(altered(machine.log, kind, **change))
    wrong = [one for one in found if one.same is False]
    assert wrong
    assert isinstance(wrong[0].event, kind)
    assert word in wrong[0].difference


async def test_an_input_that_leads_nowhere_is_found() -> None:
    machine = Machine()
    trade(machine)
    event = next(one for one in machine.log if isinstance(one, ExitTriggered))
    assert isinstance(event.input, TradeTick)
    harmless = event.input._replace(ticks=6_050_000)
    found = await explained(altered(machine.log, ExitTriggered, input=harmless))
    wrong = next(one for one in found if one.same is False)
    assert (wrong.event.event_type, wrong.difference) == ("ExitTriggered", "nothing")


def test_every_kind_of_event_has_a_sentence() -> None:
    assert set(sentences.SENTENCES) == set(codec.EVENT_TYPES.values())


def test_sentences_end_and_carry_figures() -> None:
    machine = Machine()
    trade(machine)
    for event in machine.log:
        text = sentences.sentence(event)
        assert text.endswith(".")
        assert "None" not in text
