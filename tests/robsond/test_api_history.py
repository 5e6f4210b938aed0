"""Events, explanation, proofs, risk and metrics over HTTP."""

from __future__ import annotations

import httpx
import pytest

from robson_domain import codec
from tests.robsond.api_client import Api, error_of, make_api

BODY = {"symbol": "BTCUSDT", "strategy": "manual", "stop": "59400"}


@pytest.fixture
async def api() -> Api:
    api = make_api()
    name = (await api.post("/api/positions", BODY)).json()["position"]["position_id"]
    api.machine.enter(name, "60000", "59400")
    return api


async def test_events_are_shown_as_stored(api: Api) -> None:
    answer = (await api.get("/api/events")).json()
    assert answer["events"] == [codec.encode(event) for event in api.machine.log]
    assert answer["head"]["sequence"] == len(api.machine.log)
    assert answer["next_after"] is None


async def test_events_come_in_pages(api: Api) -> None:
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await api.get(f"/api/events?after={after}&limit=2")).json()
        seen += [event["sequence"] for event in page["events"]]
        after = page["next_after"]
    assert seen == list(range(1, len(api.machine.log) + 1))


async def test_events_of_one_type(api: Api) -> None:
    page = (await api.get("/api/events?type=EntryFilled")).json()
    assert [event["type"] for event in page["events"]] == ["EntryFilled"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("type=Nothing", "type"),
    ],
)
async def test_bad_queries_are_named(api: Api, query: str, field: str) -> None:
    answer = await api.get(f"/api/events?{query}")
    assert (answer.status_code, error_of(answer)["field"]) == (400, field)


async def test_events_of_an_unknown_position_are_404(api: Api) -> None:
    assert (await api.get("/api/events?position=p-x")).status_code == 404


async def test_why_lists_every_step(api: Api) -> None:
    name = api.machine.positions()[0].position_id
    answer = (await api.get(f"/api/why/{name}")).json()
    assert [step["sequence"] for step in answer["steps"]] == [1, 2, 3, 4]
    assert answer["all_same"] is True
    one = (await api.get(f"/api/why/{name}?sequence=2")).json()["steps"]
    assert [step["event_type"] for step in one] == ["EntrySignalReceived"]
    missing = await api.get(f"/api/why/{name}?sequence=99")
    assert (missing.status_code, error_of(missing)["field"]) == (404, "sequence")


async def test_proofs(api: Api) -> None:
    verdict = (await api.get("/api/verify-log")).json()
    assert (verdict["ok"], verdict["checked"], verdict["problem"]) == (True, 4, None)
    replayed = (await api.get("/api/replay")).json()
    assert (replayed["ok"], replayed["positions"]) == (True, 1)


async def test_status_counts(api: Api) -> None:
    status = (await api.get("/api/status")).json()
    assert (status["open"], status["armed"], status["equity"]) == (1, 0, "10000")
    assert status["symbols"] == [{"symbol": "BTCUSDT", "last_price": "60000", "age_ms": 0}]
    assert status["playback"] is None


async def test_risk_is_what_the_gate_reckons_with(api: Api) -> None:
    risk = (await api.get("/api/risk")).json()
    # 0.16666 at 600 each; no fees on this venue.
    assert risk["worst_case_loss"] == "99.996"
    assert risk["total_risk"] == {"used": "99.996", "limit": "500"}
    assert risk["daily_loss"] == {"used": "99.996", "limit": "500"}
    assert risk["drawdown"] == {"used": "99.996", "limit": "2000"}
    assert risk["notional"] == {"used": "9999.6", "limit": "100000"}
    assert risk["open_positions"] == {"used": 1, "limit": 5}
    (position,) = risk["per_position"]
    assert (position["loss_at_stop"], position["stop"]) == ("99.996", "59400")


async def test_what_was_lost_today_counts(api: Api) -> None:
    name = api.machine.positions()[0].position_id
    await api.post(f"/api/positions/{name}/close")
    api.machine.exit(name, "59700")
    risk = (await api.get("/api/risk")).json()
    # 0.16666 sold 300 lower.
    assert risk["daily_loss"]["used"] == "49.998"
    assert risk["drawdown"]["used"] == "49.998"
    assert risk["total_risk"]["used"] == "0"
    assert risk["per_position"] == []
    metrics = (await api.get("/metrics")).text
    assert "daily_pnl_usd -49.998" in metrics
    assert 'open_positions{symbol="BTCUSDT"} 0.0' in metrics


