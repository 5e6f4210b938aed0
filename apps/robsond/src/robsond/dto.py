"""Bodies of the API: what comes in and what goes out, in the order people read it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from robsond.wire import Amount, Distance, Moment, Nanoseconds, Signed

Pair = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9/_-]{5,26}$",
        description="Pair such as BTCUSDT; lower case and separators are accepted.",
        examples=["BTCUSDT"],
    ),
]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Value = Annotated[str, Meta(max_length=64)]
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class ArmBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A position to arm: its detector may then enter once."""

    symbol: Pair
    side: Annotated[str, Meta(pattern="^([Ll][Oo][Nn][Gg]|[Ss][Hh][Oo][Rr][Tt])$")] = "long"
    strategy: Word | None = None
    params: dict[Word, Value | Whole] = field(default_factory=dict)
    capital: Amount | None = None
    risk_percent: Amount | None = None
    confirm_risk_percent: Amount | None = None
    stop: Amount | None = None
    stop_distance: Distance | None = None
    expires: (
        Annotated[int, Meta(ge=1, le=31_536_000)]
        | Annotated[str, Meta(min_length=10, max_length=40)]
        | None
    ) = None
    accept_costs: bool = False
    dry_run: bool = False


class EmptyBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing to say; sent as ``{}`` so that no other site's form can do it."""


class ErrorDetail(Struct, kw_only=True):
    """What went wrong and what to do.

    ``field`` names the part of the request to change; ``id`` finds the entry in the log.
    """

    code: str
    message: str
    field: str | None = None
    id: str | None = None


class ErrorReply(Struct, kw_only=True):
    """The one shape of every error."""

    error: ErrorDetail


class VenueStopView(Struct, kw_only=True):
    """A stop order of ours at the venue, as last made durable."""

    client_order_id: str
    status: str
    quantity: Amount
    stop_price: Amount | None


class PositionView(Struct, kw_only=True):
    """A position as last made durable; amounts in quote currency, quantities in base asset.

    ``kind`` is guard for a position you opened by hand. ``venue_stop`` is the stop order that rests
    at the venue, None while none does. ``interest`` and ``debt`` are in the borrowed asset: quote
    currency for a long, base asset for a short.
    """

    position_id: str
    kind: Literal["core", "guard"]
    symbol: str
    side: Literal["long", "short"]
    status: Literal["Armed", "Entering", "Active", "Exiting", "Closed", "Error"]
    detector: str
    params: dict[str, str]
    armed_at: Moment
    expires_at: Moment | None
    entry_price: Amount | None
    quantity: Amount | None
    open_qty: Amount
    best: Amount | None
    stop: Amount | None
    venue_stop: VenueStopView | None
    stop_distance: Amount | None
    last_price: Amount | None
    unrealized_pnl: Signed | None
    realized_pnl: Signed
    exit_price: Amount | None
    exit_reason: str | None
    close_reason: str | None
    closed_at: Moment | None
    denial_code: str | None
    error: str | None
    fees: Signed
    interest: Signed
    debt: Signed
    dust: Signed
    capital: Amount
    risk_percent: Amount
    risk_amount: Amount
    sequence: int


class PositionsReply(Struct, kw_only=True):
    """Positions in the order of arming."""

    positions: list[PositionView]


class PositionReply(Struct, kw_only=True):
    """One position."""

    position: PositionView


class EstimateView(Struct, kw_only=True):
    """What arming would do if the detector fired now; an estimate, no promise."""

    symbol: str
    side: Literal["long", "short"]
    price: Amount
    stop: Amount | None
    stop_distance: Amount | None
    quantity: Amount
    notional: Amount
    risk_amount: Amount
    loss_max: Amount
    denial_code: str | None
    message: str
    is_estimate: Literal[True] = True


class EstimateReply(Struct, kw_only=True):
    """Answer to ``dry_run``."""

    estimate: EstimateView


class PanicReply(Struct, kw_only=True):
    """Which positions are being closed and which were disarmed."""

    closing: list[str]
    disarmed: list[str]


class OrderView(Struct, kw_only=True):
    """One of our orders as last made durable."""

    client_order_id: str
    venue_order_id: str | None
    position_id: str
    symbol: str
    side: Literal["buy", "sell"]
    kind: str
    status: str
    order_qty: Amount
    filled_qty: Amount
    stop_price: Amount | None
    average_price: Amount | None
    reject_code: str | None
    created_at: Moment


