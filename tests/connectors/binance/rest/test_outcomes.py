"""The table: what every status and code of the documentation means for each kind of call."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.outcomes import (
    CODES,
    Call,
    Outcome,
    Remedy,
    Ruling,
    banned_until,
    ruling,
)

WRITES = (Call.PLACE, Call.CANCEL, Call.REPAY)
DEFINITE = (
    -1002, -1013, -1015, -1020, -1021, -1022, -1100, -1102, -1104, -1106, -1111, -1121, -1130,
    -2010, -2014, -2015, -20204, -3003, -3004, -3006, -3007, -3008, -3012, -3013, -3015, -3016,
    -3020, -3021, -3022, -3023, -3024, -3027, -3028, -3041, -3044, -3045, -3064, -3065, -3067,
    -11001, -11008, -21003,
)  # fmt: skip
UNKNOWN = (-1000, -1001, -1006, -1007, -1008)


def of(call: Call, code: int, message: str = "no", status: int = 400) -> Ruling:
    return ruling(call, status, json.dumps({"code": code, "msg": message}).encode())[0]


@pytest.mark.parametrize("code", DEFINITE)
def test_definite_refusals_of_an_order(code: int) -> None:
    said = of(Call.PLACE, code)
    assert (said.outcome, said.code, said.message) == (Outcome.REJECTED, str(code), "no")


@pytest.mark.parametrize("code", [*UNKNOWN, -9999, -1, -700000])
def test_unknown_outcomes_leave_writes_in_doubt(code: int) -> None:
    assert {of(call, code).outcome for call in WRITES} == {Outcome.IN_DOUBT}
    assert of(Call.READ, code).outcome is Outcome.RETRYABLE


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 400, 403, 408, 409, 302, 200, 204])
@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"code"', b"\xff\xfe"])
def test_bodies_that_say_nothing(status: int, body: bytes) -> None:
    for call in WRITES:
        assert ruling(call, status, body)[0].outcome is Outcome.IN_DOUBT
    assert ruling(Call.READ, status, body)[0].outcome is Outcome.RETRYABLE


@pytest.mark.parametrize("code", [-2010, -1013, -1003, -1021, -2013, 0])
def test_a_5xx_is_in_doubt_whatever_it_carries(code: int) -> None:
    assert of(Call.PLACE, code, status=503).outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize("status", [401, 404, 405, 410])
def test_statuses_that_refuse(status: int) -> None:
    for call in Call:
        said = ruling(call, status, b"<html>")[0]
        assert (said.outcome, said.code) == (Outcome.REJECTED, f"HTTP {status}")


@pytest.mark.parametrize("status", [418, 429])
@pytest.mark.parametrize("code", [-1003, -1015, -1000, 0])
def test_limits_did_nothing(status: int, code: int) -> None:
    for call in Call:
        said = of(call, code, status=status)
        assert (said.outcome, said.remedy) == (Outcome.RATE_LIMITED, Remedy.SLOW_DOWN)


def test_a_limit_told_by_code_alone() -> None:
    assert of(Call.PLACE, -1003).outcome is Outcome.RATE_LIMITED
    assert of(Call.READ, -1034).outcome is Outcome.RATE_LIMITED


@pytest.mark.parametrize(
    ("message", "outcome", "remedy"),
    [
        ("Duplicate order sent.", Outcome.IN_DOUBT, Remedy.ASK),
        ("Stop price would trigger immediately.", Outcome.REJECTED, Remedy.TRIGGERED),
        ("Account has insufficient balance for requested action.", Outcome.REJECTED, Remedy.NONE),
        ("Order would immediately match and take.", Outcome.REJECTED, Remedy.NONE),
    ],
)
def test_what_the_message_of_2010_decides(message: str, outcome: Outcome, remedy: Remedy) -> None:
    said = of(Call.PLACE, -2010, message)
    assert (said.outcome, said.remedy) == (outcome, remedy)


@pytest.mark.parametrize(
    ("call", "code", "outcome", "remedy"),
    [
        (Call.PLACE, -1021, Outcome.REJECTED, Remedy.RESYNC_CLOCK),
        (Call.READ, -1021, Outcome.RETRYABLE, Remedy.RESYNC_CLOCK),
        (Call.CANCEL, -1021, Outcome.RETRYABLE, Remedy.RESYNC_CLOCK),
        (Call.PLACE, -3007, Outcome.REJECTED, Remedy.WAIT_PENDING),
        (Call.REPAY, -3007, Outcome.RETRYABLE, Remedy.WAIT_PENDING),
        (Call.CANCEL, -2011, Outcome.IN_DOUBT, Remedy.ASK),
        (Call.READ, -2013, Outcome.REJECTED, Remedy.NOT_FOUND),
        (Call.CANCEL, -2013, Outcome.IN_DOUBT, Remedy.NOT_FOUND),
        (Call.READ, -2026, Outcome.REJECTED, Remedy.ARCHIVED),
        (Call.READ, -2039, Outcome.REJECTED, Remedy.NONE),
        (Call.READ, -21003, Outcome.RETRYABLE, Remedy.SLOW_DOWN),
        (Call.READ, -3044, Outcome.RETRYABLE, Remedy.NONE),
        (Call.REPAY, -3015, Outcome.REJECTED, Remedy.NONE),
    ],
)
def test_remedies(call: Call, code: int, outcome: Outcome, remedy: Remedy) -> None:
    said = of(call, code)
    assert (said.outcome, said.remedy) == (outcome, remedy)


@pytest.mark.parametrize("code", [-1125, -1209, -2035, -2036, -2042])
def test_the_codes_of_streams_are_refusals(code: int) -> None:
    assert of(Call.READ, code).outcome is Outcome.REJECTED
    assert code in CODES


def test_done_carries_its_content() -> None:
    assert ruling(Call.READ, 200, b"[1]") == (Ruling(Outcome.DONE), [1])
    assert ruling(Call.READ, 200, b'{"code":200,"msg":"success"}')[0].outcome is Outcome.DONE
    assert ruling(Call.READ, 200, b'{"code":"0","msg":"success"}')[0].outcome is Outcome.DONE


@pytest.mark.parametrize("code", ["-2013", -2013])
def test_an_error_in_a_200_is_an_error(code: object) -> None:
    body = json.dumps({"code": code, "msg": "Order does not exist."}).encode()
    said, content = ruling(Call.READ, 200, body)
    assert (said.remedy, content) == (Remedy.NOT_FOUND, None)


def test_messages_stay_on_one_short_line() -> None:
    said = of(Call.PLACE, -1013, "a\nb\x1b[31m" + "x" * 500)
    assert said.message.startswith("a b [31m")
    assert len(said.message) == 200


def test_the_end_of_a_ban_is_read_from_the_message() -> None:
    text = "Way too much request weight used; IP banned until 1790000123456. Please use streams."
    assert banned_until(text) == 1_790_000_123_456 * 1_000_000
    assert banned_until("too many requests; limit is 6000 per 1 MINUTE") == 0


@given(st.sampled_from(Call), st.integers(100, 599), st.binary(max_size=60))
def test_a_write_is_done_only_with_a_readable_2xx(call: Call, status: int, body: bytes) -> None:
    said, content = ruling(call, status, body)
    if said.outcome is Outcome.DONE:
        assert 200 <= status < 300
    else:
        assert content is None
    if status >= 500:
        assert said.outcome is (Outcome.RETRYABLE if call is Call.READ else Outcome.IN_DOUBT)
