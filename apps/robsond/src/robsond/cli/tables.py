"""Tables for people: they fit 80 columns, money on the right, nothing said by color alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from robsond.cli import format as fmt

View = Mapping[str, Any]
_BANNERS: Final = {"paper": "bold white on blue", "shadow": "bold black on yellow"}
_ROOMY: Final = 96
"""Columns at which nothing need be left out."""
_LIVE_BANNER: Final = "bold white on red"
_STATUS_STYLE: Final = {
    "Armed": "cyan",
    "Entering": "yellow",
    "Active": "green",
    "Exiting": "yellow",
    "Error": "bold red",
}


def banner(mode: object) -> Text:
    """Return the mode as a banner; anything but paper and shadow is shown as real money."""
    name = str(mode or "unknown").lower()
    return Text(f" {name.upper()} ", style=_BANNERS.get(name, _LIVE_BANNER))


def plain_table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table; the columns named in ``right`` are aligned there."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    figures = frozenset(right)
    for column in columns:
        if column in figures:
            # Never broken over two lines: half a number is another number.
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, no_wrap=column == "id", overflow="fold")
    return table


def gained(value: object) -> Text:
    """Return a gain or loss with sign, arrow and color."""
    return Text(fmt.gain(value), style=fmt.gain_style(value))


def status_word(view: View) -> Text:
    """Return the status, with the reason where there is one."""
    word = str(view.get("status", fmt.MISSING))
    return Text(word, style=_STATUS_STYLE.get(word, ""))


def outcome(view: View) -> str:
    """Return why a position ended or needs a person, in words."""
    if view.get("error"):
        return str(view["error"])
    if view.get("denial_code"):
        return f"denied: {view['denial_code']}"
    return fmt.words(view.get("close_reason") or view.get("exit_reason"))


def position_table(views: Sequence[View], width: int) -> Table:
    """Return positions, one a row; the quantity where ``width`` columns have room for it."""
    roomy = width >= _ROOMY
    figures = ("entry", "stop", *(["quantity"] if roomy else []), "PnL")
    table = plain_table("id", "pair", "status", *figures, right=figures)
    for view in views:
        entry, stop, _ = fmt.prices(view.get("entry_price"), view.get("stop"), view.get("best"))
        table.add_row(
            Text(str(view.get("position_id", fmt.MISSING))),
            pair_side(view),
            status_word(view),
            entry,
            stop,
            *([fmt.figure(view.get("quantity"))] if roomy else []),
            gained(pnl_of(view)),
        )
    return table


def resting(view: View) -> str:
    """Return where the stop order of a position rests at the venue, empty while none does."""
    stop = view.get("venue_stop")
    if not stop:
        return ""
    return (
        f"a stop order for {fmt.figure(stop.get('quantity'))} rests at the venue at "
        f"{fmt.figure(stop.get('stop_price'))} ({_order_status(stop)})"
    )


def pair_side(view: View) -> str:
    """Return ``BTCUSDT long``."""
    return f"{view.get('symbol', fmt.MISSING)} {str(view.get('side', '')).lower()}"


def pnl_of(view: View) -> object:
    """Return the figure that counts: realized once closed, unrealized before."""
    closed = view.get("status") == "Closed"
    return view.get("realized_pnl") if closed else view.get("unrealized_pnl")


def order_table(orders: Sequence[View]) -> Table:
    """Return orders, one a row."""
    table = plain_table("id", "order", "status", "quantity", "price", right=("quantity", "price"))
    for order in orders:
        wanted, filled = fmt.figure(order.get("order_qty")), fmt.figure(order.get("filled_qty"))
        table.add_row(
            Text(str(order.get("client_order_id", fmt.MISSING))),
            f"{order.get('side', '')} {order.get('symbol', '')}",
            _order_status(order),
            wanted if wanted == filled else f"{filled} of {wanted}",
            _order_price(order),
        )
    return table


def _order_status(order: View) -> str:
    return str(order.get("status", fmt.MISSING)).lower().replace("_", " ")


def _order_price(order: View) -> str:
    if order.get("average_price") is None and order.get("stop_price") is not None:
        return f"stop {fmt.figure(order['stop_price'])}"
    return fmt.figure(order.get("average_price"))


def status_parts(
    status: View, positions: Sequence[View], risk: View, width: int
) -> list[RenderableType]:
    """Return what ``robson status`` shows."""
    head = status.get("head") or {}
    events = fmt.count(int(head.get("sequence") or 0), "event")
    line = Text.assemble(
        banner(status.get("mode")),
        f"  {status.get('connector', '')}  trading {status.get('trading_state', fmt.MISSING)}",
    )
    facts = plain_table("", "", right=())
    facts.show_header = False
    rows: list[tuple[str, str | Text]] = [
        ("log", f"{events}, head {fmt.short_hash(head.get('hash'))}"),
        ("running since", f"{fmt.when(status.get('started_at'))} UTC"),
        ("equity", fmt.figure(status.get("equity"), 2)),
        ("realized today", gained(status.get("realized_today"))),
        ("worst-case loss now", Text(fmt.figure(risk.get("worst_case_loss"), 2), style="bold")),
    ]
    if guards := status.get("guards"):
        rows.append(("yours, guarded", f"{guards}  (robson safety-net)"))
    for name, value in rows:
        facts.add_row(name, value)
    live = [view for view in positions if view.get("status") != "Closed"]
    followed = {view.get("symbol") for view in live}
    prices = [one for one in status.get("symbols") or [] if one.get("symbol") in followed]
    if over := finished(status):
        nothing = "Nothing is armed or open."
        parts: list[RenderableType] = [line, facts, "", over]
    else:
        nothing = "Nothing is armed or open. Arm something: robson arm BTCUSDT"
        parts = [line, facts, "", market_table(prices)]
    warnings = [Text(f"Attention: {line}", style="bold") for line in status.get("warnings") or []]
    return [*parts, "", position_table(live, width) if live else nothing, *warnings]


def finished(status: View) -> str:
    """Return that the playback of a recording is over, empty while prices come."""
    playback = status.get("playback") or {}
    if playback.get("state") != "finished":
        return ""
    return (
        f"The playback is finished: {fmt.count(int(playback.get('trades') or 0), 'trade')} up to "
        f"{fmt.when(playback.get('last'))} UTC. No price will come any more."
    )


def market_table(symbols: Sequence[View]) -> RenderableType:
    """Return the last price of each pair and how old it is."""
    if not symbols:
        return "No market data: a pair is followed while a position on it is armed or open."
    table = plain_table("pair", "last price", "age", right=("last price", "age"))
    for entry in symbols:
        table.add_row(
            str(entry.get("symbol", fmt.MISSING)),
            fmt.figure(entry.get("last_price")),
            fmt.span(entry.get("age_ms")),
        )
    return table


def risk_parts(risk: View) -> list[RenderableType]:
    """Return what ``robson risk`` shows."""
    worst = Text.assemble(
        "If every stop is hit now you lose ",
        Text(fmt.figure(risk.get("worst_case_loss"), 2), style="bold"),
        " (fees included; a gap can cost more).",
    )
    table = plain_table("limit", "used", "allowed", right=("used", "allowed"))
    for name, label in _LIMITS.items():
        entry = risk.get(name) or {}
        digits = None if name == "open_positions" else 2
        used, allowed = (fmt.figure(entry.get(part), digits) for part in ("used", "limit"))
        table.add_row(label, used, allowed)
    parts: list[RenderableType] = [worst, "", table]
    # One that only waits can lose nothing yet.
    rows = [row for row in risk.get("per_position") or [] if row.get("status") != "Armed"]
    if rows:
        each = plain_table("position", "loss at the stop", right=("loss at the stop",))
        for row in rows:
            each.add_row(str(row.get("position_id")), fmt.figure(row.get("loss_at_stop"), 2))
        parts += ["", each]
    return parts


_LIMITS: Final = {
    "open_positions": "open positions",
    "total_risk": "total open risk",
    "daily_loss": "loss of the day",
    "drawdown": "fall from the peak",
    "notional": "total size (notional)",
}


def estimate(body: View) -> list[RenderableType]:
    """Return a dry run: figures, and that they are an estimate."""
    table = plain_table("", "", right=())
    table.show_header = False
    table.columns[1].justify = "right"
    for name, value in body.items():
        if name not in ("message", "is_estimate", "denial_code"):
            shown = fmt.figure(value, 2) if name in _AMOUNTS else _cell(value)
            table.add_row(_ESTIMATE.get(name, fmt.words(name)), shown)
    parts: list[RenderableType] = [
        Panel(table, title="estimate, nothing was armed", expand=False),
        _NO_PROMISE,
    ]
    if body.get("denial_code"):
        parts.append(f"Now it would be denied, {body['denial_code']}: {body.get('message')}")
    elif body.get("message"):
        parts.append(f"Now: {body['message']}.")
    return parts


_NO_PROMISE: Final = (
    "An estimate at the present price. The real figures are fixed when the signal\n"
    "comes, and a gap in the market can cost more than the stop says."
)
_AMOUNTS: Final = frozenset({"notional", "risk_amount", "loss_max"})
_ESTIMATE: Final = {
    "price": "entry at about",
    "stop": "stop",
    "notional": "value",
    "risk_amount": "risk budget",
    "loss_max": "most that can be lost",
}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or fmt.MISSING
    return fmt.figure(value)
