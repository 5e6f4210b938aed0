"""User stream frames to domain types; pure, and total: every frame has an answer.

Events come as ``{"subscriptionId": n, "event": {…}}``; n tells whose they are, because a
position update names no pair. What is not understood is told as such with its n, so that its
pair can be asked for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs
import msgspec

from robson_connectors.binance.parse_stream import SHUTDOWN, Malformed, Refusal, Shutdown
from robson_connectors.trade_frames import Kind, time_ns
from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill, LiquiditySide
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity

_CANCELING: Final = frozenset({"CANCELED", "REPLACED"})
_NO_ID: Final = frozenset({"", "null"})
_TRADE: Final = "TRADE"
_NONE: Final = "NONE"

STATUSES: Final = {
    "NEW": ReportStatus.ACCEPTED,
    "PENDING_NEW": ReportStatus.ACCEPTED,
    "PARTIALLY_FILLED": ReportStatus.PARTIALLY_FILLED,
    "FILLED": ReportStatus.FILLED,
    "CANCELED": ReportStatus.CANCELED,
    "REJECTED": ReportStatus.REJECTED,
    "EXPIRED": ReportStatus.EXPIRED,
    "EXPIRED_IN_MATCH": ReportStatus.EXPIRED,
}
"""What the venue's order statuses mean. ``PENDING_CANCEL`` says what it was before."""


@attrs.frozen
class PushedBalance:
    """What is held of an asset; debt is never pushed."""

    asset: str
    free: Decimal
    locked: Decimal


@attrs.frozen(kw_only=True)
class AccountPosition:
    """The balances that changed.

    Attributes:
        ts_event: Venue time, UTC ns.
    """

    balances: tuple[PushedBalance, ...]
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class BalanceChange:
    """Something came from outside, or went there.

    Attributes:
        amount: Signed, of ``asset``.
        ts_event: Venue time, UTC ns.
    """

    asset: str
    amount: Decimal
    ts_event: int
    ts_received: int


@attrs.frozen
class StreamEnded:
    """The subscription has ended; its token was not renewed."""


@attrs.frozen
class OtherEvent:
    """An event that says only that something has changed."""

    kind: str


UserEvent = OrderReport | AccountPosition | BalanceChange | StreamEnded | OtherEvent | Malformed


@attrs.frozen
class Pushed:
    """One event of one subscription; None when the venue did not say of which."""

    subscription: int | None
    event: UserEvent


@attrs.frozen(kw_only=True)
class UserReply:
    """The answer to a request of ours.

    Attributes:
        request: Our id of it.
        code: The venue's code of a refusal; empty = done.
        subscription: What was subscribed, None when nothing was.
        expires_at: When that ends unless renewed, UTC ns; 0 = not said.
    """

    request: str
    code: str = ""
    message: str = ""
    subscription: int | None = None
    expires_at: int = 0


UserMessage = Pushed | UserReply | Shutdown | Malformed


class _Subscribed(msgspec.Struct):
    subscription: int | None = msgspec.field(default=None, name="subscriptionId")
    expires: int = msgspec.field(default=0, name="expirationTime")


class _Frame(msgspec.Struct):
    subscription: int | None = msgspec.field(default=None, name="subscriptionId")
    event: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""
    id: int | str | None = None
    status: int = 200
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Refusal | None = None


class _Report(msgspec.Struct):
    E: int
    s: str
    c: str
    x: str
    X: str
    i: int
    l: str  # noqa: E741 - the venue's own name
    z: str
    L: str
    T: int
    t: int = -1
    C: str = ""
    r: str = _NONE
    n: str | None = None
    N: str | None = None
    m: bool = False
    expiry: int | str | None = msgspec.field(default=None, name="eR")


class _Balance(msgspec.Struct):
    a: str
    f: str
    l: str  # noqa: E741 - the venue's own name


class _Position(msgspec.Struct):
    E: int
    B: list[_Balance]


class _Change(msgspec.Struct):
    E: int
    a: str
    d: str


