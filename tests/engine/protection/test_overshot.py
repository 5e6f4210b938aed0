"""Orders of guards that landed after somebody else had closed."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import AccountTrade, ClientOrderId, Order, OrderSide, PositionId, Quantity
from robson_domain.identity import SAFETY_PREFIX
from robson_engine.protection import Overshot, OwnTrades, overshot_of
from robson_engine.protection.overshot import AROUND_NS
from tests.engine.protection.test_external import BTC, CORE, HANDS, RULES, trade

GUARD = ClientOrderId(f"{SAFETY_PREFIX}a")
LATER = ClientOrderId(f"{SAFETY_PREFIX}b")
DECIDED = 10 * AROUND_NS


def exit_order(order_id: ClientOrderId) -> Order:
    return Order(
        client_order_id=order_id,
        position_id=PositionId("guard"),
        symbol=BTC,
        side=OrderSide.SELL,
        kind="EXIT",
        order_qty=Quantity(1),
        ts_created=DECIDED,
    )


ORDERS: dict[str, Order] = {each: exit_order(each) for each in (GUARD, LATER)}


def at(found: AccountTrade, ts: int) -> AccountTrade:
    return attrs.evolve(found, fill=attrs.evolve(found.fill, ts_event=ts))


def story(*amounts: tuple[str, ClientOrderId], ts: int = DECIDED) -> list[AccountTrade]:
    """Executions, all but the first while the guard's order is under way."""
    first, *rest = [trade(n, amount, order=by) for n, (amount, by) in enumerate(amounts, start=1)]
    return [at(first, 1), *(at(each, ts) for each in rest)]


def found_in(trades: list[AccountTrade]) -> Overshot | None:
    return overshot_of(trades, OwnTrades(), ORDERS, RULES)


@pytest.mark.parametrize(
    ("sign", "words"),
    [("", "sold 1 BTC more than was left of your long"), ("-", "bought 1 BTC more than was left")],
)
def test_closed_by_hand_before_its_exit_landed(sign: str, words: str) -> None:
    back = "" if sign else "-"
    found = found_in(story((f"{sign}1", HANDS), (f"{back}1", HANDS), (f"{back}1", GUARD)))
    assert found is not None
    assert found.client_order_id == GUARD
    assert found.quantity == Decimal(f"{back}1")
    assert words in found.problem(BTC)
    undo = "sell 1 BTC at the exchange" if sign else "buy 1 BTC at the exchange"
    assert undo in found.problem(BTC)


def test_only_what_went_beyond_and_is_still_there() -> None:
    beyond = story(("1", HANDS), ("-0.4", HANDS), ("-0.7", GUARD), ("-0.3", GUARD))
    found = found_in(beyond)
    assert found is not None
    assert found.quantity == Decimal("-0.4")
    undone = trade(9, "0.3")
    some = found_in([*beyond, undone])
    assert some is not None
    assert some.quantity == Decimal("-0.1")
    assert found_in([*beyond, trade(9, "0.4")]) is None
    assert found_in([*beyond, trade(9, "1")]) is None, "turned by hand"
    more = found_in([*beyond, trade(9, "-1")])
    assert more is not None
    assert more.quantity == Decimal("-0.4"), "what the person added is theirs"


def test_nobody_else_closed_so_nothing_went_beyond() -> None:
    assert found_in(story(("1", HANDS), ("-1", GUARD))) is None
    assert found_in(story(("1", HANDS), ("-0.4", HANDS), ("-0.6", GUARD))) is None
    early = story(("1", HANDS), ("-1", HANDS), ("-1", GUARD), ts=DECIDED - AROUND_NS - 1)
    assert found_in(early) is None, "it knew of that"
    assert found_in(story(("1", CORE), ("-0.5", HANDS), ("-0.5", GUARD))) is None, "by hand"
    assert found_in([]) is None


def test_what_an_order_adds_to_another_side_is_that_order_s() -> None:
    first = story(("1", HANDS), ("-1", HANDS), ("-1", GUARD), ("-0.5", LATER))
    found = found_in(first)
    assert found is not None
    assert (found.client_order_id, found.quantity) == (GUARD, Decimal(-1))


def test_a_trade_that_names_no_order_is_known_by_its_id() -> None:
    *before, last = story(("1", HANDS), ("-1", HANDS), ("-1", ClientOrderId("")))
    orders = {**ORDERS, last.fill.trade_id: ORDERS[GUARD]}
    found = overshot_of([*before, last], OwnTrades(), orders, RULES)
    assert found is not None
    assert found.client_order_id == GUARD
    assert found_in([*before, last]) is None


def test_less_than_a_step_is_nothing() -> None:
    dust = story(("1", HANDS), ("-1", HANDS), ("-0.005", GUARD), ("-0.0004", HANDS))
    assert found_in(dust) is not None
    assert found_in([*dust, trade(9, "0.0048")]) is None


AMOUNTS = st.integers(-40, 40).filter(bool).map(lambda n: f"{n / 100:.2f}")


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from([HANDS, CORE])), max_size=10))
def test_without_a_guard_there_is_never_any(trades: list[tuple[str, ClientOrderId]]) -> None:
    assert found_in([trade(n, a, order=by) for n, (a, by) in enumerate(trades, start=1)]) is None
