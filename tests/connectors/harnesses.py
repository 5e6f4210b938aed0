"""The connectors of this repository, as the conformance cards want to meet them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, MemoryTerms, Operation
from robson_connectors.paper import PaperConnector, RecordedMarket, SimulatedMarket
from robson_connectors.paper.live import LivePaperConnector
from robson_connectors.paper.market import PaperMarket
from robson_connectors.recording import instrument_for
from robson_domain.capabilities import Capabilities
from robson_domain.holdings import RestingKind, RestingOrder
from robson_domain.identity import ClientOrderId
from robson_domain.market import TradeTick
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import LendingPort
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing.clocks import SteppedClock
from robson_domain.testing.execution_abilities import (
    DisturbedHarness,
    FailingHarness,
    HoldingsHarness,
    LateHarness,
    LendingHarness,
    LinkHarness,
    LossyHarness,
    PairsHarness,
    PersonHarness,
    Question,
    SecretHarness,
)
from robson_domain.values import Money, Price, Quantity
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions

SECOND: Final = 1_000_000_000
ORIGIN: Final = 1_700_000_000 * SECOND
BTC: Final = Symbol("BTCUSDT")
BALANCE: Final = Money(100_000)
RULES: Final = instrument_for(BTC)
MEMORY: Final = Capabilities(name="memory")
WITH_STOPS: Final = Capabilities(name="memory", resting_stops=True)

ETH: Final = Symbol("ETHUSDT")
ETH_RULES: Final = instrument_for(ETH)
CANARY: Final = "canary-of-a-secret"
IN_PROCESS: Final = "the account lives in this process: nothing of it can be lost on the way"
NOBODY: Final = "nobody but the one who made it uses a paper account"
NO_LINK: Final = "the market is made here: there is no link to cut"
ALONE: Final = "one pair was recorded"
NO_SECRET: Final = "it was given no secret"
NO_HOLDINGS: Final = "a paper account has orders and no other holdings"
NO_LENDING: Final = "a paper account pays its debt back by itself"
PAPER_WITHOUT: Final[dict[type, str]] = {
    LossyHarness: IN_PROCESS,
    FailingHarness: IN_PROCESS,
    LateHarness: IN_PROCESS,
    DisturbedHarness: IN_PROCESS,
    PersonHarness: NOBODY,
    SecretHarness: NO_SECRET,
    HoldingsHarness: NO_HOLDINGS,
    LendingHarness: NO_LENDING,
}
OPERATIONS: Final = {
    Question.ORDER: Operation.QUERY_ORDER,
    Question.ACCOUNT_TRADES: Operation.TRADES,
    Question.TRADES: Operation.TRADES_SINCE,
    Question.FILLS: Operation.FILLS_SINCE,
}
"""Where the memory venue calls a question by another name."""

PaperClass = Callable[..., PaperConnector]


def a_recording(count: int = 600) -> list[TradeTick]:
    """Return trades a tenth of a second apart, every third at the time of the one before."""
    found = []
    for number in range(1, count + 1):
        ts = ORIGIN + (number - number % 3 // 2) * SECOND // 10
        ticks = 6_000_000 + number * 37 % 500
        found.append(TradeTick(BTC, ticks, 5_000 + number, ts, ts, 1_000 + number))
    return found


def _little_at_a_time(venue: SimulatedVenue) -> None:
    venue._assumptions = attrs.evolve(venue._assumptions, fill_fraction=Decimal("0.05"))


class PaperHarness:
    """A paper account on a stepped clock; both kinds of cards."""

    def __init__(
        self,
        ledger_path: str | None,
        make: PaperClass = PaperConnector,
        *,
        recorded: bool = False,
        **assumed: object,
    ) -> None:
        self.clock = SteppedClock(ORIGIN + 3 * SECOND)
        self.instrument = RULES
        self.price = Price(60_000)
        self.quantity = Quantity("0.02")
        self.symbol = BTC
        self.interval = SECOND
        self._ledger_path = ledger_path
        self._make = make
        self._recorded = recorded
        self.other = ETH_RULES
        self.other_quantity = Quantity("0.5")
        self.without = {**PAPER_WITHOUT, LinkHarness: NO_LINK}
        if recorded:
            self.without[PairsHarness] = ALONE
        self._assumptions = VenueAssumptions(**assumed)  # type: ignore[arg-type]
        self.paper = self._open()

    def _open(self) -> PaperConnector:
        market: PaperMarket = SimulatedMarket(11, self.clock, ORIGIN)
        if self._recorded:
            market = RecordedMarket(a_recording(), RULES, self.clock)
        return self._make(market, self._ledger_path, self._assumptions, BALANCE, self.clock)

    @property
    def execution(self) -> PaperConnector:
        return self.paper

    @property
    def market(self) -> PaperConnector:
        return self.paper

    def now_ns(self) -> int:
        return self.clock.now_ns()

    async def trade(self) -> None:
        await self.trades(1)

    async def trades(self, count: int) -> None:
        await self.clock.run_for(count * SECOND // 2)

    async def bars(self, count: int) -> None:
        now = self.clock.now_ns()
        await self.clock.run_to((now // self.interval + count + 1) * self.interval + SECOND // 2)

    def fill_partly(self) -> None:
        _little_at_a_time(self.paper._venue)

    async def follow(self) -> None:
        """Every report of a paper account is pushed."""

    async def settle(self) -> None:
        """Pushed is arrived."""

    async def reopen(self) -> None:
        self.kill()
        self.paper = self._open()

    def kill(self) -> None:
        """Take away what the process would lose, and nothing else."""
        for task in self.paper._tasks:
            task.cancel()
        self.paper._account.close()

    async def close(self) -> None:
        await self.paper.close()


class MemoryHarness:
    """A memory venue on a stepped clock; both kinds of cards."""

    losses = ("request", "reply")

    def __init__(
        self,
        make: Callable[..., MemoryConnector] = MemoryConnector,
        *,
        commission_in_base: bool = False,
        capabilities: Capabilities = MEMORY,
    ) -> None:
        self.clock = SteppedClock(ORIGIN)
        self.instrument = RULES
        self.price = Price(60_000)
        self.quantity = Quantity("0.02")
        self.symbol = BTC
        self.interval = SECOND
        self.other = ETH_RULES
        self.other_quantity = Quantity("0.5")
        self.secrets = (CANARY,)
        self.without: dict[type, str] = {}
        self._number = 0
        terms = MemoryTerms(
            fee_rate=Decimal("0.0004"),
            commission_in_base=commission_in_base,
            capabilities=capabilities,
        )
        self.memory = make([RULES, ETH_RULES], BALANCE, self.clock, terms)
        self._feed()

    @property
    def execution(self) -> MemoryConnector:
        return self.memory

    @property
    def market(self) -> MemoryConnector:
        return self.memory

    @property
    def holdings(self) -> HoldingsPort:
        return self.memory.holdings

    @property
    def lending(self) -> LendingPort:
        return self.memory.lending

    def owe(self, amount: Decimal) -> None:
        self.memory.lending.owe(BTC, BTC.quote, amount)

    def now_ns(self) -> int:
        return self.clock.now_ns()

    def _feed(self) -> None:
        self._number += 1
        self.memory.feed(BTC, Price(f"{60_000 + self._number % 5}.37"), self._number)
        self.memory.feed(ETH, Price(3_000 + self._number % 3), self._number)

    async def trade(self) -> None:
        await self.trades(1)

    async def trades(self, count: int) -> None:
        for _ in range(count):
            await self.clock.run_for(SECOND // 10)
            self._feed()

    async def trade_at(self, price: Price) -> None:
        await self.clock.run_for(SECOND // 10)
        self.memory.feed(BTC, price)

    async def bars(self, count: int) -> None:
        await self.trades(10 * (count + 1))

    async def reopen(self) -> None:
        """The venue is the object itself: it survives whatever happens to its user."""

    async def close(self) -> None:
        await self.memory.close()

    # ------------------------------------------------------------------ misbehaving

    def fail(self, question: Question) -> None:
        operation = OPERATIONS.get(question) or Operation(question.value)
        self.memory.inject(Fault(kind=FaultKind.LOSE_REPLY, on=operation, times=1_000))

    def lose(self, loss: str, executed: bool) -> None:
        kind = FaultKind.LOSE_REPLY if executed else FaultKind.LOSE_REQUEST
        for operation in (Operation.SUBMIT, Operation.CANCEL, Operation.REPAY):
            self.memory.inject(Fault(kind=kind, on=operation))

    def turn_away(self) -> None:
        self.memory.inject(Fault(kind=FaultKind.NOT_SENT))

    def mend(self) -> None:
        self.memory.forget_faults()

    def hide(self) -> None:
        self.memory.inject(Fault(kind=FaultKind.LATE, times=2))

    def fill_partly(self) -> None:
        self.memory.inject(Fault(kind=FaultKind.PARTIAL, parts=3))

    def disturb(self) -> None:
        self.fill_partly()
        kinds = (FaultKind.DUPLICATE, FaultKind.HOLD)
        self.memory.inject(*(Fault(kind=kind) for kind in kinds))

    async def follow(self) -> None:
        """A memory venue pushes to whoever subscribes."""

    async def settle(self) -> None:
        """Pushed is arrived."""

    async def cut(self) -> None:
        self.memory.set_link(BTC, up=False)

    async def heal(self) -> None:
        self.memory.set_link(BTC, up=True)

    # -------------------------------------------------------------------- the person

    def rest(self) -> ClientOrderId:
        order = RestingOrder(
            symbol=BTC,
            client_order_id=ClientOrderId("web_resting"),
            venue_order_id="900",
            side=OrderSide.BUY,
            kind=RestingKind.LIMIT,
            leaves_qty=self.quantity,
            price=Price(50_000),
        )
        self.memory.holdings.rest(order)
        return order.client_order_id

    def take_back(self) -> None:
        self.memory.book.end_other(BTC, ClientOrderId("web_resting"))

    def trade_by_hand(self, side: OrderSide, quantity: Quantity) -> None:
        self.memory.holdings.trade(BTC, side, quantity)


class LivePaperHarness(MemoryHarness):
    """A paper account on the market of the memory venue, as on a real one's."""

    def __init__(self, ledger_path: str) -> None:
        super().__init__()
        self._ledger_path = ledger_path
        # What fails is the market; the account itself lives here.
        self.without = dict(PAPER_WITHOUT)
        self.paper = self._open()

    def _open(self) -> LivePaperConnector:
        terms = VenueAssumptions(latency_ns=0)
        made = LivePaperConnector(self.memory, self._ledger_path, terms, BALANCE, self.clock)
        # A pair with something open is followed, whoever listens.
        for symbol in (BTC, ETH):
            made.subscribe(symbol, lambda _: None, lambda *_: None)
        self._feed()
        return made

    @property
    def execution(self) -> LivePaperConnector:  # type: ignore[override]
        return self.paper

    @property
    def market(self) -> LivePaperConnector:  # type: ignore[override]
        return self.paper

    def fill_partly(self) -> None:
        _little_at_a_time(self.paper._account.venue)

    async def reopen(self) -> None:
        self.paper._account.close()
        self.paper = self._open()

    async def close(self) -> None:
        await self.paper.close()


Harness = PaperHarness | MemoryHarness | LivePaperHarness
