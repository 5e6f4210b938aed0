"""What an order needs, what it locks, what is lent for it and paid back after it."""

from __future__ import annotations

from decimal import Decimal

from tests.binance_exchange import ledger as debts
from tests.binance_exchange.model import BORROWING, REPAYING, Account, Fill, NewOrder, Order
from tests.binance_exchange.pairs import Pair
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import ZERO, ApiError, insufficient, up8


def spends(ask: NewOrder, pair: Pair) -> str:
    """Return the asset that ``ask`` gives away."""
    return pair.quote if ask.side == "BUY" else pair.base


def receives(ask: NewOrder, pair: Pair) -> str:
    """Return the asset that ``ask`` brings in."""
    return pair.base if ask.side == "BUY" else pair.quote


def fund(venue: Venue, account: Account, ask: NewOrder, needed: Decimal) -> Decimal:
    """Make sure ``needed`` is free, borrowing what is missing where the side effect says so.

    Returns:
        What was borrowed.

    Raises:
        ApiError: -2010 without borrowing, -3006 above the limit, -3012 and -3045 of the lender.
    """
    pair = venue.pair(ask.symbol)
    asset = spends(ask, pair)
    missing = up8(needed - account.of(asset).free)
    if missing <= 0:
        return ZERO
    if ask.side_effect not in BORROWING:
        raise insufficient()
    borrow(venue, account, pair, asset, size=missing, how="AUTO")
    return missing


def borrow(
    venue: Venue, account: Account, pair: Pair, asset: str, *, size: Decimal, how: str
) -> int:
    """Lend ``size`` of ``asset`` after the limits were asked (-3006 above them)."""
    index = venue.market(pair.symbol).index
    if size > debts.max_borrowable(account, pair, asset, index):
        raise ApiError(-3006, "Your borrow amount has exceed maximum borrow amount.")
    return venue.ledger.borrow(account, pair, asset, size, now=venue.clock.now_ms(), how=how)


def lock(account: Account, order: Order, asset: str, needed: Decimal) -> None:
    """Set ``needed`` aside for a resting order."""
    balance = account.of(asset)
    balance.free -= needed
    balance.locked += needed
    order.lock_asset, order.locked = asset, needed


def unlock(account: Account, order: Order) -> None:
    """Give back whatever ``order`` still holds."""
    if order.locked:
        balance = account.of(order.lock_asset)
        balance.free += order.locked
        balance.locked -= order.locked
        order.locked = ZERO


def book(venue: Venue, account: Account, order: Order, fill: Fill) -> None:
    """Move the balances of one fill. A resting order pays from what it locked."""
    pair = venue.pair(order.symbol)
    buys = fill.side == "BUY"
    pays = fill.quote_quantity if buys else fill.quantity
    if order.locked:
        share = order.locked * fill.quantity / (order.leaves + fill.quantity)
        share = order.locked if order.leaves == 0 else share
        paying = account.of(order.lock_asset)
        paying.locked -= share
        paying.free += share
        order.locked -= share
    account.of(spends(order.ask, pair)).free -= pays
    comes = fill.quantity if buys else fill.quote_quantity
    got = receives(order.ask, pair)
    fee = fill.commission if fill.commission_asset == got else ZERO
    account.of(got).free += comes - fee
    if order.ask.side_effect in REPAYING:
        repay_from_proceeds(venue, account, got, comes - fee)


def repay_from_proceeds(venue: Venue, account: Account, asset: str, received: Decimal) -> None:
    """Pay debt in ``asset`` back with what was just received; may be made to fail silently."""
    balance = account.of(asset)
    size = min(received, balance.debt, balance.free)
    if size <= 0:
        return
    if venue.silent_repay_failures > 0:
        venue.silent_repay_failures -= 1
        return
    venue.ledger.repay(account, asset, size, now=venue.clock.now_ms(), how="AUTO")


def repay_at_cancel(venue: Venue, account: Account, order: Order) -> None:
    """Pay back what was borrowed for an order that never used it."""
    if not order.borrowed or not order.ask.auto_repay_at_cancel:
        return
    balance = account.of(order.borrow_asset)
    size = min(order.borrowed, balance.free, balance.debt)
    if size > 0:
        venue.ledger.repay(account, order.borrow_asset, size, now=venue.clock.now_ms(), how="AUTO")
