"""A small world around ``step``: feeds inputs, applies, folds beside it, remembers everything.

The story is that of the builders: one pair, 10,000 capital, 1 % at risk, a signal at 100 with a
distance of 2. Every verb of :class:`World` makes one input; its answer is what ``step`` returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import attrs

from robson_domain import (
    AccountReported,
    AcknowledgeError,
    ClearWarning,
    ClientOrderId,
    ClosePosition,
    CloseReason,
    Command,
    DisarmPosition,
    Event,
    Fill,
    HandOver,
    Input,
    Intent,
    IntentId,
    IntentKind,
    LinkChanged,
    Money,
    OrderReport,
    OrderReported,
    PairRule,
    Panic,
    Position,
    PositionId,
    Price,
    PriceDelta,
    PriceOrigin,
    Quantity,
    ReportStatus,
    RiskLimits,
    SafetyNetMode,
    SetPairRule,
    SetRiskLimits,
    SetSafetyNet,
    Side,
    SignalFired,
    SignalId,
    Symbol,
    TimePassed,
    TradeId,
    TradeTick,
    client_order_id,
    codec,
    times_of,
)
from robson_domain.identity import CORE_PREFIX
from robson_domain.testing import (
    a_core_seen,
    a_signal,
    an_account,
    an_arm_command,
    an_external_seen,
)
from robson_domain.testing.builders import ACCOUNT, DISTANCE, ENTRY, EPOCH, POSITION, SECOND, T0
from robson_engine import EngineConfig, EngineState, IntentBook, Step, evolve, step

MS: Final = 1_000_000
CAPITAL: Final = Money(10_000)
CONFIG: Final = EngineConfig(account=ACCOUNT, epoch=EPOCH)
FIRST: Final = POSITION


def id_of(kind: IntentKind, n: int = 1, key: PositionId = FIRST) -> ClientOrderId:
    """Return the client order id of the ``n``-th order of ``kind`` of a position."""
    return client_order_id(
        CORE_PREFIX, account=ACCOUNT, epoch=EPOCH, position_id=key, kind=kind.value, n=n
    )


ENTRY_ID: Final = id_of(IntentKind.ENTRY)
EXIT_ID: Final = id_of(IntentKind.EXIT)


def kinds(events: Iterable[Event]) -> list[str]:
    """Return the names of ``events``, in order."""
    return [event.event_type for event in events]


def state_text(state: EngineState) -> str:
    """Return all that is durable of a state, as canonical JSON."""
    return codec.dumps(state.snapshot())


class World:
    """One engine, one shadow that only ever folds events, and everything that was said.

    Attributes:
        counts: Number of events after each input.
        now: Input time of the next input, UTC ns; moved by :meth:`wait`.
        mark: Id of the last trade.
    """

    def __init__(
        self, *, config: EngineConfig = CONFIG, start: tuple[Position, ...] = (), folds: bool = True
    ) -> None:
        self.config = config
        self.start = start
        self.folds = folds
        self.state = EngineState.opening(config, CAPITAL)
        self.state.apply(start)
        self.shadow = EngineState.opening(config, CAPITAL)
        self.shadow.apply(start)
        self.book = IntentBook()
        self.intents: dict[IntentId, Intent] = {}
        self.inputs: list[Input] = []
        self.events: list[Event] = []
        self.counts: list[int] = []
        self.commands: list[Command] = []
        self.now = T0
        self.mark = 0
        self.fills = 0

    # ------------------------------------------------------------------ the loop

    def feed(self, entry: Input) -> Step:
        """Run one input; with ``folds`` the shadow must end up the same, byte for byte."""
        self.inputs.append(entry)
        outcome = step(self.state, entry)
        self.state.apply(outcome.changed)
        for event in outcome.events:
            self.shadow.apply(evolve(self.shadow, event))
        for intent in self.book.changes(outcome.events):
            self.intents[intent.intent_id] = intent
        self.events += outcome.events
        self.counts.append(len(self.events))
        self.commands += outcome.commands
        if self.folds and outcome.events:
            assert state_text(self.state) == state_text(self.shadow)
        return outcome

    def log(self) -> str:
        """Return the log as canonical text, one event a line."""
        return "\n".join(codec.dumps(event) for event in self.events)

    def restored(self, count: int | None = None) -> World:
        """Return a world restarted from the first ``count`` events (all of them by default)."""
        again = World(config=self.config, folds=self.folds)
        kept = self.events[:count]
        for target in (again.state, again.shadow):
            target.apply(self.start)
            for event in kept:
                target.apply(evolve(target, event))
        again.events = list(kept)
        again.now, again.mark, again.fills = self.now, self.mark, self.fills
        return again

    def position(self, key: PositionId = FIRST) -> Position:
        """Return a position as it is now."""
        return self.state.positions[key]

    # ------------------------------------------------------------------ time and prices

    @staticmethod
    def now_of(entry: Input) -> int:
        """Return the receive time of an input."""
        return times_of(entry)[1]

    def wait(self, ms: int) -> World:
        """Let time go on without telling anybody."""
        self.now += ms * MS
        return self

    def time(self, ms: int = 0) -> Step:
        """Let ``ms`` go by, then say so."""
        self.wait(ms)
        return self.feed(TimePassed(ts_received=self.now))

    def tick(
        self,
        price: str | int,
        *,
        origin: PriceOrigin = PriceOrigin.LIVE,
        symbol: Symbol | None = None,
        trade_id: int | None = None,
        ts_event: int | None = None,
    ) -> TradeTick:
        """Return a trade at ``price`` of a pair with two decimals, now unless told otherwise."""
        if trade_id is None:
            trade_id = 0 if origin is PriceOrigin.REST else self.mark + 1
        self.mark = max(self.mark, trade_id)
        ticks = an_arm_command().instrument.ticks(Price(price))
        pair = symbol or an_arm_command().symbol
        at = self.now if ts_event is None else ts_event
        return TradeTick(pair, ticks, trade_id, at, self.now, 1_000, origin)

    def price(self, price: str | int, **facts: Any) -> Step:
        """A market trade."""
        return self.feed(self.tick(price, **facts))

    def link(self, *, up: bool, symbol: Symbol | None = None) -> Step:
        """The market link goes up or down."""
        pair = symbol or an_arm_command().symbol
        return self.feed(LinkChanged(symbol=pair, up=up, ts_received=self.now))

    # ------------------------------------------------------------------ the person

    def arm(self, key: PositionId = FIRST, side: Side = Side.LONG, **facts: Any) -> Step:
        """The person arms."""
        facts = {"command_id": f"arm-{key}", "position_id": key, "side": side} | facts
        return self.feed(an_arm_command(ts_received=self.now, **facts))

    def disarm(self, key: PositionId = FIRST) -> Step:
        """The person takes an armed position back."""
        return self.feed(DisarmPosition(command_id="d", position_id=key, ts_received=self.now))

    def close(self, key: PositionId = FIRST, reason: CloseReason = CloseReason.CLOSE) -> Step:
        """The person closes."""
        return self.feed(
            ClosePosition(command_id="c", position_id=key, ts_received=self.now, reason=reason)
        )

    def panic(self) -> Step:
        """The person ends everything."""
        return self.feed(Panic(command_id="p", ts_received=self.now))

    def acknowledge(self, key: PositionId = FIRST) -> Step:
        """The person has dealt with an error."""
        return self.feed(AcknowledgeError(command_id="a", position_id=key, ts_received=self.now))

    def limits(self, capital: int = 10_000, **limits: Any) -> Step:
        """The settings say what may be risked."""
        return self.feed(
            SetRiskLimits(
                command_id="s",
                capital=Money(capital),
                limits=RiskLimits(**limits),
                ts_received=self.now,
            )
        )

    # ------------------------------------------------------------------ signal and account

    def signal(
        self,
        key: PositionId = FIRST,
        *,
        price: Price = ENTRY,
        distance: PriceDelta = DISTANCE,
        **facts: Any,
    ) -> Step:
        """The detector fires; symbol and side are the position's unless given."""
        known = self.state.positions.get(key)
        side = facts.get("side", known.side if known else Side.LONG)
        stop = price.minus(distance) if side is Side.LONG else price.plus(distance)
        plain = a_signal(
            signal_id=SignalId(f"{key}-signal"),
            position_id=key,
            side=side,
            entry_price=price,
            technical_stop=stop,
            timestamp=self.now,
        )
        if known is not None:
            plain = attrs.evolve(plain, symbol=known.symbol)
        signal = attrs.evolve(plain, **facts)
        return self.feed(SignalFired(signal=signal, ts_event=self.now, ts_received=self.now))

    def account(self, last_price: Price | None = ENTRY, **facts: Any) -> Step:
        """A fresh snapshot: flat and rich unless said otherwise."""
        times = {"ts_event": self.now, "ts_received": self.now}
        snapshot = an_account(**(times | facts))
        return self.feed(AccountReported(snapshot=snapshot, last_price=last_price))

    # ------------------------------------------------------------------ the venue

    def fill(self, price: str | int, quantity: str | int, **facts: Any) -> Fill:
        """Return a new execution."""
        self.fills += 1
        plain = Fill(
            trade_id=TradeId(f"v{self.fills}"),
            price=Price(price),
            quantity=Quantity(quantity),
            ts_event=self.now,
        )
        return attrs.evolve(plain, **facts)

    def report(
        self,
        status: ReportStatus,
        *fills: Fill,
        order: ClientOrderId = ENTRY_ID,
        **facts: Any,
    ) -> Step:
        """The venue says something about an order."""
        plain = OrderReport(
            client_order_id=order,
            symbol=an_arm_command().symbol,
            status=status,
            ts_event=self.now,
            ts_received=self.now,
            fills=fills,
        )
        return self.feed(OrderReported(report=attrs.evolve(plain, **facts)))

    def filled(
        self,
        price: str | int,
        quantity: str | int,
        *,
        order: ClientOrderId = ENTRY_ID,
        **facts: Any,
    ) -> Step:
        """Executes something; the order works on unless it is complete."""
        return self.report(
            ReportStatus.PARTIALLY_FILLED, self.fill(price, quantity, **facts), order=order
        )

    # ------------------------------------------------------------------ holdings

    def core_seen(self, key: PositionId = FIRST, **facts: Any) -> Step:
        """Two equal looks at the account show a position of core's."""
        known = self.position(key)
        times = {"ts_event": self.now, "ts_received": self.now}
        plain = a_core_seen(position_id=key, symbol=known.symbol, interest=0, **times)
        return self.feed(attrs.evolve(plain, **facts))

    def external(self, **facts: Any) -> Step:
        """A look at what the person holds on the pair: 50 bought at 100."""
        times = {"ts_event": self.now, "ts_received": self.now}
        return self.feed(an_external_seen(**(times | {"price": Price(100)} | facts)))

    def safety(self, mode: SafetyNetMode) -> Step:
        """The person, or the settings, say what the Safety Net may do."""
        return self.feed(SetSafetyNet(command_id="n", mode=mode, ts_received=self.now))

    def rule(self, rule: PairRule) -> Step:
        """The person says what is to be done with the pair."""
        symbol = an_arm_command().symbol
        return self.feed(
            SetPairRule(command_id="r", symbol=symbol, rule=rule, ts_received=self.now)
        )

    def clear(self, symbol: Symbol | None) -> Step:
        """The person has dealt with what was wrong."""
        return self.feed(ClearWarning(command_id="w", symbol=symbol, ts_received=self.now))

    def hand_over(self, distance: PriceDelta | None = None) -> Step:
        """The person gives what is guarded to core."""
        symbol = an_arm_command().symbol
        return self.feed(
            HandOver(command_id="h", symbol=symbol, stop_distance=distance, ts_received=self.now)
        )

    # ------------------------------------------------------------------ chapters

    def entering(self, key: PositionId = FIRST, side: Side = Side.LONG, **account: Any) -> World:
        """Go on to an entry that is on its way; its quantity is 50 without fees."""
        self.arm(key, side)
        self.signal(key)
        self.account(**account)
        return self

    def active(self, key: PositionId = FIRST, side: Side = Side.LONG, **account: Any) -> World:
        """Go on to a position opened at 100, stop 98 (102), by one fill of the whole entry."""
        self.entering(key, side, **account)
        order = self.position(key).entry_order
        assert order is not None
        self.report(
            ReportStatus.FILLED,
            self.fill(100, str(order.order_qty)),
            order=id_of(IntentKind.ENTRY, key=key),
        )
        return self

    def exiting(self, side: Side = Side.LONG) -> World:
        """Go on to a position whose stop was hit, its exit sent and not answered."""
        self.active(side=side)
        self.price("98" if side is Side.LONG else "102")
        return self

    def closed(self, side: Side = Side.LONG) -> World:
        """Go on to a position that lost its budget and is closed."""
        self.exiting(side=side)
        self.filled("98" if side is Side.LONG else "102", 50, order=EXIT_ID)
        return self


def seconds(count: int) -> int:
    """Return ``count`` seconds in ns."""
    return count * SECOND