class OrdersReply(Struct, kw_only=True):
    """Orders, oldest first."""

    orders: list[OrderView]


class HeadView(Struct, kw_only=True):
    """The end of the log."""

    sequence: int
    hash: str
    epoch: str


class EventsReply(Struct, kw_only=True):
    """Events exactly as stored, in sequence.

    ``next_after`` is the value of ``after`` that continues; None at the end of the log.
    """

    events: list[dict[str, Any]]
    head: HeadView
    next_after: int | None


class PriceView(Struct, kw_only=True):
    """Last price seen of a pair."""

    symbol: str
    last_price: Amount | None
    age_ms: int | None


class PlaybackView(Struct, kw_only=True):
    """Where the playback of a recording stands."""

    state: Literal["running", "finished"]
    market_time: Moment
    first: Moment
    last: Moment
    trades: int


class PlanView(Struct, kw_only=True):
    """Where the daemon's own plan stands."""

    steps: int
    done: int
    problems: list[str]


class RecoveredView(Struct, kw_only=True):
    """What the start-up found."""

    events: int
    positions: int
    unresolved: int


class StatusReply(Struct, kw_only=True):
    """What runs here and how it stands.

    The counts are of Robson's own positions; ``guards`` are those of yours that are watched.
    ``warnings`` need a person: what keeps entries from being made, and orders that the exchange
    refuses again and again.
    """

    mode: str
    connector: str
    data_dir: str
    trading_state: Literal["ACTIVE"]
    started_at: Moment
    now: Moment
    version: str
    head: HeadView
    armed: int
    entering: int
    open: int
    exiting: int
    error: int
    closed: int
    capital: Amount
    equity: Signed
    realized_today: Signed
    unrealized_pnl: Signed
    guards: int
    warnings: list[str]
    symbols: list[PriceView]
    recovered: RecoveredView
    playback: PlaybackView | None
    plan: PlanView | None


class UsageView(Struct, kw_only=True):
    """How much of a limit is used, quote currency."""

    used: Signed
    limit: Amount


class CountView(Struct, kw_only=True):
    """How much of a count is used."""

    used: int
    limit: int


class PositionRiskView(Struct, kw_only=True):
    """What one position loses in all if it is stopped out now, commissions included."""

    position_id: str
    symbol: str
    side: Literal["long", "short"]
    status: str
    open_qty: Amount
    stop: Amount | None
    loss_at_stop: Amount


class RiskReply(Struct, kw_only=True):
    """What can be lost now."""

    daily_loss: UsageView
    total_risk: UsageView
    drawdown: UsageView
    notional: UsageView
    open_positions: CountView
    worst_case_loss: Amount
    per_position: list[PositionRiskView]


class WhyStep(Struct, kw_only=True):
    """One event, in words, and whether deciding again gives the same.

    ``same`` is None where there is nothing to decide again: the event belongs to the step of
    the one before it.
    """

    sequence: int
    event_type: str
    timestamp: Moment
    timestamp_ns: Nanoseconds
    sentence: str
    cause_id: str
    input: dict[str, Any] | None
    same: bool | None
    difference: str | None


class WhyReply(Struct, kw_only=True):
    """A position's life, explained."""

    position_id: str
    steps: list[WhyStep]
    all_same: bool


class VerifyReply(Struct, kw_only=True):
    """Whether the log is what was written: chain, sequence and exported head.

    ``note`` says what could not be compared, when there is no exported head.
    """

    ok: bool
    head: HeadView
    checked: int
    problem: str | None
    sequence: int | None
    note: str | None = None


class ReplayReply(Struct, kw_only=True):
    """Whether folding the log from its first event gives the stored state, byte for byte."""

    ok: bool
    events: int
    positions: int
    head: HeadView
    state_hash: str
    problem: str | None


class HealthReply(Struct, kw_only=True):
    """The process answers."""

    status: Literal["ok"]
    timestamp: Moment


class ReadyReply(Struct, kw_only=True):
    """Whether it may be used: each check in one word."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Literal["ok", "failed"]]
    timestamp: Moment


class CheckView(Struct, kw_only=True):
    """One check with its reason."""

    status: Literal["ok", "failed"]
    detail: str


class DeepHealthReply(Struct, kw_only=True):
    """Every check with its reason, for the person who holds a token."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, CheckView]
    timestamp: Moment
