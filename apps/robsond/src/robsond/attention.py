"""What a person has to look at, in words: the warnings of ``robson status``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from robson_domain import Ledger, Position
from robsond.wire import moment

SEE_NET: Final = "See: robson safety-net"
REFUSED_OFTEN: Final = 3
"""Refusals in a row from which a person is told; the alerts begin with the same one."""


def warnings(ledger: Ledger, positions: Iterable[Position]) -> list[str]:
    """Return what waits for a person: what keeps entries from being made, then refused orders."""
    found = [
        f"{symbol} is quarantined: {problem}. {SEE_NET}" for symbol, problem in ledger.quarantined
    ]
    if ledger.another_robson:
        found.append(f"another Robson was seen: order {ledger.another_robson}. {SEE_NET}")
    for one in positions:
        if not one.is_closed:
            found.extend(_refused(one))
    return found


def _refused(one: Position) -> Iterator[str]:
    if one.exit_reason is not None:
        if one.exit_rejections >= REFUSED_OFTEN:
            code = one.exit_order.reject_code if one.exit_order else ""
            yield (
                f"{one.symbol}: the exchange has refused the exit {one.exit_rejections} times in a "
                f"row{_coded(code)}; it is sent again until it is taken. Close it at the exchange "
                f"yourself if you can. See: robson why {one.position_id}"
            )
    elif one.stop_rejections >= REFUSED_OFTEN:
        yield (
            f"{one.symbol}: no stop rests at the exchange; it has refused {one.stop_rejections} in "
            f"a row{_since(one)}{_coded(_last_code(one))}. The trailing stop is watched while "
            "Robson runs; if it ends, nothing bounds the loss. Look at the pair's open orders and "
            f"free balance there, or end the position: robson close {one.position_id}"
        )


def _last_code(one: Position) -> str:
    """Return the code of the last stop that was refused; the next may be on its way."""
    tried = (*one.past_stops, *((one.venue_stop,) if one.venue_stop else ()))
    return next((order.reject_code for order in reversed(tried) if order.reject_code), "")


def _coded(code: str) -> str:
    return f" (code {code})" if code else ""


def _since(one: Position) -> str:
    if not one.stop_refused_at:
        return ""
    date, _, time = moment(one.stop_refused_at).partition("T")
    return f" since {date} {time[:8]} UTC"
