"""What a person has to look at is said with its code, since when, and what to do."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson_domain import ClientOrderId, CloseReason, OrderStatus, Position, PositionStatus
from robson_domain.testing import a_ledger, a_position, an_order
from robsond.attention import warnings

LEDGER = a_ledger()
SINCE = 1_790_000_000_000_000_000


def refused_stop(code: str = "-2010", times: int = 3, **over: Any) -> Position:
    stop = attrs.evolve(an_order(), status=OrderStatus.REJECTED, reject_code=code)
    position = a_position(venue_stop=stop, stop_rejections=times, stop_refused_at=SINCE)
    return attrs.evolve(position, **over)


def test_a_stop_refused_again_and_again() -> None:
    (said,) = warnings(LEDGER, [refused_stop()])
    assert said.startswith("BTCUSDT: no stop rests at the exchange; it has refused 3 in a row")
    assert "since 2026-09-21 14:13:20 UTC (code -2010)." in said
    assert f"robson close {a_position().position_id}" in said


def test_the_code_of_the_last_one_is_told_while_the_next_is_on_its_way() -> None:
    before = refused_stop()
    stop = before.venue_stop
    assert stop is not None
    on_its_way = attrs.evolve(
        stop,
        client_order_id=ClientOrderId("robson_core_next"),
        status=OrderStatus.SUBMITTED,
        reject_code="",
    )
    after = attrs.evolve(before, venue_stop=on_its_way, past_stops=(stop,))
    assert "(code -2010)" in warnings(LEDGER, [after])[0]


def test_what_is_not_known_is_left_out() -> None:
    (said,) = warnings(LEDGER, [refused_stop("", stop_refused_at=0)])
    assert "refused 3 in a row. The trailing stop" in said


def test_an_exit_refused_again_and_again() -> None:
    order = attrs.evolve(an_order(), status=OrderStatus.REJECTED, reject_code="-3041")
    leaving = a_position(
        PositionStatus.EXITING,
        exit_reason=CloseReason.TRAILING_STOP,
        exit_order=order,
        exit_rejections=9,
    )
    (said,) = warnings(LEDGER, [leaving])
    assert "refused the exit 9 times in a row (code -3041)" in said
    assert f"robson why {leaving.position_id}" in said


@pytest.mark.parametrize("over", [{"times": 2}, {"status": PositionStatus.CLOSED}])
def test_a_refusal_now_and_then_is_no_warning(over: dict[str, Any]) -> None:
    assert warnings(LEDGER, [refused_stop(**over)]) == []


def test_a_warning_of_the_account_says_where_to_look() -> None:
    ledger = attrs.evolve(LEDGER, quarantined=((a_position().symbol, "x"),), another_robson="o")
    assert warnings(ledger, []) == [
        f"{a_position().symbol} is quarantined: x. See: robson safety-net",
        "another Robson was seen: order o. See: robson safety-net",
    ]
