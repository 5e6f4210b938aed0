"""What the tests of the running machine share: a small world around one daemon.

Real parts wherever there are any: the real engine, the real stores, the memory and the paper
venue. Ids, alerts and time are simple and repeatable.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final

import attrs

import robson_store
from robson_connectors.memory import MemoryConnector, MemoryTerms
from robson_connectors.paper import PaperConnector
from robson_connectors.paper.market import RecordedMarket
from robson_domain import (
    DetectorSpec,
    Event,
    ExecutionPort,
    Instrument,
    MarketDataPort,
    Money,
    Notional,
    Position,
    PositionId,
    Price,
    Quantity,
    RiskConfig,
    Side,
    Store,
    Symbol,
    TradeTick,
)
from robson_engine import EngineConfig, VenueAssumptions
from robson_exec import Activity, ArmRequest, Daemon, Parts, VirtualClock, start

BTC: Final = Symbol("BTCUSDT")
ETH: Final = Symbol("ETHUSDT")
SECOND: Final = 1_000_000_000
MS: Final = 1_000_000
T0: Final = 1_700_000_000 * SECOND
CAPITAL: Final = Money(10_000)


def is_idle(activity: Activity) -> bool:
    """Whether nothing is in progress, asked anew each time."""
    return activity.idle


def instrument(symbol: Symbol = BTC) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        quantity_min=Quantity("0.001"),
        notional_min=Notional(5),
    )


class CountingIds:
    """Ids that repeat with every run."""

    def __init__(self) -> None:
        self._count = 0

    def new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


@attrs.define
class Alerts:
    """Remembers every alert."""

    told: list[tuple[str, str, dict[str, str]]] = attrs.field(factory=list)

    def alert(self, severity: str, name: str, facts: Mapping[str, str]) -> None:
        self.told.append((severity, name, dict(facts)))

    @property
    def names(self) -> list[str]:
        return [name for _, name, _ in self.told]


def ticks_of(
    prices: Iterable[object],
    symbol: Symbol = BTC,
    *,
    start_ns: int = T0,
    every_ns: int = 100 * MS,
) -> list[TradeTick]:
    """Trades at ``prices``, one every so often, ids from 1."""
    scale = instrument(symbol)
    return [
        TradeTick(
            symbol,
            scale.ticks(Price(str(price))),
            number,
            start_ns + number * every_ns,
            start_ns + number * every_ns,
            1_000,
        )
        for number, price in enumerate(prices, start=1)
    ]


def arm_request(
    name: str = "p1",
    symbol: Symbol = BTC,
    side: Side = Side.LONG,
    detector: DetectorSpec | None = None,
    **changes: Any,
) -> ArmRequest:
    spec = detector or DetectorSpec(name="delay", params=(("stop_distance", "1%"),))
    request = ArmRequest(
        position_id=PositionId(name),
        symbol=symbol,
        side=side,
        detector=spec,
        risk=RiskConfig(capital=CAPITAL),
        accept_costs=True,
    )
    return attrs.evolve(request, **changes)


@attrs.define(kw_only=True)
class World:
    """Everything around one daemon; ``boot`` may be called again after a crash.

    Attributes:
        store: Survives a crash, as a disk does.
        execution: Survives a crash, as a venue does.
    """

    activity: Activity
    clock: VirtualClock
    store: Store
    execution: ExecutionPort
    market: MarketDataPort
    alerts: Alerts = attrs.field(factory=Alerts)
    ids: CountingIds = attrs.field(factory=CountingIds)
    skips: bool = True

    def parts(self, **changes: Any) -> Parts:
        parts = Parts(
            config=EngineConfig(account="paper", epoch=self.store.epoch),
            capital=CAPITAL,
            store=self.store,
            execution=self.execution,
            market=self.market,
            clock=self.clock,
            ids=self.ids,
            alerts=self.alerts,
            activity=self.activity,
            skips_quiet_time=self.skips,
        )
        return attrs.evolve(parts, **changes)

    async def boot(self, **changes: Any) -> Daemon:
        return await start(self.parts(**changes))

    async def pass_time(self, duration_ns: int) -> None:
        """Let virtual time pass."""
        over = asyncio.Event()
        task = asyncio.ensure_future(self._set_at(over, self.clock.now_ns() + duration_ns))
        await self.clock.run(over)
        await task

    async def _set_at(self, over: asyncio.Event, ts: int) -> None:
        await self.clock.sleep_until(ts)
        over.set()

    async def settle(self) -> None:
        """Let everything that is due now happen."""
        await self.pass_time(0)

    async def events(self) -> list[Event]:
        return [event async for event in self.store.events.read()]

    async def event_names(self, position_id: str | None = None) -> list[str]:
        return [
            event.event_type
            for event in await self.events()
            if position_id in (None, event.position_id)
        ]

    async def position(self, name: str = "p1") -> Position:
        found = await self.store.positions.find_by_id(PositionId(name))
        assert found is not None
        return found


async def memory_store(ids: CountingIds | None = None) -> Store:
    return await robson_store.open("memory://", ids=ids or CountingIds())


@asynccontextmanager
async def sqlite_store(path: Any) -> AsyncIterator[Store]:
    store = await robson_store.open(f"sqlite:///{path}", ids=CountingIds())
    try:
        yield store
    finally:
        await store.close()


async def memory_world(
    *, store: Store | None = None, terms: MemoryTerms | None = None, **changes: Any
) -> tuple[World, MemoryConnector]:
    """A world on the memory venue, which fills at the last price it was fed."""
    activity = Activity()
    clock = VirtualClock(activity, T0)
    venue = MemoryConnector(
        [instrument(BTC), instrument(ETH)],
        Money(10_000),
        clock,
        terms or MemoryTerms(fee_rate=Decimal(0)),
    )
    world = World(
        activity=activity,
        clock=clock,
        store=store or await memory_store(),
        execution=venue,
        market=venue,
        **changes,
    )
    return world, venue


async def paper_world(
    ticks: list[TradeTick],
    *,
    store: Store | None = None,
    ledger: str | None = None,
    assumptions: VenueAssumptions | None = None,
    **changes: Any,
) -> tuple[World, RecordedMarket]:
    """A world on the paper venue, playing back ``ticks``."""
    activity = Activity()
    clock = VirtualClock(activity, T0)
    symbols = dict.fromkeys(tick.symbol for tick in ticks)
    market = RecordedMarket(ticks, {symbol: instrument(symbol) for symbol in symbols}, clock)
    terms = assumptions or VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=0)
    venue = PaperConnector(market, ledger, terms, Money(10_000), clock)
    world = World(
        activity=activity,
        clock=clock,
        store=store or await memory_store(),
        execution=venue,
        market=venue,
        **changes,
    )
    return world, market
