"""The two ways of showing the engine a market lead to one log."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import (
    ArmPosition,
    CancelOrder,
    ClientOrderId,
    ClosePosition,
    DetectorSignal,
    DetectorSpec,
    EntryOrderPlaced,
    ExitFilled,
    ExitTriggered,
    Input,
    Instrument,
    Money,
    Notional,
    PositionClosed,
    PositionId,
    Price,
    PriceDelta,
    QueryOrder,
    RiskConfig,
    Side,
    SignalFired,
    SignalId,
    Symbol,
    TradeTick,
    chain,
    codec,
)
from robson_engine import (
    EngineConfig,
    EngineState,
    EventLog,
    LocalDriver,
    RiskLimits,
    SimulatedVenue,
    Step,
    VenueAssumptions,
)

SYMBOL = Symbol("BTCUSDT")
INSTRUMENT = Instrument(
    symbol=SYMBOL, tick_size=Decimal("0.01"), step_size=Decimal("0.00001"), notional_min=Notional(5)
)
LIMITS = RiskLimits(
    entries_per_minute=1000,
    daily_loss_fraction=Decimal(100),
    total_risk_fraction=Decimal(100),
    drawdown_fraction=Decimal(1),
)
DISTANCE = PriceDelta("60.005")


class Alternating:
    """Long, short, long … each at the trade after the last one closed."""

    def __init__(self, count: int = 1000) -> None:
        self.left = count

    def __call__(self, tick: TradeTick) -> Iterator[Input]:
        if not self.left:
            return
        self.left -= 1
        side = Side.LONG if self.left % 2 else Side.SHORT
        key, now = PositionId(f"p{self.left}"), tick.ts_received
        price = INSTRUMENT.price(tick.ticks)
        yield ArmPosition(
            command_id=key,
            position_id=key,
            symbol=SYMBOL,
            side=side,
            risk=RiskConfig(capital=Money(10_000)),
            instrument=INSTRUMENT,
            detector=DetectorSpec(name="delay"),
            ts_received=now,
        )
        stop = price.minus(DISTANCE) if side is Side.LONG else price.plus(DISTANCE)
        signal = DetectorSignal(
            signal_id=SignalId(f"{key}-signal"),
            position_id=key,
            symbol=SYMBOL,
            side=side,
            entry_price=price,
            technical_stop=stop,
            timestamp=now,
        )
        yield SignalFired(signal=signal, ts_event=now, ts_received=now)


def _driver(latency_ns: int = 0, plan: Alternating | None = None) -> tuple[LocalDriver, EventLog]:
    log = EventLog("epoch")
    venue = SimulatedVenue(
        VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=latency_ns),
        {SYMBOL: INSTRUMENT},
        Money(10**7),
    )
    config = EngineConfig(account="test", epoch="epoch")
    state = EngineState.opening(config, Money(10_000), LIMITS)
    return LocalDriver(state, venue, log=log, plan=plan or Alternating()), log


def _columns(moves: list[int], gap_ns: int) -> tuple[list[int], list[int]]:
    price, prices = 6_000_000, []
    for move in moves:
        price += move
        prices.append(price)
    return prices, [10**18 + n * gap_ns for n in range(len(moves))]


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=120),
    gap_ns=st.sampled_from([1_000_000, 70_000_000, 200_000_000, 3_000_000_000]),
    latency_ns=st.sampled_from([0, 50_000_000]),
)
def test_scanning_columns_and_offering_every_trade_write_the_same_log(
    moves: list[int], gap_ns: int, latency_ns: int
) -> None:
    prices, times = _columns(moves, gap_ns)
    one, log_one = _driver(latency_ns)
    for number, (price, ts) in enumerate(zip(prices, times, strict=True), start=1):
        one.offer(TradeTick(SYMBOL, price, number, ts, ts))
    other, log_other = _driver(latency_ns)
    other.scan(SYMBOL, prices, times)
    assert log_one.head == log_other.head
    assert one.state.snapshot() == other.state.snapshot()


def test_a_position_enters_trails_and_exits_at_the_prices_of_the_rule() -> None:
    driver, log = _driver(plan=Alternating(2))
    prices = [6_000_000, 6_000_500, 6_004_000, 5_998_001, 5_998_000, 5_997_000]
    times = [10**18 + n * 250_000_000 for n in range(len(prices))]
    driver.scan(SYMBOL, prices, times)
    exits = [event for event in log.events if isinstance(event, ExitTriggered)]
    # best 60040.00 - 60.005 rounded tighter (up) is 59980.00: hit inclusively by the fifth trade.
    assert [(event.price, event.stop) for event in exits] == [(Price("59980"), Price("59980"))]
    closed = [event for event in log.events if isinstance(event, PositionClosed)]
    assert len(closed) == 1
    entry = next(event for event in log.events if isinstance(event, EntryOrderPlaced))
    # 100 ÷ 60.005, rounded down to the step.
    assert entry.intent.quantity.value == Decimal("1.66652")


def test_the_log_head_is_the_chain_over_the_events() -> None:
    driver, log = _driver(plan=Alternating(1))
    driver.scan(SYMBOL, [6_000_000, 5_990_000], [1, 2])
    rows, previous = [], chain.genesis("epoch")
    for event in log.events:
        previous = chain.link(previous, codec.dumps(event))
        rows.append((event.sequence, codec.dumps(event), previous))
    assert chain.verify("epoch", rows, None) == log.head


def test_without_log_and_plan_prices_lead_to_nothing() -> None:
    venue = SimulatedVenue(VenueAssumptions(), {SYMBOL: INSTRUMENT}, Money(100))
    state = EngineState.opening(EngineConfig(account="a", epoch="e"), Money(10_000))
    driver = LocalDriver(state, venue)
    driver.offer(TradeTick(SYMBOL, 6_000_000, 1, 1, 1))
    driver.scan(SYMBOL, [6_000_000, 6_000_100, 5_990_000], [1, 2, 3])
    assert not state.positions


def test_a_command_before_the_first_price_is_carried_out() -> None:
    assumptions = VenueAssumptions(latency_ns=0, taker_fee_rate=Decimal(0))
    venue = SimulatedVenue(assumptions, {SYMBOL: INSTRUMENT}, Money(10_000))
    state = EngineState.opening(EngineConfig(account="a", epoch="e"), Money(10_000))
    driver = LocalDriver(state, venue)
    for entry in Alternating(2)(TradeTick(SYMBOL, 6_000_000, 1, 0, 0)):
        driver.feed(entry)
    order = next(iter(state.positions.values())).entry_order
    assert order is not None
    assert not order.filled_qty


@pytest.mark.parametrize("kind", [QueryOrder, CancelOrder])
def test_questions_and_cancels_reach_the_venue(kind: type[QueryOrder] | type[CancelOrder]) -> None:
    driver, _ = _driver(latency_ns=10**12, plan=Alternating(1))
    driver.offer(TradeTick(SYMBOL, 6_000_000, 1, 1, 1))
    order = next(iter(driver.state.positions.values())).entry_order
    assert order is not None
    driver._run(
        Step(commands=(kind(symbol=SYMBOL, client_order_id=ClientOrderId(order.client_order_id)),))
    )
    position = next(iter(driver.state.positions.values()))
    assert position.is_closed is (kind is CancelOrder)


def test_a_close_by_hand_is_executed_at_the_next_trade() -> None:
    driver, log = _driver(latency_ns=1, plan=Alternating(1))
    driver.offer(TradeTick(SYMBOL, 6_000_000, 1, 1, 1))
    driver.offer(TradeTick(SYMBOL, 6_000_100, 2, 10, 10))
    key = next(iter(driver.state.positions))
    driver.feed(ClosePosition(command_id="c", position_id=key, ts_received=11))
    driver.offer(TradeTick(SYMBOL, 6_000_200, 3, 20, 20))
    assert driver.state.positions[key].is_closed
    assert isinstance(log.events[-1], PositionClosed)


def test_columns_of_different_length_are_refused() -> None:
    driver, log = _driver()
    with pytest.raises(ValueError, match="2 prices, but 1 times"):
        driver.scan(SYMBOL, [1, 2], [1])
    assert not log.events


def test_no_trades_change_nothing() -> None:
    driver, log = _driver()
    driver.scan(SYMBOL, [], [])
    assert not log.events


def test_what_comes_after_a_scan_is_carried_out_at_its_last_trade() -> None:
    """The last trade concerned nobody, but it is the price there is."""
    driver, log = _driver(plan=Alternating(1))
    driver.scan(SYMBOL, [6_000_000, 6_000_300, 6_000_200], [10**18 + n for n in range(3)])
    key = next(iter(driver.state.positions))
    driver.feed(ClosePosition(command_id="c", position_id=key, ts_received=10**18 + 9))
    filled = [event.fill for event in log.events if isinstance(event, ExitFilled)]
    assert [fill.price for fill in filled] == [Price("60002")]
