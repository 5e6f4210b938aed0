"""What the API says of positions opened by hand, and what it lets a person do about them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson_domain import (
    ClientOrderId,
    CoreSeen,
    ExternalSeen,
    ForeignOrderSeen,
    GuardOpened,
    PositionId,
    Price,
    Quantity,
    SafetyNetMode,
    Side,
    Symbol,
)
from robson_exec import PairSeen, SafetyNetLooked
from robsond import why
from robsond.keys import Scope
from tests.robsond.api_client import Api, error_of, make_api
from tests.robsond.api_machine import SECOND, Machine, instrument
from tests.robsond.test_daemon_why import CAPITAL, CONFIG, arm, stream, tick

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")


def seen(machine: Machine, **changes: Any) -> ExternalSeen:
    """A long of half a bitcoin from 95,000, as a look shows it."""
    machine.clock += SECOND
    usual = ExternalSeen(
        instrument=instrument(BTC),
        side=Side.LONG,
        quantity=Quantity("0.5"),
        entry_price=Price(95_000),
        price=Price(95_100),
        ts_event=machine.clock,
        ts_received=machine.clock,
    )
    return attrs.evolve(usual, **changes)


def guarded(machine: Machine) -> PositionId:
    machine.offer(seen(machine))
    (guard,) = machine.guards()
    machine.looked = SafetyNetLooked(
        at=machine.clock,
        pairs=(
            PairSeen(
                symbol=BTC,
                side=Side.LONG,
                quantity=Quantity("0.5"),
                entry_price=Price(95_000),
                price=Price(95_100),
                state="observed",
                position_id=guard.position_id,
                stop=guard.stop,
            ),
            PairSeen(
                symbol=ETH,
                side=Side.SHORT,
                quantity=Quantity(1),
                price=Price(2050),
                state="monitored",
                stop=Price(2040),
            ),
        ),
    )
    return guard.position_id


@pytest.fixture
def api() -> Api:
    machine = Machine()
    machine.is_real = True
    return make_api(machine)


async def net(api: Api) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.get("/api/safety-net")).json()
    return answer


# -------------------------------------------------------------------- looking


async def test_before_the_first_look(api: Api) -> None:
    found = await net(api)
    assert (found["mode"], found["is_running"], found["poll_seconds"]) == ("observe", True, 20)
    assert found["looked_at"] is None
    assert found["pairs"] == found["guards"] == found["quarantined"] == []


async def test_the_last_look_with_its_age(api: Api) -> None:
    name = guarded(api.machine)
    api.machine.clock += 3 * SECOND
    found = await net(api)
    assert (found["age_ms"], found["failed"]) == (3_000, None)
    long, short = found["pairs"]
    assert (long["side"], long["state"], long["stop"]) == ("long", "observed", "93100")
    assert (long["distance"], long["position_id"]) == ("2000", name)
    assert (short["side"], short["distance"], short["reason"]) == ("short", "-10", None)
    (guard,) = found["guards"]
    assert (guard["position_id"], guard["kind"], guard["entry_price"]) == (name, "guard", "95000")


async def test_a_failed_look_says_so(api: Api) -> None:
    api.machine.looked = SafetyNetLooked(at=api.machine.clock, failed="the venue does not answer")
    assert (await net(api))["failed"] == "the venue does not answer"


async def test_a_guard_is_none_of_robsons_positions(api: Api) -> None:
    name = guarded(api.machine)
    assert (await api.get("/api/positions")).json()["positions"] == []
    status = (await api.get("/api/status")).json()
    assert (status["open"], status["unrealized_pnl"], status["guards"]) == (0, "0", 1)
    risk = (await api.get("/api/risk")).json()
    assert (risk["open_positions"]["used"], risk["per_position"]) == (0, [])
    assert risk["worst_case_loss"] == "0"
    text = (await api.get("/metrics")).text
    assert 'open_positions{symbol="BTCUSDT"} 1' not in text
    assert (await api.post("/api/panic")).json() == {"closing": [], "disarmed": []}
    assert not api.machine.guards()[0].is_closed
    one = (await api.get(f"/api/positions/{name}")).json()["position"]
    assert (one["kind"], one["stop"], one["status"]) == ("guard", "93100", "Active")


async def test_the_story_of_a_guard_can_be_read(api: Api) -> None:
    machine = api.machine
    name = guarded(machine)
    events = (await api.get("/api/events", params={"position_id": name})).json()["events"]
    assert [event["type"] for event in events] == ["GuardOpened"]
    assert (await api.get(f"/api/why/{name}")).status_code == 200


@pytest.mark.parametrize("action", ["close", "disarm"])
async def test_a_guard_is_not_closed_on_command(api: Api, action: str) -> None:
    name = guarded(api.machine)
    answer = await api.post(f"/api/positions/{name}/{action}")
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (409, "IS_GUARD")
    assert "robson safety-net hand-over BTCUSDT" in error["message"]
    assert api.machine.calls == [], "refused before anything is asked of the machine"


async def test_orders_at_the_venue_are_in_the_lists(api: Api) -> None:
    """A guard's exit is an order of ours, whoever opened the position."""
    machine = api.machine
    name = guarded(machine)
    await api.post("/api/safety-net/mode", {"mode": "act"})
    tick(machine, 93_000, 1)
    machine.offer(seen(machine, guard=name, price=Price(93_000)))
    (order,) = (await api.get("/api/orders")).json()["orders"]
    assert (order["position_id"], order["side"], order["order_qty"]) == (name, "sell", "0.5")
    assert order["client_order_id"].startswith("robson_safety_")
    assert order["stop_price"] is None


