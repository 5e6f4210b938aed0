"""From domain objects to bodies of the API."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final, Literal, cast

from robson_domain import (
    Head,
    Money,
    Order,
    Position,
    PositionStatus,
    Price,
    Symbol,
    decimals,
)
from robson_engine import Estimate, pnl_at
from robson_exec import ArmRequest, LastPrice
from robsond import dto
from robsond.attention import warnings
from robsond.facade import Facade, PlanProgress, Playback
from robsond.wire import moment, moment_or_none

Prices = Mapping[Symbol, LastPrice]
_S: Final = PositionStatus


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def side_of(value: Position | ArmRequest) -> Literal["long", "short"]:
    """Return the direction as the API writes it."""
    return "long" if value.side.value == "LONG" else "short"


def _ratio(value: Decimal, quantity: Decimal) -> str | None:
    if not quantity:
        return None
    return decimals.text(decimals.rounded(decimals.div(value, quantity), 20))


def head(value: Head) -> dto.HeadView:
    """Return the end of the log."""
    return dto.HeadView(sequence=value.sequence, hash=value.hash, epoch=value.epoch)


def last_price(position: Position, prices: Prices) -> Price | None:
    """Return the last price of a position's pair, when one was seen."""
    seen = prices.get(position.symbol)
    return seen.price if seen else None


def unrealized(position: Position, prices: Prices) -> Money | None:
    """Return the PnL if what is open were closed at the last price; None when nothing is."""
    price = last_price(position, prices)
    if price is None or not position.open_qty or position.is_closed:
        return None
    return pnl_at(position, price)


def fees(position: Position) -> Decimal:
    """Return commissions paid, quote currency; those in base valued at the entry price."""
    price = position.average_entry_price
    in_base = decimals.ZERO
    if price is not None:
        in_base = decimals.mul(position.fees_base.value, price.value)
    return decimals.rounded(decimals.add(position.fees_quote.value, in_base), 20)


def position(value: Position, prices: Prices) -> dto.PositionView:
    """Return one position."""
    entry = value.entry_order
    quantity = value.entry_qty or (entry.order_qty if entry else None)
    return dto.PositionView(
        position_id=value.position_id,
        kind="guard" if value.is_guard else "core",
        symbol=str(value.symbol),
        side=side_of(value),
        status=value.status.value,
        detector=value.detector.name,
        params=dict(value.detector.params),
        armed_at=moment(value.armed_at),
        expires_at=moment_or_none(value.expires_at),
        entry_price=_text(value.average_entry_price),
        quantity=_text(quantity),
        open_qty=str(value.open_qty),
        best=_text(value.best),
        stop=_text(value.stop),
        venue_stop=_venue_stop(value.working_stop),
        stop_distance=_text(value.stop_distance),
        last_price=_text(last_price(value, prices)),
        unrealized_pnl=_text(unrealized(value, prices)),
        realized_pnl=str(value.realized_pnl),
        exit_price=_ratio(value.exit_value.value, value.exit_qty.value),
        exit_reason=value.exit_reason.value if value.exit_reason else None,
        close_reason=value.close_reason.value if value.close_reason else None,
        closed_at=moment_or_none(value.closed_at),
        denial_code=value.denial_code or None,
        error=value.error or None,
        fees=decimals.text(fees(value)),
        interest=decimals.text(value.interest),
        debt=decimals.text(value.debt),
        dust=decimals.text(value.dust),
        capital=str(value.risk.capital),
        risk_percent=decimals.text(value.risk.risk_percent),
        risk_amount=str(value.risk.risk_amount),
        sequence=value.sequence,
    )


def _venue_stop(value: Order | None) -> dto.VenueStopView | None:
    if value is None:
        return None
    return dto.VenueStopView(
        client_order_id=value.client_order_id,
        status=value.status.value,
        quantity=str(value.leaves_qty),
        stop_price=_text(value.stop_price),
    )


def order(value: Order) -> dto.OrderView:
    """Return one order."""
    return dto.OrderView(
        client_order_id=value.client_order_id,
        venue_order_id=value.venue_order_id or None,
        position_id=value.position_id,
        symbol=str(value.symbol),
        side="buy" if value.side.value == "BUY" else "sell",
        kind=value.kind.lower(),
        status=value.status.value,
        order_qty=str(value.order_qty),
        filled_qty=str(value.filled_qty),
        stop_price=_text(value.stop_price),
        average_price=_text(value.average_price),
        reject_code=value.reject_code or None,
        created_at=moment(value.ts_created),
    )


def estimate(request: ArmRequest, value: Estimate) -> dto.EstimateView:
    """Return what arming would lead to now."""
    denial = value.denial
    return dto.EstimateView(
        symbol=str(request.symbol),
        side=side_of(request),
        price=str(value.entry_price),
        stop=_text(value.stop),
        stop_distance=_text(value.stop_distance),
        quantity=str(value.quantity),
        notional=str(value.notional),
        risk_amount=str(request.risk.risk_amount),
        loss_max=str(value.max_loss),
        denial_code=denial.code.value if denial else None,
        message=denial.message if denial else "would be entered if the signal came now",
    )


def orders_of(value: Position) -> tuple[Order, ...]:
    """Return every order of a position, oldest first."""
    return tuple(sorted(value.orders, key=lambda order: order.ts_created))


def status(facade: Facade) -> dto.StatusReply:
    """Return what runs here and how it stands."""
    about, now, ledger = facade.about(), facade.now(), facade.ledger()
    found, prices = facade.positions(), facade.prices()
    counts = {status: sum(1 for one in found if one.status is status) for status in _S}
    open_pnl = [pnl.value for one in found if (pnl := unrealized(one, prices)) is not None]
    return dto.StatusReply(
        mode=about.mode,
        connector=about.connector,
        data_dir=about.data_dir,
        trading_state="ACTIVE",
        started_at=moment(about.started_at),
        now=moment(now),
        version=version("robsond"),
        head=head(facade.head()),
        armed=counts[_S.ARMED],
        entering=counts[_S.ENTERING],
        open=counts[_S.ACTIVE],
        exiting=counts[_S.EXITING],
        error=counts[_S.ERROR],
        closed=counts[_S.CLOSED],
        capital=str(ledger.capital),
        equity=str(ledger.equity),
        realized_today=str(ledger.realized_on(now)),
        unrealized_pnl=decimals.text(decimals.total(open_pnl)),
        guards=sum(1 for one in facade.guards() if not one.is_closed),
        warnings=warnings(ledger, found),
        symbols=[_price(symbol, seen, now) for symbol, seen in prices.items()],
        recovered=dto.RecoveredView(
            events=about.recovery.events,
            positions=about.recovery.positions,
            unresolved=about.recovery.unresolved,
        ),
        playback=_playback(about.playback),
        plan=_plan(about.plan),
    )


def _price(symbol: Symbol, seen: LastPrice, now: int) -> dto.PriceView:
    age_ms = seen.age_ns(now) // 1_000_000
    return dto.PriceView(symbol=str(symbol), last_price=str(seen.price), age_ms=age_ms)


def _playback(value: Playback | None) -> dto.PlaybackView | None:
    if value is None:
        return None
    return dto.PlaybackView(
        state=value.state,
        market_time=moment(value.now),
        first=moment(value.first),
        last=moment(value.last),
        trades=value.trades,
    )


def _plan(value: PlanProgress | None) -> dto.PlanView | None:
    if value is None:
        return None
    return dto.PlanView(steps=value.steps, done=value.done, problems=list(value.problems))


def json_object(value: object) -> dict[str, Any]:
    """Return a JSON value that is known to be an object."""
    return cast(dict[str, Any], value)
