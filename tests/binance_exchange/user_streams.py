"""User streams: listen tokens, subscriptions, events, and what goes wrong with events."""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from typing import Final, Protocol

import attrs

from tests.binance_exchange.market import MarketTrade
from tests.binance_exchange.model import Account
from tests.binance_exchange.venue import Execution, Venue
from tests.binance_exchange.wire import ZERO, ApiError, Json, amount, dumps

EVENT_FAULTS: Final = ("lose", "duplicate", "reorder", "delay")


class Socket(Protocol):
    """What a subscription needs of a connection."""

    def send(self, text: str) -> None:
        """Send one text frame."""


@attrs.define(kw_only=True)
class EventFault:
    """Spoils user events: ``lose``, ``duplicate``, ``reorder`` (sends it after the next) or
    ``delay`` (sends it ``delay_ms`` later, past whatever comes meanwhile).

    ``event`` names a type (empty: any), ``where`` values of fields (``{"x": "TRADE"}``),
    ``times`` how many events it strikes (None: all), ``after`` how many pass before it.
    """

    kind: str = attrs.field(validator=attrs.validators.in_(EVENT_FAULTS))
    event: str = ""
    where: dict[str, str] = attrs.field(factory=dict)
    times: int | None = 1
    after: int = 0
    delay_ms: int = 0
    hits: int = 0
    passed: int = 0

    def strikes(self, event: Json) -> bool:
        """Say whether this event is spoiled, and count it."""
        if self.event not in ("", event["e"]) or (
            self.times is not None and self.hits >= self.times
        ):
            return False
        if any(event.get(name) != value for name, value in self.where.items()):
            return False
        if self.passed < self.after:
            self.passed += 1
            return False
        self.hits += 1
        return True


@attrs.define(kw_only=True, eq=False)
class Subscription:
    """One account's events on one connection."""

    socket: Socket
    number: int
    account: str | None
    expires_ms: int
    held: Json = None


@attrs.frozen(kw_only=True)
class Token:
    """A listen token and what it opens."""

    account: str | None
    expires_ms: int


def execution_report(execution: Execution) -> Json:
    """Return the ``executionReport`` of one change of an order."""
    order, fill = execution.order, execution.fill
    ask = order.ask
    canceled = execution.cancel_id is not None
    report = {
        "e": "executionReport",
        "E": execution.time,
        "s": ask.symbol,
        "c": execution.cancel_id if canceled else ask.client_id,
        "S": ask.side,
        "o": ask.type,
        "f": ask.time_in_force,
        "q": amount(order.quantity),
        "p": amount(ask.price or ZERO),
        "P": amount(ask.stop_price or ZERO),
        "F": amount(ask.iceberg),
        "g": -1,
        "C": ask.client_id if canceled else "",
        "x": execution.kind,
        "X": execution.status,
        "r": "NONE",
        "i": order.id,
        "l": amount(fill.quantity if fill else ZERO),
        "z": amount(order.executed),
        "L": amount(fill.price if fill else ZERO),
        "n": amount(fill.commission) if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": order.updated,
        "t": fill.trade_id if fill else -1,
        "I": order.id * 100 + len(order.fills),
        "w": order.working and order.is_open,
        "m": bool(fill and fill.maker),
        "M": False,
        "O": order.time,
        "Z": amount(order.quote_executed),
        "Y": amount(fill.quote_quantity if fill else ZERO),
        "Q": amount(ask.quote_quantity or ZERO),
        "V": ask.stp_mode,
    }
    if order.working_time is not None:
        report["W"] = order.working_time
    if order.expiry_reason is not None:
        report["eR"] = order.expiry_reason
    return report