# --------------------------------------------------------------------- acting


async def test_act_and_observe(api: Api) -> None:
    acts = await api.post("/api/safety-net/mode", {"mode": "act"})
    assert (acts.status_code, acts.json()["mode"]) == (200, "act")
    assert (await api.post("/api/safety-net/mode", {"mode": "observe"})).json()["mode"] == "observe"
    assert [event.event_type for event in api.machine.log] == ["SafetyNetSet", "SafetyNetSet"]


async def test_a_key_says_it_once(api: Api) -> None:
    key = {"Idempotency-Key": "once-and-no-more"}
    first = await api.post("/api/safety-net/mode", {"mode": "act"}, headers=key)
    await api.post("/api/safety-net/mode", {"mode": "observe"})
    again = await api.post("/api/safety-net/mode", {"mode": "act"}, headers=key)
    assert again.json() == first.json()
    assert (await net(api))["mode"] == "observe"
    other = await api.post("/api/safety-net/mode", {"mode": "observe"}, headers=key)
    assert error_of(other)["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_shadow_cannot_act(api: Api) -> None:
    api.machine.is_shadow = True
    answer = await api.post("/api/safety-net/mode", {"mode": "act"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "READ_ONLY")
    assert (await api.post("/api/safety-net/mode", {"mode": "observe"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/safety-net/mode", {"mode": "act"}),
        ("/api/safety-net/BTCUSDT/rule", {"rule": "adopt"}),
        ("/api/safety-net/BTCUSDT/hand-over", {}),
    ],
)
async def test_there_is_none_on_paper(api: Api, path: str, body: dict[str, str]) -> None:
    api.machine.is_real = False
    answer = await api.post(path, body)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "NO_SAFETY_NET")
    assert api.machine.log == []


async def test_the_scope_to_look_is_not_enough(api: Api) -> None:
    answer = await api.post("/api/safety-net/mode", {"mode": "act"}, scope=Scope.READ)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "SCOPE_TOO_SMALL")


async def test_rules_are_kept_and_shown(api: Api) -> None:
    name = guarded(api.machine)
    found = (await api.post("/api/safety-net/btcusdt/rule", {"rule": "ignore"})).json()
    assert found["rules"] == [{"symbol": "BTCUSDT", "rule": "ignore"}]
    assert found["guards"] == []
    gone = (await api.get(f"/api/positions/{name}")).json()["position"]
    assert (gone["status"], gone["close_reason"]) == ("Closed", "released")
    found = (await api.post("/api/safety-net/BTCUSDT/rule", {"rule": "watch"})).json()
    assert found["rules"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/safety-net/mode", {"mode": "sleep"}, "mode"),
        ("/api/safety-net/mode", {}, None),
        ("/api/safety-net/BTCUSDT/rule", {"rule": "sell"}, "rule"),
        ("/api/safety-net/x/rule", {"rule": "watch"}, "symbol"),
        ("/api/safety-net/BTCUSDT/hand-over", {"stop_distance": "0"}, "stop_distance"),
        ("/api/safety-net/BTCUSDT/hand-over", {"stop_distance": "much"}, "stop_distance"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, path: str, body: Any, field: str | None) -> None:
    answer = await api.post(path, body)
    error = error_of(answer)
    assert (answer.status_code, error["code"], error["field"]) == (400, "BAD_VALUE", field)
    assert api.machine.calls == []


@pytest.mark.parametrize(
    ("body", "distance"),
    [({}, "1900"), ({"stop_distance": "500"}, "500"), ({"stop_distance": "1%"}, "951")],
)
async def test_handed_over_it_is_robsons(api: Api, body: Any, distance: str) -> None:
    name = guarded(api.machine)
    answer = await api.post("/api/safety-net/BTCUSDT/hand-over", body)
    assert (answer.status_code, answer.json()["guards"]) == (200, [])
    (one,) = (await api.get("/api/positions")).json()["positions"]
    assert (one["position_id"], one["kind"], one["stop_distance"]) == (name, "core", distance)
    assert one["entry_price"] == "95000"


async def test_nothing_to_hand_over(api: Api) -> None:
    answer = await api.post("/api/safety-net/ETHUSDT/hand-over", {"stop_distance": "10"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "NO_GUARD")
    percent = await api.post("/api/safety-net/ETHUSDT/hand-over", {"stop_distance": "1%"})
    assert (percent.status_code, error_of(percent)["code"]) == (422, "NO_PRICE")


async def test_warnings_are_shown_and_cleared(api: Api) -> None:
    machine = api.machine
    arm(machine)
    machine.enter("p-1", "60000", "59400")
    position = machine.state.positions[PositionId("p-1")]
    less = position.open_qty.value / 2
    machine.offer(
        CoreSeen(
            position_id=position.position_id,
            symbol=BTC,
            held=less,
            last_price=Price(60_000),
            ts_event=machine.clock,
            ts_received=machine.clock,
        )
    )
    foreign = ClientOrderId("robson_core_aaaaaaaaaaaaaaaaaa")
    machine.offer(ForeignOrderSeen(symbol=ETH, client_order_id=foreign, ts_received=machine.clock))
    found = await net(api)
    (pair,) = found["quarantined"]
    assert pair["symbol"] == "BTCUSDT"
    assert "no trade explains it" in pair["problem"]
    assert found["another_robson"] == foreign
    assert len((await api.get("/api/status")).json()["warnings"]) == 2
    found = (await api.post("/api/warnings/clear", {"symbol": "BTCUSDT"})).json()
    assert (found["quarantined"], found["another_robson"]) == ([], foreign)
    found = (await api.post("/api/warnings/clear", {"symbol": None})).json()
    assert found["another_robson"] is None
    answer = await api.post("/api/warnings/clear", {"symbol": "BTCUSDT"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "NOTHING_TO_CLEAR")
    told = await why.explain(stream(machine.log), CONFIG, CAPITAL, position.position_id)
    assert {one.same for one in told} == {True}
    assert any("nothing explains it" in one.sentence for one in told)


# ------------------------------------------------------------------------ why


async def test_a_guards_decisions_come_out_the_same(api: Api) -> None:
    """Opened, followed, passed while observing, anew, hit, asked, closed."""
    machine = api.machine
    name = guarded(machine)
    machine.offer(seen(machine, quantity=Quantity("0.7"), entry_price=Price("95100")))
    tick(machine, 93_000, 1)
    await machine.set_safety_net(SafetyNetMode.ACT)
    machine.offer(seen(machine, quantity=Quantity("0.7"), price=Price(93_000)))
    tick(machine, 91_000, 2)
    machine.offer(seen(machine, guard=name, quantity=Quantity("0.7"), price=Price(91_000)))
    machine.exit(name, "90990")
    types = [event.event_type for event in machine.log if event.position_id == name]
    assert types == [
        "GuardOpened", "GuardFollowed", "GuardBreached", "GuardFollowed", "ExitTriggered",
        "ExitOrderPlaced", "ExitFilled", "PositionClosed",
    ]  # fmt: skip
    found = await why.explain(stream(machine.log), CONFIG, CAPITAL, name)
    assert [(one.event.event_type, one.same) for one in found] == [(kind, True) for kind in types]
    assert "safety stop" in found[-1].sentence


async def test_a_step_of_core_and_guard_comes_out_the_same_for_both(api: Api) -> None:
    """Core's entry ends the guard of the pair in the same step."""
    machine = api.machine
    arm(machine)
    name = guarded(machine)
    machine.enter("p-1", "60000", "59400")
    released = next(event for event in machine.log if event.event_type == "GuardReleased")
    placed = next(event for event in machine.log if event.event_type == "EntryOrderPlaced")
    assert released.cause_id == placed.cause_id
    for one in (name, PositionId("p-1")):
        found = await why.explain(stream(machine.log), CONFIG, CAPITAL, one)
        assert {step.same for step in found} == {True}, one


async def test_a_guard_that_was_altered_is_found(api: Api) -> None:
    machine = api.machine
    name = guarded(machine)
    (opened,) = machine.log
    assert isinstance(opened, GuardOpened)
    lied = attrs.evolve(opened, stop=Price(94_000))
    (found,) = await why.explain(stream([lied]), CONFIG, CAPITAL, name)
    assert found.same is False
    assert "stop 93100 instead of 94000" in found.difference
