"""What observers are told about ownership of pairs and about the Safety Net."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import DetectorSignal, PositionId, Price, Quantity, Side, Symbol


@attrs.frozen(kw_only=True)
class CorePositionOpened:
    """Core owns a pair from now on: its entry intent is durable, or a position owns it again.

    Attributes:
        venue_position_ref: What the venue's records call it; empty before the first fill.
    """

    symbol: Symbol
    side: Side
    position_id: PositionId
    venue_position_ref: str = ""


@attrs.frozen(kw_only=True)
class CorePositionClosed:
    """A position of core does not own its pair any more; that is durable."""

    symbol: Symbol
    side: Side
    position_id: PositionId
    venue_position_ref: str = ""


@attrs.frozen(kw_only=True)
class DetectorSignalFired:
    """A detector's signal was taken; that is durable."""

    signal: DetectorSignal


@attrs.frozen(kw_only=True)
class ExclusionChanged:
    """The live exclusion set changed.

    Attributes:
        added: Whether the pair was added; otherwise it was removed.
    """

    symbol: Symbol
    side: Side
    position_id: PositionId
    added: bool


@attrs.frozen(kw_only=True)
class PairSeen:
    """What the Safety Net makes of one pair.

    Attributes:
        side: Of core's position when skipped for one, otherwise of what is the person's.
        quantity: Likewise, base asset.
        entry_price: Average price, None when nobody knows it.
        price: What the pair trades at, None when nobody knows it.
        collateral: What trades do not explain, base asset, signed.
        state: ``skipped``, ``monitored``, ``observed``, ``ignored``, ``own_stop``, ``collateral``
            or ``doubt``.
        reason: Why it is skipped or in doubt, such as ``core_managed``.
        position_id: Core's position, or the guard.
        stop: Of the guard, or where it would be.
    """

    symbol: Symbol
    side: Side | None = None
    quantity: Quantity = Quantity(0)
    entry_price: Price | None = None
    price: Price | None = None
    collateral: Decimal = Decimal(0)
    state: str
    reason: str = ""
    position_id: PositionId = PositionId("")
    stop: Price | None = None


@attrs.frozen(kw_only=True)
class SafetyNetLooked:
    """The Safety Net looked at the whole account.

    Attributes:
        at: When the look ended, UTC ns.
        pairs: Pairs with something in them; empty when the look failed.
        failed: Why there is no answer; empty when there is one.
    """

    at: int
    pairs: tuple[PairSeen, ...] = ()
    failed: str = ""