async def test_orders(api: Api) -> None:
    (order,) = (await api.get("/api/orders")).json()["orders"]
    assert (order["side"], order["kind"], order["status"]) == ("buy", "entry", "FILLED")
    assert order["average_price"] == "60000"
    assert (await api.get("/api/orders?pending=true")).json() == {"orders": []}


async def test_positions_by_status(api: Api) -> None:
    for status, count in (("active", 1), ("Active", 1), ("open", 1), ("closed", 0), ("armed", 0)):
        answer = await api.get(f"/api/positions?status={status}")
        assert len(answer.json()["positions"]) == count, status
    answer = await api.get("/api/positions?status=sleeping")
    assert (answer.status_code, error_of(answer)["field"]) == (400, "status")


async def test_metrics_say_what_the_log_says(api: Api) -> None:
    api.door.metrics.on_events(api.machine.log)
    text = (await api.get("/metrics")).text
    assert 'orders_submitted_total{order_type="market",side="BUY",symbol="BTCUSDT"} 1.0' in text
    assert 'orders_filled_total{side="BUY",symbol="BTCUSDT"} 1.0' in text
    assert 'open_positions{symbol="BTCUSDT"} 1.0' in text
    api.door.metrics.on_sent(300_000_000)
    text = (await api.get("/metrics")).text
    assert 'order_submission_duration_seconds_bucket{le="0.5"} 1.0' in text
    assert 'order_submission_duration_seconds_bucket{le="0.1"} 0.0' in text
    assert "daily_pnl_usd 0.0" in text


async def test_only_stable_names_are_exported(api: Api) -> None:
    text = (await api.get("/metrics")).text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {name.removesuffix("_total").removesuffix("_created") for name in names} == {
        "orders_submitted", "orders_filled", "orders_failed", "order_submission_duration_seconds",
        "open_positions", "unrealized_pnl_usd", "daily_pnl_usd", "eventbus_published",
        "eventbus_subscribers", "websocket_connections", "websocket_messages_sent",
        "risk_alerts", "safety_net_positions_skipped", "safety_net_positions_monitored",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["position_id", "position"])
async def test_events_and_orders_of_one_position(api: Api, name: str) -> None:
    other = (await api.post("/api/positions", {**BODY, "symbol": "ETHUSDT"})).json()
    mine = api.machine.positions()[0].position_id
    page = (await api.get(f"/api/events?{name}={mine}&limit=1000")).json()
    assert len(page["events"]) == len(api.machine.log) - 1
    assert {event["position_id"] for event in page["events"]} == {mine}
    empty = other["position"]["position_id"]
    assert (await api.get(f"/api/orders?{name}={empty}")).json() == {"orders": []}
    assert len((await api.get(f"/api/orders?{name}={mine}")).json()["orders"]) == 1


@pytest.mark.parametrize("path", ["/api/events", "/api/orders"])
async def test_one_filter_under_two_names_is_refused(api: Api, path: str) -> None:
    answer = await api.get(f"{path}?position=a&position_id=b")
    assert (answer.status_code, error_of(answer)["field"]) == (400, "position")


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("/api/events?postion_id=p-1", "after, limit, position_id, position, type"),
        ("/api/orders?positions=p-1", "position_id, position, pending"),
        ("/api/positions?state=open", "status"),
        ("/api/why/p-1?seq=1", "sequence"),
        ("/api/positions/p-1?status=open", "none"),
        ("/api/status?x", "none"),
        ("/api/openapi.json?%20=1", "none"),
        ("/metrics?name=x", "none"),
        ("/healthz?x=1", "none"),
        ("/health/ready?x=1", "none"),
    ],
)
async def test_an_unknown_parameter_is_refused_not_ignored(api: Api, call: str, known: str) -> None:
    answer = await api.get(call)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (400, "BAD_VALUE")
    assert error["field"] == httpx.QueryParams(call.partition("?")[2]).multi_items()[0][0]
    assert f"takes {known}." in error["message"]


async def test_acting_calls_take_nothing_from_the_address(api: Api) -> None:
    answer = await api.post("/api/panic?dry_run=true")
    assert (answer.status_code, error_of(answer)["field"]) == (400, "dry_run")
    assert "Panic" not in api.machine.calls


async def test_a_parameter_given_twice_is_refused(api: Api) -> None:
    answer = await api.get("/api/events?limit=1&limit=2")
    assert (answer.status_code, error_of(answer)["field"]) == (400, "limit")


async def test_without_a_token_nothing_is_said_about_parameters(api: Api) -> None:
    assert (await api.get("/api/events?x=1", None)).status_code == 401
