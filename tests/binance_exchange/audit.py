"""What the exchange saw, and judgments over it.

Times are true UTC milliseconds, whatever the exchange's own clock says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import attrs

from tests.binance_exchange.market import MarketTrade
from tests.binance_exchange.model import Account, Fill
from tests.binance_exchange.security import split
from tests.binance_exchange.venue import Execution, Venue
from tests.binance_exchange.wire import ZERO, Params, Request

SECRET_HEADERS = ("x-mbx-apikey", "authorization", "cookie")


@attrs.define(kw_only=True)
class Received:
    """One request as it arrived, and what became of it.

    ``status`` is what was answered (0: nothing), ``true_status`` what the exchange really did
    (0: it was not executed), ``code`` the error code, ``fault`` the kind of fault that struck.
    """

    at_ms: int
    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]
    params: Params
    status: int = 0
    true_status: int = 0
    code: int = 0
    fault: str = ""


@attrs.frozen(kw_only=True)
class Exposure:
    """What an isolated account held from ``at_ms`` on, in base.

    ``net`` is held minus owed; ``traded`` what fills alone made of it (fees included);
    ``stops_sell`` and ``stops_buy`` the quantity of resting stop orders.
    """

    at_ms: int
    symbol: str
    net: Decimal
    traded: Decimal
    stops_sell: Decimal
    stops_buy: Decimal

    def is_stopped(self, dust: Decimal) -> bool:
        """Say whether resting stops cover what trading opened, up to ``dust``."""
        stops = self.stops_sell if self.traded > 0 else self.stops_buy
        return stops >= abs(self.traded) - dust


@attrs.frozen(kw_only=True)
class Flip:
    """A fill that turned a long into a short or a short into a long."""

    fill: Fill
    before: Decimal
    after: Decimal


class Audit:
    """The record. It listens to the venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._traded: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._liquidations = 0
        self.requests: list[Received] = []
        self.exposures: list[Exposure] = []
        self.fills: list[Fill] = venue.fills
        self.fill_times: list[int] = []
        self.socket_events: list[tuple[int, str, str]] = []

    # ------------------------------------------------------------------ recording

    def received(self, request: Request) -> Received:
        """Record the arrival of ``request``; the caller completes the record."""
        found = Received(
            at_ms=self._venue.clock.real_ms(),
            method=request.method,
            path=request.path,
            query=request.query.decode("latin-1"),
            body=request.body.decode("latin-1"),
            headers={
                name: "<removed>" if name in SECRET_HEADERS else value
                for name, value in request.headers.items()
            },
            params=dict((*split(request.body), *split(request.query))),
        )
        self.requests.append(found)
        return found

    def socket(self, kind: str, detail: str) -> None:
        """Record something that happened to a websocket."""
        self.socket_events.append((self._venue.clock.real_ms(), kind, detail))

    def executed(self, execution: Execution) -> None:
        """Keep the fill and the new exposure."""
        order, fill = execution.order, execution.fill
        if fill is not None:
            self.fill_times.append(self._venue.clock.real_ms())
            if fill.isolated:
                base = self._venue.pairs[order.symbol].base
                self._traded[order.symbol] += fill.base_delta(base)
        if order.ask.isolated:
            self._expose(order.symbol)

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Keep the new exposure; what was liquidated is no traded quantity any more."""
        for record in self._venue.ledger.liquidations[self._liquidations :]:
            sold = record.side == "SELL"
            self._traded[record.symbol] -= record.quantity if sold else -record.quantity
            self._liquidations += 1
        if account.symbol is not None and assets:
            self._expose(account.symbol)

    def moved(self, account: Account, asset: str, delta: Decimal) -> None:
        """Deposits change what is held, not what was traded: nothing more to keep."""

    def traded(self, symbol: str, trade: MarketTrade) -> None:
        """Public trades are in the market's own tape."""

    def quoted(self, symbol: str) -> None:
        """Quotes are not kept."""

    def _expose(self, symbol: str) -> None:
        venue = self._venue
        stops = {"SELL": ZERO, "BUY": ZERO}
        for order in venue.open_orders(symbol, isolated=True):
            if order.ask.is_stop:
                stops[order.ask.side] += order.leaves
        account = venue.accounts.get(symbol)
        self.exposures.append(
            Exposure(
                at_ms=venue.clock.real_ms(),
                symbol=symbol,
                net=ZERO if account is None else venue.net_base(account),
                traded=self._traded[symbol],
                stops_sell=stops["SELL"],
                stops_buy=stops["BUY"],
            )
        )

    # ------------------------------------------------------------------ asking

    def calls(self, method: str = "", path: str = "", **where: str) -> list[Received]:
        """Return the requests to ``path`` whose parameters have the values of ``where``."""
        return [
            call
            for call in self.requests
            if method in ("", call.method)
            and path in ("", call.path)
            and all(call.params.get(name) == value for name, value in where.items())
        ]

    def fills_of(self, prefix: str) -> list[Fill]:
        """Return the fills of orders whose client id starts with ``prefix``."""
        return [fill for fill in self.fills if fill.client_id.startswith(prefix)]

    def double_fills(self) -> dict[str, tuple[int, ...]]:
        """Return the client ids under which more than one order filled, with the orders."""
        found: dict[str, set[int]] = defaultdict(set)
        for fill in self.fills:
            found[fill.client_id].add(fill.order_id)
        return {name: tuple(sorted(ids)) for name, ids in found.items() if len(ids) > 1}

    def flips(self, symbol: str, *, prefix: str = "", dust: Decimal = ZERO) -> list[Flip]:
        """Return the fills on ``symbol`` that crossed zero by more than ``dust`` base.

        With a ``prefix`` only those orders count, so that what the person holds beside them
        does not hide that somebody sold more than they had bought.
        """
        base = self._venue.pairs[symbol].base
        net, found = ZERO, []
        for fill in self.fills_of(prefix):
            if fill.symbol != symbol or not fill.isolated:
                continue
            after = net + fill.base_delta(base)
            if (net > dust and after < -dust) or (net < -dust and after > dust):
                found.append(Flip(fill=fill, before=net, after=after))
            net = after
        return found

    def oversold(self, symbol: str, *, prefix: str, dust: Decimal = ZERO) -> Decimal:
        """Return how much more base those orders sold than bought (0 when not; for longs)."""
        base = self._venue.pairs[symbol].base
        mine = (f for f in self.fills_of(prefix) if f.symbol == symbol and f.isolated)
        net = sum((fill.base_delta(base) for fill in mine), ZERO)
        return -net if net < -dust else ZERO

    def sold_beyond(self, symbol: str, floor: Decimal) -> list[Exposure]:
        """Return the moments at which the account held less base than ``floor`` (a deposit)."""
        return [e for e in self.exposures if e.symbol == symbol and e.net < floor]

    def seconds_without_stop(
        self, symbol: str, *, dust: Decimal = ZERO, until_ms: int | None = None
    ) -> Decimal:
        """Return the seconds in which a traded quantity had no resting stop order.

        The exchange cannot see a process that watches a price; whoever judges adds that.
        """
        points = [e for e in self.exposures if e.symbol == symbol]
        end = self._venue.clock.real_ms() if until_ms is None else until_ms
        ends = [*(point.at_ms for point in points[1:]), end][: len(points)]
        total = 0
        for point, until in zip(points, ends, strict=True):
            if abs(point.traded) > dust and not point.is_stopped(dust):
                total += max(0, until - point.at_ms)
        return Decimal(total) / 1000

    def cross_orders(self) -> list[int]:
        """Return the orders that went to the cross account: somebody forgot ``isIsolated``."""
        return [o.id for o in self._venue.orders.values() if not o.ask.isolated]

    def request_rate(self, within_ms: int = 1000) -> int:
        """Return the most requests received within any ``within_ms``."""
        return _densest([call.at_ms for call in self.requests], within_ms)


def _densest(times: Iterable[int], within_ms: int) -> int:
    window: list[int] = []
    most = 0
    for time in times:
        window = [t for t in window if t > time - within_ms]
        window.append(time)
        most = max(most, len(window))
    return most
