"""Bodies of the API about what the person opened by hand, in the order people read it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from robsond.dto import Pair, PositionView
from robsond.wire import Amount, Distance, Moment, Signed


class SafetyNetBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the Safety Net may do from now on."""

    mode: Literal["observe", "act"]


class PairRuleBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with what you hold on a pair.

    watch guards what trades explain, adopt guards the collateral too, ignore leaves it alone.
    """

    rule: Literal["watch", "adopt", "ignore"]


class HandOverBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A guarded position goes to Robson: from now on its stop trails.

    Without ``stop_distance`` it trails at the distance that the guard has.
    """

    stop_distance: Distance | None = None


class ClearBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """You have dealt with a quarantined pair; ``symbol`` null = with another Robson."""

    symbol: Pair | None = None


class SeenPairView(Struct, kw_only=True):
    """A pair as the last look of the Safety Net found it.

    ``position_id`` is the guard's, or that of Robson's own position on the pair. ``distance`` is
    how far the price still is from the stop, quote currency; below zero it has passed it.
    """

    symbol: str
    side: Literal["long", "short"] | None
    state: str
    reason: str | None
    quantity: Amount
    collateral: Signed
    entry_price: Amount | None
    price: Amount | None
    stop: Amount | None
    distance: Signed | None
    position_id: str | None


class PairRuleView(Struct, kw_only=True):
    """What you want done with a pair, where that is not to watch it."""

    symbol: str
    rule: Literal["watch", "adopt", "ignore"]


class QuarantineView(Struct, kw_only=True):
    """A pair that a person has to look at; nothing is entered there until they have."""

    symbol: str
    problem: str


class SafetyNetReply(Struct, kw_only=True):
    """What the Safety Net may do and what it saw last.

    ``is_running`` is false where nothing of yours can be: on a paper account. ``failed`` says why
    the last look gave no answer; the pairs are then those of no look.
    """

    mode: Literal["observe", "act"]
    is_running: bool
    poll_seconds: int
    looked_at: Moment | None
    age_ms: int | None
    failed: str | None
    pairs: list[SeenPairView]
    guards: list[PositionView]
    rules: list[PairRuleView]
    quarantined: list[QuarantineView]
    another_robson: str | None
