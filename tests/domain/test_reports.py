"""Reports: one shape for every way to hear of an order, in the words of its lifecycle."""

from __future__ import annotations

from robson_domain import ORDER_TRANSITIONS, OrderReport, OrderStatus, Quantity, ReportStatus
from robson_domain.testing import a_report


def test_reports_speak_the_words_of_the_order_table() -> None:
    """All but one: that an id is unknown is evidence, and moves no order by itself."""
    words = {status.value for status in ReportStatus} - {ReportStatus.NOT_FOUND.value}
    assert words == set(ORDER_TRANSITIONS[OrderStatus.IN_DOUBT])


def test_a_bare_report_knows_no_fills() -> None:
    full = a_report()
    bare = OrderReport(
        client_order_id=full.client_order_id,
        symbol=full.symbol,
        status=ReportStatus.ACCEPTED,
        ts_event=1,
        ts_received=2,
    )
    assert (bare.fills, bare.filled_qty, bare.ts_signed) == ((), Quantity(0), 0)
    assert a_report(status=ReportStatus.NO_REPLY).fills == ()
