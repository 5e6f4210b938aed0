"""How figures look: exact, grouped, signed, and never hidden."""

from __future__ import annotations

import pytest

from robsond.cli import format as fmt
from robsond.cli.story import owner_of, sentence
from tests.robsond.cli_fake import event


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("61837.63", "61,837.63"),
        ("0.00001234", "0.00001234"),
        ("-0.5", "-0.5"),
        ("-1234567", "-1,234,567"),
        ("1234567.8900", "1,234,567.89"),
        ("0", "0"),
        (None, "-"),
        ("", "-"),
        ("NaN", "NaN"),
        ("three", "three"),
    ],
)
def test_a_figure_is_exact_and_grouped(value: str | None, shown: str) -> None:
    assert fmt.figure(value) == shown


def test_an_amount_is_rounded_half_to_even_for_display() -> None:
    assert [fmt.figure(text, 2) for text in ("1.005", "1.015", "2", "-1234.5")] == [
        "1.00",
        "1.02",
        "2.00",
        "-1,234.50",
    ]


@pytest.mark.parametrize(
    ("value", "shown", "style"),
    [
        ("12.345", "▲ +12.34", "green"),
        ("-1234.5", "▼ -1,234.50", "red"),
        ("0", "0.00", ""),
        ("-0.001", "▼ -0.00", "red"),
        (None, "-", ""),
        ("x", "x", ""),
    ],
)
def test_a_gain_has_arrow_and_sign(value: str | None, shown: str, style: str) -> None:
    assert (fmt.gain(value), fmt.gain_style(value)) == (shown, style)


def test_prices_of_a_pair_share_their_digits() -> None:
    assert fmt.prices("3012.31", "3015.6", None) == ["3,012.31", "3,015.60", "-"]
    average = "59661.84333333333333333333"
    assert fmt.prices(average, "59588.26", "59700") == ["59,661.84", "59,588.26", "59,700.00"]
    assert fmt.prices("0.00001234", "0.0000125") == ["0.00001234", "0.00001250"]
    assert fmt.prices("1.123456789012345") == ["1.1234567890"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_723_161_255_342_999_999, "2024-08-08 23:54:15.342"),
        ("2024-08-08T23:54:15.342999999Z", "2024-08-08 23:54:15.342"),
        ("tomorrow", "tomorrow"),
        (0, "-"),
        (None, "-"),
        (True, "True"),
        (10**30, str(10**30)),
    ],
)
def test_times_are_utc_to_the_millisecond(value: object, shown: str) -> None:
    assert fmt.when(value) == shown


def test_the_time_of_day_is_the_end_of_it() -> None:
    assert fmt.clock(1_723_161_255_342_000_000) == "23:54:15.342"
    assert fmt.clock(None) == "-"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 ms"), (999, "999 ms"), (3_456, "3.4 s"), (119_999, "119.9 s"), (300_000, "5 min")],
)
def test_ages_have_a_unit(value: int, shown: str) -> None:
    assert fmt.span(value) == shown


@pytest.mark.parametrize("value", [None, True, "5"])
def test_an_age_that_is_none_is_shown_as_missing(value: object) -> None:
    assert fmt.span(value) == "-"


def test_counts_agree_with_their_noun() -> None:
    assert [fmt.count(n, "event") for n in (0, 1, 2, 1234)] == [
        "0 events",
        "1 event",
        "2 events",
        "1,234 events",
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("PositionDisarmed", {"reason": "end_of_data"}, "ended before entering: end of data"),
        ("EntryDenied", {"code": "DRAWDOWN", "message": "too deep"}, "entry denied, DRAWDOWN"),
        (
            "ExitTriggered",
            {"reason": "close", "price": None, "stop": "99"},
            "exit: close, stop 99",
        ),
        ("OrderRejected", {"code": "X", "message": "no"}, "order rejected by the venue, X: no"),
        ("OrderInDoubt", {"code": "TIMEOUT", "message": ""}, "asking the venue: TIMEOUT"),
        (
            "OrderResolved",
            {"order_status": "FILLED", "evidence": "asked by id"},
            "order is filled: asked by id",
        ),
        ("PositionCloseRequested", {"reason": "panic"}, "to be closed: panic"),
        ("PositionErrored", {"problem": "sold too much"}, "needs a person: sold too much"),
        (
            "RiskLimitsSet",
            {"capital": "12000", "limits": {"max_open_positions": 3}},
            "risk limits: capital 12,000.00, up to 3 positions",
        ),
        ("PositionArmed", {"command": {}}, "PositionArmed"),
    ],
)
def test_every_event_has_a_sentence(kind: str, fields: dict[str, object], words: str) -> None:
    assert words in sentence(event(1, kind, **fields))


def test_whose_an_event_is() -> None:
    assert owner_of({"position_id": "p-1"}) == "p-1"
    assert owner_of({"position_id": ""}) == "account"
