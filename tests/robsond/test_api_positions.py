"""Arming, looking and ending positions over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from robson_domain import DefinitiveVenueError, InDoubtError, RetryableVenueError
from tests.robsond.api_client import Api, error_of, make_api

BODY = {"symbol": "BTCUSDT", "strategy": "manual", "stop": "59400"}


@pytest.fixture
def api() -> Api:
    return make_api()


async def test_arm_answers_with_the_position(api: Api) -> None:
    answer = await api.post("/api/positions", BODY)
    assert answer.status_code == 201
    position = answer.json()["position"]
    assert position["status"] == "Armed"
    assert position["side"] == "long"
    assert position["params"] == {"stop": "59400"}
    assert position["risk_amount"] == "100"
    assert position["armed_at"] == "2024-08-08T00:00:00.000000000Z"
    listed = (await api.get("/api/positions")).json()["positions"]
    assert listed == [position]


async def test_an_active_position_shows_what_it_is_worth(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(name, "60000", "59400")
    view = (await api.get(f"/api/positions/{name}")).json()["position"]
    assert view["status"] == "Active"
    assert view["entry_price"] == "60000"
    assert view["stop"] == "59400"
    assert view["stop_distance"] == "600"
    assert view["unrealized_pnl"] == "0"
    # 100 / 600, rounded down to the step.
    assert view["open_qty"] == "0.16666"


async def test_close_sends_an_exit_and_says_so(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(name, "60000", "59400")
    answer = await api.post(f"/api/positions/{name}/close")
    assert answer.status_code == 200
    assert answer.json()["position"]["status"] == "Exiting"
    api.machine.exit(name, "60600")
    view = (await api.get(f"/api/positions/{name}")).json()["position"]
    assert (view["status"], view["close_reason"]) == ("Closed", "close")
    assert view["realized_pnl"] == "99.996"
    assert view["exit_price"] == "60600"


async def test_disarm_only_takes_back_what_is_armed(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(name, "60000", "59400")
    refused = await api.post(f"/api/positions/{name}/disarm")
    assert refused.status_code == 409
    assert error_of(refused)["code"] == "ALREADY_ENTERING"


async def test_disarm_ends_an_armed_position(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    done = await api.post(f"/api/positions/{name}/disarm")
    assert done.json()["position"]["close_reason"] == "disarmed"
    again = await api.post(f"/api/positions/{name}/disarm")
    assert (again.status_code, error_of(again)["code"]) == (409, "ALREADY_CLOSED")


async def test_panic_tells_closing_from_disarmed(api: Api) -> None:
    first = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(first, "60000", "59400")
    other = {**BODY, "symbol": "ETHUSDT"}
    second = (await api.post("/api/positions", other)).json()["position"]["position_id"]
    answer = await api.post("/api/panic")
    assert answer.json() == {"closing": [first], "disarmed": [second]}


@pytest.mark.parametrize("action", ["disarm", "close", "ack"])
async def test_unknown_position_is_404(api: Api, action: str) -> None:
    answer = await api.post(f"/api/positions/p-nothing/{action}")
    assert answer.status_code == 404
    assert error_of(answer)["field"] == "position_id"
    assert api.machine.calls == []


async def test_acknowledge_needs_a_position_in_error(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    answer = await api.post(f"/api/positions/{name}/ack")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "NOT_IN_ERROR")


async def test_no_history_says_how_to_go_on(api: Api) -> None:
    answer = await api.post("/api/positions", {"symbol": "BTCUSDT"})
    assert answer.status_code == 422
    assert error_of(answer)["code"] == "NO_HISTORY"
    assert "--stop" in error_of(answer)["message"]


async def test_dry_run_changes_nothing(api: Api) -> None:
    answer = await api.post("/api/positions", {**BODY, "dry_run": True})
    assert answer.status_code == 200
    estimate = answer.json()["estimate"]
    assert estimate["is_estimate"] is True
    assert estimate["loss_max"] == "60"
    assert api.machine.calls == []


async def test_a_venue_that_does_not_answer_is_503(api: Api) -> None:
    api.machine.fail = RetryableVenueError("no route", "TIMEOUT")
    answer = await api.post("/api/positions", BODY)
    assert (answer.status_code, error_of(answer)["code"]) == (503, "VENUE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DefinitiveVenueError("no such pair", "-1121"), 422, "-1121"),
        (DefinitiveVenueError("no"), 422, "VENUE_REFUSED"),
        (InDoubtError("no answer", "TIMEOUT"), 503, "TIMEOUT"),
        (InDoubtError("no answer"), 503, "UNCONFIRMED"),
    ],
    ids=str,
)
async def test_what_the_venue_said_is_passed_on(
    api: Api, error: Exception, status: int, code: str
) -> None:
    api.machine.fail = error
    answer = await api.post("/api/positions", BODY)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert error_of(answer)["message"] == str(error)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbol": "NOPE1"}, "symbol"),
        ({"symbol": 5}, "symbol"),
        ({"side": "up"}, "side"),
        ({"strategy": "magic"}, "strategy"),
        ({"params": {"nonsense": "1"}}, "nonsense"),
        ({"params": {"swing": "x"}}, "swing"),
        ({"params": []}, "params"),
        ({"params": {"swing": 1.5}}, "params"),
        ({"capital": "20000"}, "capital"),
        ({"capital": "0"}, "capital"),
        ({"capital": 100}, "capital"),
        ({"capital": 1.5}, "capital"),
        ({"capital": "1e3"}, "capital"),
        ({"capital": "NaN"}, "capital"),
        ({"capital": "-1"}, "capital"),
        ({"risk_percent": "0"}, "risk_percent"),
        ({"risk_percent": "101"}, "risk_percent"),
        ({"risk_percent": "6"}, "risk_percent"),
        ({"risk_percent": "6", "confirm_risk_percent": "7"}, "risk_percent"),
        ({"stop_distance": "1%"}, "stop"),
        ({"params": {"stop": "1"}}, "stop"),
        ({"stop": "0"}, "stop"),
        ({"stop": None, "stop_distance": "0%"}, "stop_distance"),
        ({"stop": None, "stop_distance": "1%%"}, "stop_distance"),
        ({"expires": 0}, "expires"),
        ({"expires": "tomorrow-morning"}, "expires"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2030-01-01T00:00:00"}, "expires"),
        ({"accept_costs": "maybe"}, "accept_costs"),
    ],
)
async def test_bad_values_are_named_and_change_nothing(
    api: Api, change: dict[str, object], field: str
) -> None:
    answer = await api.post("/api/positions", {**BODY, **change})
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert error["code"] == "BAD_VALUE"
    assert str(error["field"]).startswith(field), error
    assert error["message"]
    assert api.machine.log == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 10_000, b'{"symbol":"BTCUSDT",}', b"NaN"],
)
async def test_a_body_that_is_no_object_is_refused(api: Api, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    from robsond.keys import Scope
    from tests.robsond.api_client import authorization

    answer = await api.client.post(
        "/api/positions", content=content, headers={**headers, **authorization(Scope.TRADE)}
    )
    assert answer.status_code == 400, answer.text
    error_of(answer)
    assert api.machine.log == []


async def test_unknown_fields_are_refused_not_ignored(api: Api) -> None:
    """A misspelled stop that is silently dropped would arm something else."""
    answer = await api.post("/api/positions", {**BODY, "stopp": "1"})
    assert answer.status_code == 400
    assert "stopp" in error_of(answer)["message"]
    assert api.machine.log == []


async def test_high_risk_needs_its_confirmation(api: Api) -> None:
    body = {**BODY, "risk_percent": "6", "confirm_risk_percent": "6.0"}
    assert (await api.post("/api/positions", body)).status_code == 201


@pytest.mark.parametrize("expires", [60, "2024-08-08T00:01:00Z"])
async def test_expiry_is_seconds_or_a_time(api: Api, expires: object) -> None:
    answer = await api.post("/api/positions", {**BODY, "expires": expires})
    assert answer.json()["position"]["expires_at"] == "2024-08-08T00:01:00.000000000Z"


# ------------------------------------------------------------------ idempotency


async def test_the_same_key_arms_once(api: Api) -> None:
    headers = {"Idempotency-Key": "abc"}
    first = await api.post("/api/positions", BODY, headers=headers)
    second = await api.post("/api/positions", BODY, headers=headers)
    assert first.json() == second.json()
    assert api.machine.calls == ["ArmPosition"]


async def test_concurrent_repeats_arm_once(api: Api) -> None:
    headers = {"Idempotency-Key": "abc"}
    answers = await asyncio.gather(
        *(api.post("/api/positions", BODY, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len(api.machine.log) == 1


async def test_a_key_used_for_something_else_is_refused(api: Api) -> None:
    headers = {"Idempotency-Key": "abc"}
    await api.post("/api/positions", BODY, headers=headers)
    other = await api.post("/api/positions", {**BODY, "stop": "59000"}, headers=headers)
    assert (other.status_code, error_of(other)["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_arming_is_recognized_after_a_restart() -> None:
    """A new process has the log but not the memory of keys."""
    first = make_api()
    headers = {"Idempotency-Key": "abc"}
    one = (await first.post("/api/positions", BODY, headers=headers)).json()
    second = make_api(first.machine)
    assert (await second.post("/api/positions", BODY, headers=headers)).json() == one
    for change in ({"side": "short"}, {"symbol": "ETHUSDT"}, {"stop": "59000"},
                   {"risk_percent": "2"}, {"capital": "100"}, {"accept_costs": True},
                   {"expires": 60}, {"strategy": "delay"}):  # fmt: skip
        third = make_api(first.machine)
        other = await third.post("/api/positions", {**BODY, **change}, headers=headers)
        assert (other.status_code, error_of(other)["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert len(first.machine.log) == 1


async def test_a_failed_request_may_be_repeated_under_its_key(api: Api) -> None:
    headers = {"Idempotency-Key": "abc"}
    api.machine.fail = RetryableVenueError("no route", "TIMEOUT")
    assert (await api.post("/api/positions", BODY, headers=headers)).status_code == 503
    api.machine.fail = None
    assert (await api.post("/api/positions", BODY, headers=headers)).status_code == 201


async def test_closing_twice_under_one_key_gives_one_answer(api: Api) -> None:
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(name, "60000", "59400")
    headers = {"Idempotency-Key": "close-1"}
    first = await api.post(f"/api/positions/{name}/close", headers=headers)
    second = await api.post(f"/api/positions/{name}/close", headers=headers)
    assert first.json() == second.json()
    assert api.machine.calls.count("ClosePosition") == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 129, "tab\t"])
async def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    answer = await api.post("/api/positions", BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert error_of(answer)["field"] == "Idempotency-Key"
    assert api.machine.log == []
