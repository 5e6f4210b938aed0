"""What of a pair is the person's: side, quantity and entry, from balances *and* trades.

The venue knows no positions on a netted pair, only balances. What of them is a position the
trades say: the person's own executions, walked from the past to now, running through zero at
every flat. What balances hold beyond that (a deposit, above all) is collateral and never a
position.

Where all executions together leave the account flat nobody has a position: what the person
traded against core's (who closes core's position by hand sells what core had bought) opens nothing
of theirs later.

Invariants (property-tested):
    1. The quantity is never more than the trades explain, nor more than the account holds beside
       what Robson itself opened.
    2. Quantity and collateral together are the account's net base, less Robson's own.
    3. Core's own executions never make a position of the person's, whatever their order. Those of
       the Safety Net do close it: they were made on its behalf.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountTrade,
    ClientOrderId,
    Instrument,
    OrderSide,
    PairBalances,
    Price,
    Quantity,
    Side,
    Symbol,
    TradeId,
    decimals,
)
from robson_domain.identity import CORE_PREFIX

_AGREES: Final = Decimal("0.005")
"""Share by which trades and balances may differ and still tell of one position: interest in base
asset, commissions in it that the venue booked otherwise, and dust."""


@attrs.frozen(kw_only=True)
class OwnTrades:
    """How core's own executions are told from the others of the account.

    Attributes:
        order_ids: Client order ids of core's orders in our journal.
        trade_ids: Venue's ids of core's fills in our log, for trades that name no order.
        net_qty: What the log says core holds of the pair, base asset, signed.
    """

    order_ids: Collection[ClientOrderId] = frozenset()
    trade_ids: Collection[TradeId] = frozenset()
    net_qty: Decimal = Decimal(0)

    def holds(self, trade: AccountTrade) -> bool:
        """Say whether an execution is core's: by the journal, or by a prefix nobody else uses."""
        return (
            trade.client_order_id in self.order_ids
            or trade.fill.trade_id in self.trade_ids
            or trade.client_order_id.startswith(CORE_PREFIX)
        )


@attrs.frozen(kw_only=True)
class External:
    """What the person holds on one pair.

    Attributes:
        side: Direction of the position; None = there is none.
        quantity: What of it trades explain, base asset; what may be guarded.
        entry_price: Average price of what is open; None when trades and balances tell of different
            quantities, so that nobody knows it.
        collateral: What the account holds beyond position and core, base asset, signed.
    """

    symbol: Symbol
    side: Side | None = None
    quantity: Quantity = Quantity(0)
    entry_price: Price | None = None
    collateral: Decimal = Decimal(0)


def external_of(
    balances: PairBalances,
    trades: Iterable[AccountTrade],
    own: OwnTrades,
    instrument: Instrument,
    price: Price,
) -> External:
    """Return what the person holds of a pair.

    Args:
        trades: Of the account on the pair, oldest first, as far back as is known.
        price: What the pair trades at, to tell dust from a position.
    """
    beside = decimals.sub(balances.base.net, own.net_qty)
    run = _walk(trades, own, instrument)
    explained = _overlap(run.quantity, beside)
    quantity = instrument.round_qty_down(decimals.absolute(explained))
    if not instrument.is_tradable(quantity, price):
        return External(symbol=balances.symbol, collateral=beside)
    side = Side.LONG if explained > 0 else Side.SHORT
    signed = decimals.mul(quantity.value, Decimal(side.sign))
    return External(
        symbol=balances.symbol,
        side=side,
        quantity=quantity,
        entry_price=run.entry_price if _agree(run.quantity, explained) else None,
        collateral=decimals.sub(beside, signed),
    )


def _overlap(explained: Decimal, held: Decimal) -> Decimal:
    """Return what both say, signed: the smaller amount of one direction, else nothing."""
    if decimals.mul(explained, held) <= 0:
        return decimals.ZERO
    return min(explained, held) if explained > 0 else max(explained, held)


def _agree(walked: Decimal, explained: Decimal) -> bool:
    missing = decimals.absolute(decimals.sub(walked, explained))
    return missing <= decimals.mul(decimals.absolute(walked), _AGREES)


@attrs.frozen
class _Run:
    """A netted position on the way through its trades.

    Attributes:
        quantity: Base asset, signed.
        cost: Quote asset paid for what is open, signed.
    """

    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def entry_price(self) -> Price:
        """Average price of what is open, to twenty digits; there must be something."""
        return Price(decimals.rounded(decimals.div(self.cost, self.quantity), 20))

    def with_trade(self, amount: Decimal, price: Decimal) -> _Run:
        """Return the run after buying (+) or selling (−) ``amount``."""
        after = decimals.add(self.quantity, amount)
        if not after:
            return _Run()
        if decimals.mul(self.quantity, amount) >= 0:
            return _Run(after, decimals.add(self.cost, decimals.mul(amount, price)))
        if decimals.mul(self.quantity, after) < 0:
            return _Run(after, decimals.mul(after, price))  # through zero: opened here
        share = decimals.div(after, self.quantity)
        return _Run(after, decimals.rounded(decimals.mul(self.cost, share), 40))


def _walk(trades: Iterable[AccountTrade], own: OwnTrades, instrument: Instrument) -> _Run:
    run, account = _Run(), decimals.ZERO
    for trade in trades:
        amount, price = net_amount(trade), trade.fill.price
        account = decimals.add(account, amount)
        if not own.holds(trade):
            run = run.with_trade(amount, price.value)
        # Dust is left where commission is paid in base.
        if _is_dust(account, instrument, price) and not _is_dust(run.quantity, instrument, price):
            run = _Run()
    return run


def _is_dust(amount: Decimal, instrument: Instrument, price: Price) -> bool:
    quantity = instrument.round_qty_down(decimals.absolute(amount))
    return not instrument.is_tradable(quantity, price)


def refs_of(trades: Iterable[AccountTrade]) -> tuple[str, ...]:
    """Return what the venue calls every position that may be open on a pair, oldest first.

    All executions since their net was last flat, core's own included: one of them opened it.

    Args:
        trades: Of the account on the pair, oldest first.
    """
    found: dict[str, None] = {}
    account = decimals.ZERO
    for trade in trades:
        account = decimals.add(account, net_amount(trade))
        if account:
            found[trade.position_ref] = None
        else:
            found.clear()
    return tuple(found)


def since_flat(trades: Sequence[AccountTrade], own: OwnTrades) -> Sequence[AccountTrade]:
    """Return the executions after the last moment at which neither core nor the person held any.

    Nothing before it is needed to know what is open now.
    """
    account, others, begin = decimals.ZERO, decimals.ZERO, 0
    for place, trade in enumerate(trades, start=1):
        amount = net_amount(trade)
        account = decimals.add(account, amount)
        if not own.holds(trade):
            others = decimals.add(others, amount)
        if not account and not others:
            begin = place
    return trades[begin:]


def net_amount(trade: AccountTrade) -> Decimal:
    """Return how a trade changed the base balance, commission in base included."""
    fill = trade.fill
    amount = fill.quantity.value
    if trade.side is OrderSide.SELL:
        amount = decimals.neg(amount)
    if fill.commission_asset != trade.symbol.base:
        return amount
    return decimals.sub(amount, fill.commission.value)
