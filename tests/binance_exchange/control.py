"""What a test does to the exchange: prices, funds, the person's own orders, and trouble.

Every public method is an operation; amounts may be ``Decimal``, text or whole numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from tests.binance_exchange import feed, funding
from tests.binance_exchange.audit import Audit
from tests.binance_exchange.faults import Fault, Faults
from tests.binance_exchange.limits import Limits
from tests.binance_exchange.market import MarketTrade, span_of
from tests.binance_exchange.market_streams import MarketStreams
from tests.binance_exchange.matching import Matching
from tests.binance_exchange.model import Account, NewOrder, Order
from tests.binance_exchange.security import ApiKey
from tests.binance_exchange.sockets import WebSocket
from tests.binance_exchange.user_streams import EventFault, UserStreams
from tests.binance_exchange.venue import FillPlan, Venue
from tests.binance_exchange.ws_api import WsApi

Amount = Decimal | str | int
WHICH: Final = ("market", "user", "all")


def number(value: Amount) -> Decimal:
    """Return ``value`` exactly."""
    return value if isinstance(value, Decimal) else Decimal(value)


@attrs.define(kw_only=True, slots=False, eq=False, repr=False)
class Control:
    """The operations. See ``control_http.py`` for the same over HTTP."""

    venue: Venue
    matching: Matching
    faults: Faults
    limits: Limits
    user_streams: UserStreams
    market_streams: MarketStreams
    ws_api: WsApi
    audit: Audit
    key: ApiKey = attrs.field(init=False)
    refuses_sockets: bool = False
    feeds: set[asyncio.Task[int]] = attrs.field(factory=set)
    _person_orders: int = 0

    # ------------------------------------------------------------------ the market

    def trade(
        self, symbol: str, price: Amount, quantity: Amount = "1", *, buyer_maker: bool = False
    ) -> MarketTrade:
        """Let the market trade: quotes follow, stops trigger, resting limits fill, streams tell."""
        market, at = self.venue.market(symbol), number(price)
        now = self.venue.clock.now_ms()
        gap = market.pair.tick * self.venue.rules.spread_ticks
        found = market.record(at, number(quantity), now, buyer_maker=buyer_maker)
        market.quote(at - gap, at + gap)
        self.venue.tell_quote(symbol)
        self.venue.tell_trade(symbol, found)
        self.matching.on_trade(symbol, found)
        return found

    def quote(self, symbol: str, bid: Amount, ask: Amount) -> None:
        """Set the best prices without a trade."""
        self.venue.market(symbol).quote(number(bid), number(ask))
        self.venue.tell_quote(symbol)

    def index(self, symbol: str, price: Amount | None) -> None:
        """Fix the index price of a pair; None lets it follow the last trade again."""
        self.venue.market(symbol).index_override = None if price is None else number(price)
        self.matching.check_liquidation(symbol)

    def history(self, symbol: str, closes: Iterable[Amount], interval: str = "1m") -> None:
        """Write candles that end just now, one per close."""
        now = self.venue.clock.now_ms()
        values = [number(close) for close in closes]
        self.venue.market(symbol).seed_candles(values, now, span_of(interval))

    async def walk(self, walk: feed.Walk) -> int:
        """Trade along a seeded walk; returns the number of trades."""
        market = self.venue.market(walk.symbol)
        price = market.last
        for ticks in feed.walk_ticks(walk):
            price = max(market.pair.tick * 10, price + market.pair.tick * ticks)
            self.trade(walk.symbol, price, walk.quantity)
            await asyncio.sleep(walk.every_ms / 1000)
        return walk.steps

    async def play(self, lines: Iterable[str], speed: Amount = 1) -> int:
        """Trade along recorded frames (one JSON frame a line); returns the number of trades."""
        return await feed.play(
            feed.recorded(lines),
            number(speed),
            lambda t: self.trade(t.symbol, t.price, t.quantity, buyer_maker=t.buyer_maker),
        )

    def start_walk(self, **walk: Any) -> None:
        """Walk in the background, with the fields of :class:`feed.Walk`."""
        self._background(self.walk(feed.Walk(**walk)))

    def start_play(self, lines: list[str], speed: Amount = 1) -> None:
        """Play recorded frames in the background."""
        self._background(self.play(lines, speed))

    def _background(self, feeding: Any) -> None:
        task: asyncio.Task[int] = asyncio.create_task(feeding)
        self.feeds.add(task)
        task.add_done_callback(self.feeds.discard)

    # ------------------------------------------------------------------ the person

    def deposit(self, symbol: str | None, asset: str, amount: Amount) -> None:
        """Move funds into an isolated account (None: cross), or out with a minus."""
        self.venue.deposit(symbol, asset, number(amount))

    def manual_order(
        self,
        symbol: str,
        side: str,
        quantity: Amount,
        *,
        type: str = "MARKET",
        price: Amount | None = None,
        stop_price: Amount | None = None,
        side_effect: str = "NO_SIDE_EFFECT",
        client_id: str = "",
        isolated: bool = True,
    ) -> Order:
        """Place an order as the person would in the app, under an id of the app's kind."""
        self._person_orders += 1
        return self.matching.place(
            NewOrder(
                symbol=symbol,
                side=side,
                type=type,
                isolated=isolated,
                client_id=client_id or f"ios_{self._person_orders:020d}",
                quantity=number(quantity),
                price=None if price is None else number(price),
                stop_price=None if stop_price is None else number(stop_price),
                side_effect=side_effect,
                by_person=True,
            )
        )

    def manual_cancel(self, symbol: str, *, order_id: int = 0, client_id: str = "") -> None:
        """Cancel an open order, anybody's, as the person would in the app."""
        for order in list(self.venue.open_orders(symbol, isolated=True)):
            if order_id in (0, order.id) and client_id in ("", order.ask.client_id):
                self.matching.cancel(order, f"ios_cancel_{order.id}")

    def manual_borrow(self, symbol: str, asset: str, amount: Amount) -> int:
        """Borrow by hand."""
        account, pair = self.account(symbol), self.venue.pair(symbol)
        found = funding.borrow(self.venue, account, pair, asset, size=number(amount), how="MANUAL")
        self.venue.tell_balances(account, asset)
        return found

    def manual_repay(self, symbol: str, asset: str, amount: Amount) -> int:
        """Repay by hand."""
        account, now = self.account(symbol), self.venue.clock.now_ms()
        found = self.venue.ledger.repay(account, asset, number(amount), now=now, how="MANUAL")
        self.venue.tell_balances(account, asset)
        return found

    def account(self, symbol: str | None) -> Account:
        """Return the live isolated account of ``symbol`` (None: cross)."""
        return self.venue.accounts[symbol]

    def set_account(
        self,
        symbol: str,
        *,
        enabled: bool | None = None,
        trade_enabled: bool | None = None,
        borrow_enabled: bool | None = None,
    ) -> None:
        """Switch parts of an isolated account; None leaves as it is."""
        account = self.venue.open_account(symbol)
        account.enabled = account.enabled if enabled is None else enabled
        if trade_enabled is not None:
            account.trade_enabled = trade_enabled
        if borrow_enabled is not None:
            account.borrow_enabled = borrow_enabled

    # ------------------------------------------------------------------ debt

    def accrue(self, hours: int = 1) -> None:
        """Charge hours of interest on every debt, without moving the clock."""
        first = next(iter(self.venue.pairs.values()))
        for symbol, account in self.venue.accounts.items():
            pair = first if symbol is None else self.venue.pairs[symbol]
            for _ in range(hours):
                self.venue.ledger.accrue(account, pair, now=self.venue.clock.now_ms())

    def liquidate(self, symbol: str) -> None:
        """Liquidate an isolated account now."""
        self.matching.liquidate(symbol)

    def lend(self, asset: str, left: Amount | None = None, *, banned: bool = False) -> None:
        """Limit what the pool has of ``asset`` (None: no limit), or ban borrowing it."""
        pool = self.venue.ledger.pool
        pool.left.pop(asset, None)
        if left is not None:
            pool.left[asset] = number(left)
        pool.banned.discard(asset)
        if banned:
            pool.banned.add(asset)

    def rules(self, **changes: Any) -> None:
        """Change fields of :class:`VenueRules` while running."""
        for name in ("taker_fee", "maker_fee", "bnb_price"):
            if name in changes:
                changes[name] = number(changes[name])
        self.venue.rules = attrs.evolve(self.venue.rules, **changes)

    def key_rights(self, **rights: bool) -> None:
        """Change the key's rights, spelled as ``apiRestrictions`` spells them."""
        self.key.rights |= rights

    # ------------------------------------------------------------------ trouble

    def fault(self, kind: str, path: str = "", method: str = "", **more: Any) -> Fault:
        """Set a fault (see :class:`Fault`) and return it; its ``hits`` count."""
        return self.faults.add(Fault(kind=kind, path=path, method=method, **more))

    def event_fault(
        self,
        kind: str,
        event: str = "",
        *,
        times: int | None = 1,
        after: int = 0,
        delay_ms: int = 0,
        where: Mapping[str, str] | None = None,
    ) -> EventFault:
        """Lose, duplicate, reorder or delay user events (see :class:`EventFault`)."""
        found = EventFault(
            kind=kind,
            event=event,
            times=times,
            after=after,
            delay_ms=delay_ms,
            where=dict(where or {}),
        )
        self.user_streams.faults.append(found)
        return found

    def clear_faults(self) -> None:
        """Forget every fault of requests and events, and every fill plan."""
        self.faults.clear()
        self.user_streams.faults.clear()
        self.venue.plans.clear()

    def partial_fill(
        self,
        fraction: Amount = 1,
        parts: int = 1,
        *,
        times: int | None = 1,
        symbol: str = "",
        side: str = "",
    ) -> None:
        """Let taker orders fill a share, in parts a tick apart; the rest expires or rests."""
        plan = FillPlan(
            fraction=number(fraction), parts=parts, times=times, symbol=symbol, side=side
        )
        self.venue.plans.append(plan)

    def late_visibility(self, ms: int, *, open_orders_too: bool = False) -> None:
        """Hide orders placed from now on from questions by id for ``ms``."""
        self.venue.late_visibility_ms = ms
        self.venue.hide_open_too = open_orders_too

    def skew(self, ms: int) -> None:
        """Put the exchange's clock ``ms`` ahead of the machine's."""
        self.venue.clock.skew_ms = ms

    def busy(self, ms: int) -> None:
        """Answer -3007 to what borrows or repays for ``ms``."""
        self.venue.busy_until_ms = self.venue.clock.real_ms() + ms

    def fail_repays_silently(self, times: int = 1) -> None:
        """Let the next automatic repayments not happen, without a word."""
        self.venue.silent_repay_failures = times

    def ban(self, seconds: int) -> None:
        """Ban the client's address."""
        self.limits.ban(seconds, self.venue.clock.now_ms())

    # ------------------------------------------------------------------ streams

    def sockets(self, which: str = "all") -> list[WebSocket]:
        """Return the open connections: ``market``, ``user`` or ``all``."""
        assert which in WHICH, which
        market = list(self.market_streams.talkers) if which in ("market", "all") else []
        user = list(self.ws_api.sockets) if which in ("user", "all") else []
        return [*market, *user]

    def drop_streams(self, which: str = "all") -> int:
        """Cut connections without a close frame; returns how many."""
        found = self.sockets(which)
        for socket in found:
            socket.drop()
        return len(found)

    def close_streams(self, which: str = "all", code: int = 1001) -> int:
        """Close connections politely; returns how many."""
        found = self.sockets(which)
        for socket in found:
            socket.close(code, "")
        return len(found)

    def stall_streams(self, which: str = "all") -> int:
        """Let open connections go silent: no frames, no pings, no pongs, no close."""
        found = self.sockets(which)
        for socket in found:
            socket.stalled = True
        return len(found)

    def resume_streams(self, which: str = "all") -> int:
        """End a stall; what was not sent stays lost."""
        found = self.sockets(which)
        for socket in found:
            socket.stalled = False
        return len(found)

    def refuse_streams(self, refuse: bool = True) -> None:
        """Answer new websocket handshakes with 503."""
        self.refuses_sockets = refuse

    def shutdown_streams(self, which: str = "all") -> None:
        """Send ``serverShutdown``; drop or close the connections yourself when it is time."""
        assert which in WHICH, which
        if which in ("market", "all"):
            self.market_streams.shutdown()
        if which in ("user", "all"):
            self.ws_api.shutdown()

    def revoke_tokens(self) -> None:
        """End every user subscription (``eventStreamTerminated``) and every token."""
        self.user_streams.revoke()