class UserParser:
    """Parses the frames of a user stream connection."""

    def __init__(self) -> None:
        self._frame = msgspec.json.Decoder(_Frame).decode
        self._kind = msgspec.json.Decoder(Kind).decode
        self._report = msgspec.json.Decoder(_Report).decode
        self._position = msgspec.json.Decoder(_Position).decode
        self._change = msgspec.json.Decoder(_Change).decode
        self._subscribed = msgspec.json.Decoder(_Subscribed).decode

    def parse(self, frame: bytes, received: int) -> UserMessage:
        """Return what a frame received at ``received`` (UTC ns) says; never raises."""
        try:
            envelope = self._frame(frame)
            if envelope.event:
                event = bytes(envelope.event)
            elif envelope.e:
                event = frame
            elif envelope.id is None and envelope.error is None:
                return Malformed("neither event nor reply")
            else:
                return self._reply(envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return Malformed(str(error))
        return self._pushed(envelope.subscription, event, received)

    def _reply(self, frame: _Frame) -> UserReply:
        request = "" if frame.id is None else str(frame.id)
        if frame.error is not None:
            return UserReply(request=request, code=str(frame.error.code), message=frame.error.msg)
        if frame.status >= 300:
            return UserReply(request=request, code=f"HTTP {frame.status}")
        result = bytes(frame.result)
        found = self._subscribed(result) if result.startswith(b"{") else _Subscribed()
        return UserReply(
            request=request,
            subscription=found.subscription,
            expires_at=time_ns(found.expires),
        )

    def _pushed(self, subscription: int | None, event: bytes, received: int) -> UserMessage:
        try:
            kind = self._kind(event).e
            if kind == SHUTDOWN:
                return Shutdown()
            return Pushed(subscription, self._event(kind, event, received))
        except (msgspec.MsgspecError, ValidationError, UnicodeDecodeError) as error:
            return Pushed(subscription, Malformed(str(error)))

    def _event(self, kind: str, event: bytes, received: int) -> UserEvent:
        if kind == "executionReport":
            return _report(self._report(event), received)
        if kind == "outboundAccountPosition":
            return _position(self._position(event), received)
        if kind == "balanceUpdate":
            return _change(self._change(event), received)
        if kind == "eventStreamTerminated":
            return StreamEnded()
        return OtherEvent(kind) if kind else Malformed("an event without a name")


def _report(found: _Report, received: int) -> OrderReport:
    # A cancellation has an id of its own in ``c``; the order that is meant stands in ``C``.
    is_canceling = found.x in _CANCELING and found.C not in _NO_ID
    return OrderReport(
        client_order_id=ClientOrderId(found.C if is_canceling else found.c),
        symbol=Symbol(found.s),
        status=_status(found),
        ts_event=time_ns(found.E),
        ts_received=received,
        filled_qty=Quantity(found.z),
        fills=_fills(found),
        venue_order_id=str(found.i),
        code="" if found.r == _NONE else found.r,
        message="" if found.expiry is None else f"expired: {found.expiry}",
    )


def _status(found: _Report) -> ReportStatus:
    status = STATUSES.get(found.X)
    if status is not None:
        return status
    if found.X != "PENDING_CANCEL":
        raise ValidationError("status", f"{found.X[:40]!r} is unknown")
    return ReportStatus.PARTIALLY_FILLED if Quantity(found.z) else ReportStatus.ACCEPTED


def _fills(found: _Report) -> tuple[Fill, ...]:
    if found.x != _TRADE:
        return ()
    if found.t < 0:
        raise ValidationError("t", "a trade without an id")
    return (
        Fill(
            trade_id=TradeId(str(found.t)),
            price=Price(found.L),
            quantity=Quantity(found.l),
            commission=Quantity(found.n or "0"),
            commission_asset=found.N or "",
            liquidity=LiquiditySide.MAKER if found.m else LiquiditySide.TAKER,
            ts_event=time_ns(found.T),
        ),
    )


def _position(found: _Position, received: int) -> AccountPosition:
    balances = tuple(
        PushedBalance(
            held.a, decimals.to_decimal(held.f, "free"), decimals.to_decimal(held.l, "locked")
        )
        for held in found.B
    )
    return AccountPosition(balances=balances, ts_event=time_ns(found.E), ts_received=received)


def _change(found: _Change, received: int) -> BalanceChange:
    return BalanceChange(
        asset=found.a,
        amount=decimals.to_decimal(found.d, "amount"),
        ts_event=time_ns(found.E),
        ts_received=received,
    )
