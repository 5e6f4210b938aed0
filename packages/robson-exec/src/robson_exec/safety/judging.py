"""What is to be made of one look at one pair. No question is asked here."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    ZERO_QUANTITY,
    ExternalSeen,
    PairRule,
    Position,
    PositionId,
    Price,
    Quantity,
    SafetyNetMode,
    Side,
    Symbol,
    decimals,
)
from robson_engine.protection import External, covered_by_stops, external_of, follow
from robson_exec.observations import PairSeen
from robson_exec.safety.account_reader import Snapshot
from robson_exec.safety.books import Books, is_settled
from robson_exec.safety.exclusions import Owned

DOUBT: Final = "doubt"
CORE_MANAGED: Final = "core_managed"
CORE_UNRESOLVED: Final = "core_unresolved"
CORE_CLOSED_LATELY: Final = "core_closed_lately"
SURPLUS_UNSTEADY: Final = "surplus_unsteady"
IGNORED: Final = "ignored"


class Steadiness:
    """Figures that must be seen twice, a poll apart, before they count."""

    def __init__(self, apart_ns: int) -> None:
        self._apart_ns = apart_ns
        self._seen: dict[object, tuple[object, int]] = {}

    def holds(self, key: object, figures: object, now: int, *, apart_ns: int | None = None) -> bool:
        """Take note of ``figures``; say whether the same were seen a poll ago, and all since.

        Args:
            apart_ns: How long ago is enough, instead of a poll.
        """
        before = self._seen.get(key)
        if before is None or before[0] != figures:
            self._seen[key] = figures, now
            return False
        return now - before[1] >= (self._apart_ns if apart_ns is None else apart_ns)

    def held(self, key: object, figures: object, now: int) -> bool:
        """Say the same without taking note."""
        before = self._seen.get(key)
        return before is not None and before[0] == figures and now - before[1] >= self._apart_ns

    def forget(self, key: object) -> None:
        """What comes next is seen for the first time."""
        self._seen.pop(key, None)


@attrs.frozen(kw_only=True)
class Judgment:
    """What one look at a pair comes to.

    Attributes:
        seen: For observers; None = there is nothing worth showing.
        external: For the engine; None = nothing may be said (doubt).
    """

    seen: PairSeen | None
    external: ExternalSeen | None = None


def doubtful(symbol: Symbol, why: str, guard: Position | None = None) -> Judgment:
    """Return what comes of a pair about which something could not be found out."""
    seen = PairSeen(
        symbol=symbol,
        side=guard.side if guard else None,
        quantity=guard.open_qty if guard else ZERO_QUANTITY,
        state=DOUBT,
        reason=why,
        position_id=guard.position_id if guard else PositionId(""),
        stop=guard.stop if guard else None,
    )
    return Judgment(seen=seen)


def unsure(seen: PairSeen) -> PairSeen:
    """Return how a pair is shown that waits for a second look: nothing is guarded there yet."""
    why = "nobody knows what was paid; looked at once more"
    return attrs.evolve(seen, state=DOUBT, reason=why, stop=None)


def judge(
    snapshot: Snapshot, owned: Owned, books: Books, steady: Steadiness, now: int, *, notes: bool
) -> Judgment:
    """Return what is the person's on a pair and what may be done about it.

    Args:
        owned: What the layers said before and after the snapshot was read.
        now: Input time, UTC ns.
        notes: Whether this look may be one of the two that must agree; a fresh answer right
            before sending only confirms them.
    """
    symbol = snapshot.symbol
    excluded, key = _excluded(owned, books, symbol), ("surplus", symbol)
    if owned.doubts or excluded != CORE_MANAGED:
        steady.forget(key)
    if owned.doubts:
        return doubtful(symbol, "; ".join(owned.doubts), books.guard(symbol))
    external = _external(snapshot, books)
    if excluded == CORE_MANAGED:
        figures = _surplus(snapshot, external, owned, books)
        check = steady.holds if notes else steady.held
        if figures is None:
            steady.forget(key)
        elif check(key, figures, now):
            excluded = ""
        else:
            # The next looks say whether it stays so; a guard that is there stays, and waits.
            excluded = SURPLUS_UNSTEADY
    if excluded:
        return _skipped(snapshot, owned, books, excluded)
    return _guardable(snapshot, external, books, now)


def _external(snapshot: Snapshot, books: Books) -> External:
    """Return what is the person's, all that is held beside core's when they adopted it."""
    own = books.own(snapshot.symbol)
    found = external_of(
        snapshot.balances, snapshot.trades, own, snapshot.instrument, snapshot.price
    )
    if books.rule(snapshot.symbol) is not PairRule.ADOPT:
        return found
    beside = decimals.sub(snapshot.balances.base.net, own.net_qty)
    quantity = snapshot.instrument.round_qty_down(decimals.absolute(beside))
    if quantity == found.quantity or not snapshot.instrument.is_tradable(quantity, snapshot.price):
        return found
    side = Side.LONG if beside > 0 else Side.SHORT
    signed = decimals.mul(quantity.value, Decimal(side.sign))
    return External(
        symbol=snapshot.symbol,
        side=side,
        quantity=quantity,
        collateral=decimals.sub(beside, signed),
    )


def _excluded(owned: Owned, books: Books, symbol: Symbol) -> str:
    if owned.unresolved:
        return CORE_UNRESOLVED
    if owned.owners:
        return CORE_MANAGED
    if owned.lately:
        return CORE_CLOSED_LATELY
    return IGNORED if books.rule(symbol) is PairRule.IGNORE else ""


def _surplus(
    snapshot: Snapshot, external: External, owned: Owned, books: Books
) -> tuple[object, ...] | None:
    """Return the figures of what the person holds beside core's position, on its side alone.

    None when there is nothing, or when core's position is not as still as it must be.
    """
    core = books.core(snapshot.symbol)
    is_known = len(core) == 1 and owned.owners == (core[0].position_id,)
    if not is_known or not is_settled(core[0]) or external.side is not core[0].side:
        return None
    if books.rule(snapshot.symbol) is PairRule.IGNORE:
        return None
    return external.quantity, snapshot.balances.base.net, core[0].open_qty


def _skipped(snapshot: Snapshot, owned: Owned, books: Books, excluded: str) -> Judgment:
    core = books.core(snapshot.symbol)
    position = core[0] if core else None
    key = position.position_id if position else next(iter(owned.owners), PositionId(""))
    seen = PairSeen(
        symbol=snapshot.symbol,
        side=position.side if position else None,
        quantity=position.open_qty if position else ZERO_QUANTITY,
        entry_price=position.average_entry_price if position else None,
        price=snapshot.price,
        state="ignored" if excluded == IGNORED else "skipped",
        # What waits for a second look is, so far, core's pair like any other.
        reason=CORE_MANAGED if excluded == SURPLUS_UNSTEADY else excluded,
        position_id=key,
        stop=position.stop if position else None,
    )
    return Judgment(seen=seen, external=external_seen(snapshot, excluded=excluded))


def _guardable(snapshot: Snapshot, external: External, books: Books, now: int) -> Judgment:
    side = external.side
    if side is None:
        seen = None
        if external.collateral:
            seen = PairSeen(
                symbol=snapshot.symbol,
                price=snapshot.price,
                collateral=external.collateral,
                state="collateral",
            )
        return Judgment(seen=seen, external=external_seen(snapshot))
    left = _uncovered(snapshot, external, side)
    own_stop = not snapshot.instrument.is_tradable(left, snapshot.price)
    said = external_seen(
        snapshot,
        side=side,
        quantity=ZERO_QUANTITY if own_stop else left,
        entry_price=external.entry_price,
        own_stop=own_stop,
    )
    acts = books.mode is SafetyNetMode.ACT
    guard = books.guard(snapshot.symbol)
    seen = PairSeen(
        symbol=snapshot.symbol,
        side=side,
        quantity=external.quantity if own_stop else left,
        entry_price=external.entry_price,
        price=snapshot.price,
        collateral=external.collateral,
        state="own_stop" if own_stop else "monitored" if acts else "observed",
        position_id=guard.position_id if guard else PositionId(""),
        stop=None if own_stop else _stop(snapshot, external, guard, now),
    )
    return Judgment(seen=seen, external=said)


def _uncovered(snapshot: Snapshot, external: External, side: Side) -> Quantity:
    covered = covered_by_stops(side, snapshot.resting)
    if covered >= external.quantity:
        return ZERO_QUANTITY
    return snapshot.instrument.round_qty_down((external.quantity - covered).value)


def _stop(snapshot: Snapshot, external: External, guard: Position | None, now: int) -> Price | None:
    if guard is not None and guard.side is external.side:
        return guard.stop
    found = follow(None, external, snapshot.instrument, snapshot.price, now)
    return found.stop if found is not None else None


def external_seen(
    snapshot: Snapshot,
    *,
    side: Side | None = None,
    quantity: Quantity = ZERO_QUANTITY,
    entry_price: Price | None = None,
    excluded: str = "",
    own_stop: bool = False,
) -> ExternalSeen:
    """Return the input that tells of a snapshot."""
    balances = snapshot.balances
    return ExternalSeen(
        instrument=snapshot.instrument,
        price=snapshot.price,
        ts_event=balances.ts_event or balances.ts_received,
        ts_received=balances.ts_received,
        side=side,
        quantity=quantity,
        entry_price=entry_price,
        excluded=excluded,
        own_stop=own_stop,
    )
