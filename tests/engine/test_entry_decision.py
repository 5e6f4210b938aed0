"""Every reason against an entry at its boundary, and their order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import attrs
import pytest

from robson_domain import (
    AccountSnapshot,
    Denial,
    DenialCode,
    Money,
    Notional,
    PositionId,
    PositionStatus,
    Price,
    PriceDelta,
    Quantity,
    Side,
    Symbol,
    codec,
)
from robson_domain.testing import (
    a_ledger,
    a_position,
    a_risk,
    a_signal,
    an_account,
    an_instrument,
)
from robson_domain.testing.builders import DISTANCE, SECOND, SYMBOL, T0
from robson_engine import RiskLimits, exposure_of
from robson_engine.entry_decision import (
    ENTRY_CHECKS,
    EntryCase,
    EntryPlan,
    decide,
    distance_of,
    liquidation_price,
)
from robson_engine.gate import CHECKS
from tests.engine.golden import cases_of
from tests.engine.world import FIRST, World

RICH: Final[dict[str, Any]] = {
    "collateral": "1000000",
    "borrowable_base": "1000000",
    "borrowable_quote": "10000000",
}


def _snapshot_facts(case: dict[str, Any]) -> dict[str, Any]:
    """Return the account's fields as objects, read the way stored ones are."""
    fields = codec.encode(an_account())
    assert isinstance(fields, dict)
    wanted = {**fields, **RICH, **case.get("account", {})}
    snapshot = codec.decode(wanted, AccountSnapshot)
    return {name: getattr(snapshot, name) for name in (*RICH, *case.get("account", {}))}


def _told(case: dict[str, Any]) -> World:
    """Run the entry of a case."""
    rules: dict[str, Any] = dict(case.get("instrument", {}))
    for name, kind in (("quantity_min", Quantity), ("notional_min", Notional)):
        if name in rules:
            rules[name] = kind(rules[name])
    world, side = World(), Side(case["side"])
    world.arm(
        side=side,
        risk=a_risk(capital=Money(case.get("capital", "10000"))),
        instrument=an_instrument(**rules),
        accept_costs=case.get("accept_costs", False),
    )
    price = Price(case.get("price", "100"))
    world.signal(price=price, distance=PriceDelta(case.get("distance", "2")))
    world.now += case.get("wait_ns", 0)
    last = Price(case["last_price"]) if "last_price" in case else price
    world.account(last, **_snapshot_facts(case))
    return world