class UserStreams:
    """Tokens and subscriptions. A listener of the venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._tokens: dict[str, Token] = {}
        self.subscriptions: list[Subscription] = []
        self.faults: list[EventFault] = []
        self.events_sent = 0

    # ------------------------------------------------------------------ tokens

    def issue(self, account: str | None, validity_ms: int) -> Json:
        """Return a new token for the events of ``account`` (None: the cross account)."""
        now = self._venue.clock.now_ms()
        seed = f"{account} {now} {len(self._tokens)}"
        token = hashlib.sha512(seed.encode()).hexdigest()[:68]
        self._tokens[token] = Token(account=account, expires_ms=now + validity_ms)
        return {"token": token, "expirationTime": now + validity_ms}

    def subscribe(self, socket: Socket, token: str) -> Json:
        """Send the events ``token`` opens to ``socket``; a later token of the account extends.

        Raises:
            ApiError: -1209 for a token that is unknown or expired.
        """
        found = self._tokens.get(token)
        if found is None or found.expires_ms <= self._venue.clock.now_ms():
            raise ApiError(-1209, "Invalid listenToken.")
        mine = [s for s in self.subscriptions if s.socket is socket]
        for subscription in mine:
            if subscription.account == found.account:
                subscription.expires_ms = found.expires_ms
                return _subscribed(subscription)
        fresh = Subscription(
            socket=socket,
            number=max((s.number for s in mine), default=-1) + 1,
            account=found.account,
            expires_ms=found.expires_ms,
        )
        self.subscriptions.append(fresh)
        return _subscribed(fresh)

    def unsubscribe(self, socket: Socket, number: int | None) -> None:
        """End one subscription of ``socket``, or all of them (-2036 when there is none)."""
        ended = [s for s in self.subscriptions if s.socket is socket and number in (None, s.number)]
        if number is not None and not ended:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for subscription in ended:
            self._terminate(subscription)

    def drop(self, socket: Socket) -> None:
        """Forget a connection that is gone."""
        self.subscriptions = [s for s in self.subscriptions if s.socket is not socket]

    def expire(self) -> None:
        """End what was not extended in time."""
        now = self._venue.clock.now_ms()
        for subscription in [s for s in self.subscriptions if s.expires_ms <= now]:
            self._terminate(subscription)

    def revoke(self) -> None:
        """Make every token invalid at once, and end every subscription."""
        self._tokens.clear()
        for subscription in list(self.subscriptions):
            self._terminate(subscription)

    def _terminate(self, subscription: Subscription) -> None:
        self.subscriptions.remove(subscription)
        event = {"e": "eventStreamTerminated", "E": self._venue.clock.now_ms()}
        self._deliver(subscription, event)

    # ------------------------------------------------------------------ events

    def executed(self, execution: Execution) -> None:
        """Send an ``executionReport``."""
        self._send(execution.order.account_key, execution_report(execution))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Send an ``outboundAccountPosition``: free and locked, never debt."""
        now = self._venue.clock.now_ms()
        self._send(
            account.symbol,
            {
                "e": "outboundAccountPosition",
                "E": now,
                "u": now,
                "B": [
                    {
                        "a": asset,
                        "f": amount(account.of(asset).free),
                        "l": amount(account.of(asset).locked),
                    }
                    for asset in assets
                ],
            },
        )

    def moved(self, account: Account, asset: str, delta: Decimal) -> None:
        """Send a ``balanceUpdate``."""
        now = self._venue.clock.now_ms()
        event = {"e": "balanceUpdate", "E": now, "a": asset, "d": amount(delta), "T": now}
        self._send(account.symbol, event)

    def traded(self, symbol: str, trade: MarketTrade) -> None:
        """Public trades are no user events."""

    def quoted(self, symbol: str) -> None:
        """Quotes are no user events."""

    def _send(self, account: str | None, event: Json) -> None:
        fault = next((f for f in self.faults if f.strikes(event)), None)
        kind = fault.kind if fault is not None else ""
        for subscription in [s for s in self.subscriptions if s.account == account]:
            if kind == "lose":
                continue
            if kind == "reorder":
                subscription.held = event
                continue
            if fault is not None and kind == "delay":
                loop = asyncio.get_running_loop()
                loop.call_later(fault.delay_ms / 1000, self._deliver, subscription, event)
                continue
            self._deliver(subscription, event)
            if kind == "duplicate":
                self._deliver(subscription, event)
            if subscription.held is not None:
                held, subscription.held = subscription.held, None
                self._deliver(subscription, held)

    def _deliver(self, subscription: Subscription, event: Json) -> None:
        self.events_sent += 1
        subscription.socket.send(dumps({"subscriptionId": subscription.number, "event": event}))


def _subscribed(subscription: Subscription) -> Json:
    """Return the answer; its expiration is in microseconds, unlike the token's own."""
    return {
        "subscriptionId": subscription.number,
        "expirationTime": subscription.expires_ms * 1000,
    }
