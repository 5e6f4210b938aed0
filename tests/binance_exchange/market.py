"""One pair's public market: trades, quotes, candles and the day's figures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

import attrs

from tests.binance_exchange.pairs import Pair
from tests.binance_exchange.wire import ZERO, ApiError, Json, amount

MINUTE_MS: Final = 60_000
INTERVALS: Final[dict[str, int]] = {
    "1s": 1_000,
    **{f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * 60 * MINUTE_MS for n in (1, 2, 4, 6, 8, 12)},
    "1d": 1440 * MINUTE_MS,
    "3d": 4320 * MINUTE_MS,
    "1w": 10080 * MINUTE_MS,
}
WEEK_OFFSET_MS: Final = 4 * 1440 * MINUTE_MS
"""Weeks open on Mondays; the epoch was a Thursday."""
KEPT_TRADES: Final = 200_000
KEPT_SECONDS: Final = 3_600


@attrs.frozen(kw_only=True)
class MarketTrade:
    """One public trade; its aggregate holds this trade alone."""

    id: int
    price: Decimal
    quantity: Decimal
    time: int
    buyer_maker: bool


@attrs.define(kw_only=True)
class Candle:
    """Prices and volumes of one span."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    taker_base: Decimal = ZERO
    taker_quote: Decimal = ZERO
    trades: int = 0
    first_id: int = -1
    last_id: int = -1

    def add(self, trade: MarketTrade) -> None:
        """Take ``trade`` in."""
        self.high, self.low = max(self.high, trade.price), min(self.low, trade.price)
        self.close = trade.price
        self.volume += trade.quantity
        self.quote_volume += trade.quantity * trade.price
        if not trade.buyer_maker:
            self.taker_base += trade.quantity
            self.taker_quote += trade.quantity * trade.price
        self.trades += 1
        self.first_id = trade.id if self.first_id < 0 else self.first_id
        self.last_id = trade.id

    def merge(self, later: Candle) -> None:
        """Take a later candle in."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        for name in ("volume", "quote_volume", "taker_base", "taker_quote", "trades"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        self.first_id = later.first_id if self.first_id < 0 else self.first_id
        self.last_id = max(self.last_id, later.last_id)

    def row(self, span_ms: int) -> Json:
        """Return the candle as ``klines`` gives it."""
        return [
            self.open_time,
            *(amount(x) for x in (self.open, self.high, self.low, self.close, self.volume)),
            self.open_time + span_ms - 1,
            amount(self.quote_volume),
            self.trades,
            amount(self.taker_base),
            amount(self.taker_quote),
            "0",
        ]


def bucket(time: int, span_ms: int) -> int:
    """Return the opening time of the span that holds ``time``."""
    offset = WEEK_OFFSET_MS if span_ms == INTERVALS["1w"] else 0
    return (time - offset) // span_ms * span_ms + offset


def span_of(interval: str) -> int:
    """Return the length of ``interval`` in ms.

    Raises:
        ApiError: -1120 when there is no such interval (months are left out).
    """
    if interval not in INTERVALS:
        raise ApiError(-1120, "Invalid interval.")
    return INTERVALS[interval]


class Market:
    """The public side of one pair. Liquidity at the quotes is unlimited."""

    def __init__(self, pair: Pair, price: Decimal, now: int) -> None:
        self.pair = pair
        self.trades: deque[MarketTrade] = deque(maxlen=KEPT_TRADES)
        self.candles: dict[int, dict[int, Candle]] = {1_000: {}, MINUTE_MS: {}}
        self.next_id = 1
        self.update_id = 400_900_216
        self.last = price
        self.index_override: Decimal | None = None
        self.bid, self.ask = price - pair.tick, price + pair.tick
        self.bid_qty = self.ask_qty = Decimal(10)
        self.record(price, pair.min_qty, now)

    @property
    def index(self) -> Decimal:
        return self.last if self.index_override is None else self.index_override

    def quote(self, bid: Decimal, ask: Decimal) -> None:
        """Set the best prices."""
        self.bid, self.ask = bid, ask
        self.update_id += 1

    def record(
        self, price: Decimal, quantity: Decimal, now: int, *, buyer_maker: bool = False
    ) -> MarketTrade:
        """Add one trade to the tape."""
        trade = MarketTrade(
            id=self.next_id, price=price, quantity=quantity, time=now, buyer_maker=buyer_maker
        )
        self.next_id += 1
        self.last = price
        self.trades.append(trade)
        for span, candles in self.candles.items():
            start = bucket(now, span)
            if start not in candles:
                candles[start] = Candle(
                    open_time=start, open=price, high=price, low=price, close=price
                )
            candles[start].add(trade)
        while len(self.candles[1_000]) > KEPT_SECONDS:
            del self.candles[1_000][next(iter(self.candles[1_000]))]
        return trade

    def seed_candles(self, closes: list[Decimal], now: int, span_ms: int = MINUTE_MS) -> None:
        """Write one-minute history that ends just before ``now``: one span per close."""
        per_close = span_ms // MINUTE_MS
        start = bucket(now, span_ms) - len(closes) * span_ms
        before = closes[0]
        minutes = self.candles[MINUTE_MS]
        for number, close in enumerate(closes):
            for part in range(per_close):
                time = start + number * span_ms + part * MINUTE_MS
                minutes[time] = Candle(
                    open_time=time,
                    open=before,
                    high=max(before, close),
                    low=min(before, close),
                    close=close,
                    volume=Decimal(1),
                    quote_volume=close,
                    trades=1,
                )
                before = close
        self.candles[MINUTE_MS] = dict(sorted(minutes.items()))

    def since(self, trade_id: int) -> Iterator[MarketTrade]:
        """Return the kept trades from ``trade_id`` on."""
        first = self.trades[0].id if self.trades else trade_id
        return islice(self.trades, max(0, trade_id - first), None)

    def candle(self, interval: str, now: int) -> Candle | None:
        """Return the candle of ``interval`` that is open at ``now``."""
        found = self.klines(interval, bucket(now, span_of(interval)), now)
        return found[-1] if found else None

    def klines(self, interval: str, start: int, end: int) -> list[Candle]:
        """Return the candles that open within [start, end], oldest first.

        Spans without a trade are there too, flat at the close before them.
        """
        span, found, before = span_of(interval), [], None
        for candle in self._spans(span):
            while before is not None and before.open_time + span < candle.open_time:
                before = _flat(before, span)
                found.append(before)
            found.append(candle)
            before = candle
        while before is not None and before.open_time + span <= end:
            before = _flat(before, span)
            found.append(before)
        return [candle for candle in found if start <= candle.open_time <= end]

    def _spans(self, span: int) -> list[Candle]:
        built: dict[int, Candle] = {}
        for time, candle in self.candles[1_000 if span == 1_000 else MINUTE_MS].items():
            opens = bucket(time, span)
            if opens in built:
                built[opens].merge(candle)
            else:
                built[opens] = attrs.evolve(candle, open_time=opens)
        return list(built.values())

    def average(self, now: int, minutes: int = 5) -> Decimal:
        """Return the volume-weighted price of the last ``minutes``, else the last price."""
        spent = volume = ZERO
        for trade in reversed(self.trades):
            if trade.time < now - minutes * MINUTE_MS:
                break
            spent += trade.price * trade.quantity
            volume += trade.quantity
        return spent / volume if volume else self.last

    def day(self, now: int) -> Candle:
        """Return the last 24 hours as one candle."""
        total: Candle | None = None
        for time, candle in self.candles[MINUTE_MS].items():
            if time < now - 1440 * MINUTE_MS:
                continue
            if total is None:
                total = attrs.evolve(candle)
            else:
                total.merge(candle)
        price = self.last
        return total or Candle(open_time=now, open=price, high=price, low=price, close=price)


def _flat(before: Candle, span: int) -> Candle:
    close = before.close
    return Candle(open_time=before.open_time + span, open=close, high=close, low=close, close=close)
