"""A small machine behind the facade: the real engine, a log in a list, no market.

What the API shows and refuses can be tested with it; that the daemon trades is tested with the
daemon.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import attrs

from robson_domain import (
    AccountReported,
    AccountSnapshot,
    AcknowledgeError,
    ArmPosition,
    ClearWarning,
    ClosePosition,
    DeniedError,
    DetectorSignal,
    DisarmPosition,
    Event,
    Fill,
    HandOver,
    Head,
    Input,
    Instrument,
    Ledger,
    Money,
    Notional,
    Order,
    OrderReport,
    OrderReported,
    PairRule,
    Panic,
    Position,
    PositionId,
    Price,
    PriceDelta,
    Quantity,
    Reply,
    ReportStatus,
    SafetyNetMode,
    SetPairRule,
    SetSafetyNet,
    SignalFired,
    SignalId,
    Symbol,
    TradeId,
)
from robson_engine import (
    EngineConfig,
    EngineState,
    Estimate,
    create_detector,
    step,
)
from robson_exec import ArmRequest, LastPrice, SafetyNetLooked
from robsond.facade import About, Explained, Recovery, Replayed, Verdict, Watch
from robsond.views import orders_of

START = 1_723_075_200_000_000_000
"""2024-08-08T00:00:00Z."""
SECOND = 1_000_000_000


def instrument(symbol: Symbol) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.00001"),
        notional_min=Notional(5),
    )


class Machine:
    """Implements :class:`robsond.facade.Facade` over a real engine state."""

    def __init__(self, epoch: str = "epoch-1") -> None:
        config = EngineConfig(account="test", epoch=epoch)
        self.state = EngineState.opening(config, Money(10_000))
        self.log: list[Event] = []
        self.clock = START
        self.problems: dict[str, str] = {"store": "", "market": ""}
        self.last: dict[Symbol, LastPrice] = {}
        self.calls: list[str] = []
        self.fail: Exception | None = None
        self.is_real = False
        self.is_shadow = False
        self.looked: SafetyNetLooked | None = None
        self._count = 0

    def offer(self, entry: Input) -> Reply | None:
        result = step(self.state, entry)
        self.state.apply(result.changed)
        self.log.extend(result.events)
        return next((one for one in result.commands if isinstance(one, Reply)), None)

    def _ask(self, entry: Input) -> Reply:
        self.clock += SECOND
        self.calls.append(type(entry).__name__)
        if self.fail is not None:
            raise self.fail
        reply = self.offer(entry)
        assert reply is not None
        return reply

    # ------------------------------------------------------------ what a test does to it

    def enter(self, position_id: str, price: str, stop: str) -> None:
        """Bring an armed position to Active at ``price``."""
        key = PositionId(position_id)
        position = self.state.positions[key]
        symbol = position.symbol
        self.last[symbol] = LastPrice(
            symbol=symbol, price=Price(price), ts_event=self.clock, ts_received=self.clock
        )
        signal = DetectorSignal(
            signal_id=SignalId(f"{key}-signal"),
            position_id=key,
            symbol=symbol,
            side=position.side,
            entry_price=Price(price),
            technical_stop=Price(stop),
            timestamp=self.clock,
        )
        self.offer(SignalFired(signal=signal, ts_event=self.clock, ts_received=self.clock))
        self.offer(AccountReported(snapshot=self._account(symbol), last_price=Price(price)))
        order = self.state.positions[key].entry_order
        assert order is not None
        self._fill(order, price)

    def exit(self, position_id: str, price: str) -> None:
        """Fill the exit order of a position at ``price``."""
        order = self.state.positions[PositionId(position_id)].exit_order
        assert order is not None
        self._fill(order, price)

    def _account(self, symbol: Symbol) -> AccountSnapshot:
        return AccountSnapshot(
            symbol=symbol,
            ts_event=self.clock,
            ts_received=self.clock,
            collateral=Notional(100_000),
            borrowable_base=Quantity(100),
            borrowable_quote=Notional(1_000_000),
            leverage_max=10,
        )

    def _fill(self, order: Order, price: str) -> None:
        self._count += 1
        fill = Fill(
            trade_id=TradeId(str(self._count)),
            price=Price(price),
            quantity=order.order_qty,
            ts_event=self.clock,
        )
        report = OrderReport(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            status=ReportStatus.FILLED,
            filled_qty=order.order_qty,
            fills=(fill,),
            ts_event=self.clock,
            ts_received=self.clock,
        )
        self.offer(OrderReported(report=report))

    # ------------------------------------------------------------ the facade

    def about(self) -> About:
        return About(
            mode="paper",
            connector="paper",
            data_dir="/data",
            started_at=START,
            recovery=Recovery(),
        )

    def now(self) -> int:
        return self.clock

    def head(self) -> Head:
        digest = hashlib.sha256(str(self.state.sequence).encode()).hexdigest()
        return Head(epoch="epoch-1", sequence=self.state.sequence, hash=digest)

    def ledger(self) -> Ledger:
        return self.state.ledger

    def positions(self) -> tuple[Position, ...]:
        return tuple(one for one in self.state.positions.values() if not one.is_guard)

    def guards(self) -> tuple[Position, ...]:
        return tuple(one for one in self.state.positions.values() if one.is_guard)

    def watch(self) -> Watch:
        return Watch(
            is_running=self.is_real,
            may_act=self.is_real and not self.is_shadow,
            poll_seconds=20,
            latest=self.looked,
        )

    async def position(self, position_id: PositionId) -> Position | None:
        return self.state.positions.get(position_id)

    def prices(self) -> Mapping[Symbol, LastPrice]:
        return self.last

    def checks(self) -> Mapping[str, str]:
        return self.problems

    def new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    async def arm(self, request: ArmRequest) -> Reply:
        rules = instrument(request.symbol)
        create_detector(
            request.detector,
            position_id=request.position_id,
            symbol=request.symbol,
            side=request.side,
            instrument=rules,
        )
        if request.detector.name == "ma_crossover" and not request.detector.params:
            raise DeniedError("NO_HISTORY", "the market has no history; name a stop with --stop")
        return self._ask(
            ArmPosition(
                command_id=self.new_id("command"),
                position_id=request.position_id,
                symbol=request.symbol,
                side=request.side,
                risk=request.risk,
                instrument=rules,
                detector=request.detector,
                ts_received=self.clock,
                accept_costs=request.accept_costs,
                expires_at=request.expires_at,
            )
        )

    async def estimate(self, request: ArmRequest) -> Estimate:
        price = Price(60_000)
        signal = DetectorSignal(
            signal_id=SignalId("s"),
            position_id=request.position_id,
            symbol=request.symbol,
            side=request.side,
            entry_price=price,
            technical_stop=Price(59_400),
            timestamp=self.clock,
        )
        return Estimate(
            entry_price=price,
            stop_distance=signal.stop_distance.distance,
            stop=signal.technical_stop,
            quantity=Quantity("0.1"),
            notional=Notional(6_000),
            max_loss=Money(60),
            denial=None,
        )

    async def disarm(self, position_id: PositionId) -> Reply:
        return self._ask(
            DisarmPosition(
                command_id=self.new_id("command"), position_id=position_id, ts_received=self.clock
            )
        )

    async def close(self, position_id: PositionId) -> Reply:
        return self._ask(
            ClosePosition(
                command_id=self.new_id("command"), position_id=position_id, ts_received=self.clock
            )
        )

    async def acknowledge(self, position_id: PositionId) -> Reply:
        return self._ask(
            AcknowledgeError(
                command_id=self.new_id("command"), position_id=position_id, ts_received=self.clock
            )
        )

    async def panic(self) -> Reply:
        return self._ask(Panic(command_id=self.new_id("command"), ts_received=self.clock))

    async def set_safety_net(self, mode: SafetyNetMode) -> Reply:
        return self._ask(
            SetSafetyNet(command_id=self.new_id("command"), mode=mode, ts_received=self.clock)
        )

    async def set_rule(self, symbol: Symbol, rule: PairRule) -> Reply:
        return self._ask(
            SetPairRule(
                command_id=self.new_id("command"),
                symbol=symbol,
                rule=rule,
                ts_received=self.clock,
            )
        )

    async def hand_over(self, symbol: Symbol, distance: PriceDelta | None) -> Reply:
        return self._ask(
            HandOver(
                command_id=self.new_id("command"),
                symbol=symbol,
                stop_distance=distance,
                ts_received=self.clock,
            )
        )

    async def clear_warning(self, symbol: Symbol | None) -> Reply:
        return self._ask(
            ClearWarning(command_id=self.new_id("command"), symbol=symbol, ts_received=self.clock)
        )

    def orders(self) -> tuple[Order, ...]:
        known = (*self.positions(), *self.guards())
        return tuple(order for one in known for order in orders_of(one))

    def default_strategy(self) -> str:
        return "ma_crossover"

    async def events(self, after: int, position_id: PositionId | None) -> AsyncIterator[Event]:
        for event in self.log:
            if event.sequence > after and position_id in (None, event.position_id):
                yield event

    async def explain(self, position_id: PositionId) -> tuple[Explained, ...]:
        return tuple(
            Explained(event=event, sentence="It happened.", same=True)
            for event in self.log
            if event.position_id == position_id
        )

    async def verify(self) -> Verdict:
        return Verdict(head=self.head(), checked=len(self.log))

    async def replay(self) -> Replayed:
        return Replayed(
            head=self.head(),
            events=len(self.log),
            positions=len(self.state.positions),
            state_hash="ab" * 32,
        )


@attrs.define
class Counter:
    """Ids that count."""

    count: int = 0

    def new_id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"
