"""Things to do in the world, decided by the core and released once durable."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.identity import ClientOrderId, PositionId
from robson_domain.intents import Intent
from robson_domain.symbols import Side, Symbol


@attrs.frozen(kw_only=True)
class PlaceEntryOrder:
    """Send the entry of a position; its intent is durable."""

    intent: Intent


@attrs.frozen(kw_only=True)
class PlaceExitOrder:
    """Send an exit; exits have their own lane past everything else."""

    intent: Intent


@attrs.frozen(kw_only=True)
class PlaceVenueStop:
    """Leave a stop at the venue; its intent is durable."""

    intent: Intent


@attrs.frozen(kw_only=True)
class QueryDebt:
    """Ask what a flat position still owes.

    Attributes:
        side: Of the position: a long owes quote, a short owes base.
        since: When it was opened, UTC ns: interest is counted from there.
    """

    symbol: Symbol
    position_id: PositionId
    side: Side
    since: int


@attrs.frozen(kw_only=True)
class RepayDebt:
    """Pay back what a flat position still owes, then ask again.

    Attributes:
        amount: In ``asset``, at most what the position itself owes.
    """

    symbol: Symbol
    position_id: PositionId
    side: Side
    since: int
    asset: str
    amount: Decimal = attrs.field(converter=decimals.exact)


@attrs.frozen(kw_only=True)
class QueryExternal:
    """Ask what of a pair is the person's, fresh, because a guard is about to send."""

    symbol: Symbol
    position_id: PositionId


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Take back what of an order still works."""

    symbol: Symbol
    client_order_id: ClientOrderId


@attrs.frozen(kw_only=True)
class QueryOrder:
    """Ask what became of an order, with its fills, until the venue knows."""

    symbol: Symbol
    client_order_id: ClientOrderId


@attrs.frozen(kw_only=True)
class QueryAccount:
    """Ask for a fresh snapshot of one pair."""

    symbol: Symbol
    position_id: PositionId


@attrs.frozen(kw_only=True)
class Backfill:
    """Fetch the trades of a pair after ``after_trade_id``, before any live one counts."""

    symbol: Symbol
    after_trade_id: int


@attrs.frozen(kw_only=True)
class Reply:
    """Answer a command of the person.

    Attributes:
        code: Empty when done; otherwise a code such as ``ALREADY_ENTERING`` or ``NOT_FOUND``.
        message: A sentence with what happened or what to do.
    """

    command_id: str
    code: str = ""
    message: str = ""
    positions: tuple[PositionId, ...] = ()


Command = (
    PlaceEntryOrder
    | PlaceExitOrder
    | PlaceVenueStop
    | CancelOrder
    | QueryOrder
    | QueryAccount
    | QueryDebt
    | RepayDebt
    | QueryExternal
    | Backfill
    | Reply
)