@pytest.mark.parametrize("case", cases_of("denials.json"), ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    position = _told(case).position()
    assert position.denial_code == case["code"]
    if case["code"]:
        assert position.status is PositionStatus.CLOSED
    else:
        assert position.status is PositionStatus.ENTERING
        assert position.entry_order is not None
        bought = str(position.entry_order.order_qty)
        assert bought == case.get("quantity", bought)


def test_golden_names_every_code_of_the_entry() -> None:
    named = {case["code"] for case in cases_of("denials.json")} - {""}
    # Two positions, or what the ledger was told: test_entries.py, test_reconciling.py.
    apart = {"SIGNAL_MISMATCH", "SIGNAL_ALREADY_USED", "ANOTHER_ROBSON", "PAIR_QUARANTINED"}
    assert named | apart == set(ENTRY_CHECKS)


def a_case(**facts: Any) -> EntryCase:
    position = a_position(
        PositionStatus.ARMED, side=facts.pop("side", Side.LONG), signal_at=T0 + 5 * SECOND
    )
    plain = EntryCase(
        position=position,
        signal=a_signal(side=position.side),
        distance=DISTANCE,
        snapshot=an_account(),
        last_price=Price(100),
        exposure=exposure_of(a_ledger(), ()),
        now=T0 + 6 * SECOND,
        pair_owned=False,
    )
    return attrs.evolve(plain, **facts)


def test_an_approved_entry_holds_quantity_and_figures() -> None:
    plan = decide(a_case())
    assert isinstance(plan, EntryPlan)
    assert plan.quantity == Quantity(50)
    assert plan.approved.request.notional == Notional(5000)
    assert plan.approved.request.loss_at_stop == Money(100)
    assert plan.approved.request.drawdown_fraction == Decimal("0.2")
    assert plan.request.stop == Price(98)


def test_checks_of_entry_and_gate_are_all_codes_in_order() -> None:
    assert [*ENTRY_CHECKS, *CHECKS] == list(DenialCode)


def test_the_order_of_the_codes() -> None:
    """Everything is wrong; each thing put right uncovers the next code."""
    wrong = an_account(
        taker_fee_rate=Decimal("0.02"),
        collateral=Notional(60),
        liquidation_level=Decimal(3),
        borrowable_quote=Notional(0),
        net_qty=Decimal(7),
    )
    case = a_case(
        now=T0 + 60 * SECOND,
        last_price=Price(90),
        snapshot=wrong,
        exposure=attrs.evolve(
            exposure_of(
                a_ledger(another_robson="robson_core_x", quarantined=((SYMBOL, "less there"),)), ()
            ),
            open_positions=5,
        ),
        position=attrs.evolve(
            a_case().position, instrument=an_instrument(notional_min=Notional(10**6))
        ),
    )
    small = an_instrument()
    seen = []
    for better in (
        lambda c: attrs.evolve(c, now=T0 + 6 * SECOND),
        lambda c: _with_ledger(c, another_robson=""),
        lambda c: _with_ledger(c, quarantined=()),
        lambda c: attrs.evolve(c, last_price=Price(100)),
        lambda c: attrs.evolve(c, position=attrs.evolve(c.position, accept_costs=True)),
        lambda c: attrs.evolve(c, position=attrs.evolve(c.position, instrument=small)),
        lambda c: _with_account(c, liquidation_level=Decimal("1.0001")),
        lambda c: _with_account(c, collateral=Notional(1400)),
        lambda c: _with_account(c, borrowable_quote=Notional(10**6)),
        lambda c: _with_account(c, net_qty=Decimal(0)),
        lambda c: attrs.evolve(c, exposure=exposure_of(a_ledger(), ())),
    ):
        verdict = decide(case)
        assert isinstance(verdict, Denial)
        seen.append(verdict.code.value)
        case = better(case)
    assert seen == [*ENTRY_CHECKS[3:], "MAX_OPEN_POSITIONS"]
    assert isinstance(decide(case), EntryPlan)


def _with_ledger(case: EntryCase, **facts: Any) -> EntryCase:
    ledger = attrs.evolve(case.exposure.ledger, **facts)
    return attrs.evolve(case, exposure=attrs.evolve(case.exposure, ledger=ledger))


def _with_account(case: EntryCase, **facts: Any) -> EntryCase:
    return attrs.evolve(case, snapshot=attrs.evolve(case.snapshot, **facts))


def test_a_pair_of_ours_is_not_flat_whatever_the_venue_shows() -> None:
    verdict = decide(a_case(pair_owned=True))
    assert isinstance(verdict, Denial)
    assert verdict.code is DenialCode.PAIR_NOT_FLAT
    assert verdict.message.endswith(", and another position owns it")


def test_without_a_last_price_nothing_is_known_to_have_moved() -> None:
    assert isinstance(decide(a_case(last_price=None)), EntryPlan)


@pytest.mark.parametrize(("tier", "leverage"), [(3, 3), (10, 10), (125, 10)])
def test_leverage_is_the_tier_up_to_ten(tier: int, leverage: int) -> None:
    case = a_case(snapshot=an_account(leverage_max=tier))
    assert case.leverage == case.request.leverage == leverage


@pytest.mark.parametrize(
    ("side", "collateral", "price"),
    [(Side.LONG, 1000, "84"), (Side.LONG, 5000, None), (Side.SHORT, 1040, "115.048")],
)
def test_liquidation_is_where_assets_fall_to_the_level_times_debt(
    side: Side, collateral: int, price: str | None
) -> None:
    """Long: 1.05 × 4000 / 50. Short: 6040 / (1.05 × 50), rounded here to three digits."""
    case = a_case(side=side, snapshot=an_account(collateral=Notional(collateral)))
    found = liquidation_price(case, case.request, Quantity(50))
    assert (None if found is None else str(round(found, 3).normalize())) == price


MESSAGES = [
    ({"now": T0 + 8 * SECOND}, "3000 ms passed since the signal; 2000 are allowed"),
    (
        {"last_price": Price("101.5")},
        "price went from 100 to 101.5 since the signal, more than a quarter of the distance 2",
    ),
    (
        {"snapshot": an_account(taker_fee_rate=Decimal("0.01"))},
        (
            "commissions of 1.98 per unit are more than half the stop distance 2; "
            "use a wider stop or accept the costs"
        ),
    ),
    (
        {"snapshot": an_account(collateral=Notional(1), liquidation_level=Decimal(3))},
        (
            "estimated liquidation at 299.94 is too close to the stop 98; "
            "add collateral or use a tighter stop"
        ),
    ),
    (
        {"snapshot": an_account(collateral=Notional(499), liquidation_level=Decimal("1.01"))},
        "500 USDT collateral needed on the pair, 499 there; transfer some",
    ),
    (
        {"snapshot": an_account(collateral=Notional(1000), borrowable_quote=Notional(3999))},
        "4000 USDT would have to be borrowed, the venue lends 3999",
    ),
    (
        {"side": Side.SHORT, "snapshot": an_account(borrowable_base=Quantity("49.5"))},
        "50 BTC would have to be borrowed, the venue lends 49.5",
    ),
    (
        {"snapshot": an_account(net_qty=Decimal("-3"), debt_base=Quantity(3), open_orders=2)},
        "BTCUSDT holds -3, owes 3 and 0, 2 open orders",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "message"), MESSAGES)
def test_messages_say_what_to_do(facts: dict[str, Any], message: str) -> None:
    verdict = decide(a_case(**facts))
    assert isinstance(verdict, Denial)
    assert verdict.message == message


def test_too_small_names_the_figures() -> None:
    position = attrs.evolve(
        a_case().position, instrument=an_instrument(notional_min=Notional(5000))
    )
    verdict = decide(a_case(position=position))
    assert isinstance(verdict, Denial)
    assert verdict.message == (
        "the budget buys 50 BTC; at the stop that is worth 4900, "
        "the venue needs 5250 to be able to exit"
    )


def test_distance_names_the_range() -> None:
    denial = distance_of(a_signal(technical_stop=Price("99.95")))
    assert denial == Denial(
        DenialCode.DISTANCE_OUT_OF_RANGE,
        "stop distance is 0.05 % of the price; it must be 0.1 % to 10 %",
    )


def test_the_gate_sees_what_others_hold() -> None:
    held = a_position(position_id=PositionId("x"), symbol=Symbol("ETHUSDT"))
    exposure = exposure_of(a_ledger(), (held,))
    tight = a_ledger(limits=RiskLimits(total_risk_fraction=Decimal("0.0199")))
    verdict = decide(a_case(exposure=exposure_of(tight, (held,))))
    assert isinstance(verdict, Denial)
    assert verdict.code is DenialCode.TOTAL_RISK
    assert isinstance(decide(a_case(exposure=exposure)), EntryPlan)


def test_world_and_case_tell_the_same_story() -> None:
    world = World().entering()
    order = world.position(FIRST).entry_order
    assert order is not None
    assert (order.symbol, order.order_qty) == (SYMBOL, Quantity(50))
