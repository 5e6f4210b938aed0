"""Every filter of the venue, and what the instrument keeps of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.fields import UnreadableAnswer, parsed, row
from robson_connectors.binance.filters import Draft, Surroundings, refusal
from robson_connectors.binance.rules import SymbolRules, symbol_rules
from robson_domain.instrument import UNBOUNDED_QUANTITY
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Notional, Quantity
from tests.connectors.binance.rest.kit import BTC, FILTERS, exchange_info

BUY, SELL = OrderSide.BUY, OrderSide.SELL
AT = Surroundings(reference=Decimal(60000))


def rules_of(*filters: Mapping[str, object], **over: object) -> SymbolRules:
    replaced = {str(each["filterType"]) for each in filters}
    kept = [each for each in FILTERS if each["filterType"] not in replaced]
    content = exchange_info(("STOP_LOSS",), filters=[*kept, *filters], **over)
    found = symbol_rules(row(parsed(json.dumps(content).encode())), BTC)
    assert found is not None
    return found


RULES = rules_of()


def market(quantity: str, side: OrderSide = BUY) -> Draft:
    return Draft(side=side, kind="MARKET", quantity=Decimal(quantity))


def limit(price: str, quantity: str = "0.01", side: OrderSide = BUY, **over: object) -> Draft:
    draft = Draft(side=side, kind="LIMIT", quantity=Decimal(quantity), price=Decimal(price))
    return attrs.evolve(draft, **over)  # type: ignore[arg-type]


def code(draft: Draft, around: Surroundings = AT, rules: SymbolRules = RULES) -> str:
    found = refusal(rules, draft, around)
    return found.code if found else ""


# --------------------------------------------------------------------------------- instrument


def test_the_instrument_keeps_the_strictest_rules_for_market_orders() -> None:
    found = RULES.instrument
    assert (found.tick_size, found.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.quantity_min, found.quantity_max) == (Quantity("0.00001"), Quantity(100))
    assert found.notional_min == Notional(5)


def test_a_market_lot_of_its_own() -> None:
    lot = {"filterType": "MARKET_LOT_SIZE", "minQty": "0.1", "maxQty": "0", "stepSize": "0.001"}
    found = rules_of(lot).instrument
    assert (found.step_size, found.quantity_min) == (Decimal("0.001"), Quantity("0.1"))
    assert found.quantity_max == Quantity(9000)


def test_no_upper_bound_at_all() -> None:
    lot = {"filterType": "LOT_SIZE", "minQty": "0.1", "maxQty": "0", "stepSize": "0.001"}
    free = {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0"}
    assert rules_of(lot, free).instrument.quantity_max == UNBOUNDED_QUANTITY


def test_the_older_form_of_the_least_value() -> None:
    old = {"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": True}
    new = {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": False}
    assert rules_of(old, new).instrument.notional_min == Notional(10)
    assert rules_of(old | {"applyToMarket": False}, new).instrument.notional_min == Notional(0)


def test_another_pair_has_no_rules_here() -> None:
    assert symbol_rules(row(parsed(json.dumps(exchange_info()).encode())), Symbol("ETHBTC")) is None


@pytest.mark.parametrize(
    "over", [{"baseAsset": "BT"}, {"filters": []}, {"filters": 5}, {"orderTypes": None}]
)
def test_rules_that_cannot_be_are_unreadable(over: dict[str, object]) -> None:
    content = row(parsed(json.dumps(exchange_info(**over)).encode()))  # type: ignore[arg-type]
    with pytest.raises(UnreadableAnswer):
        symbol_rules(content, BTC)


# ------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (market("0.01"), ""),
        (market("0.000011"), "QUANTITY_OFF_GRID"),
        (market("0.000001"), "QUANTITY_BELOW_MIN"),
        (market("0"), "QUANTITY_BELOW_MIN"),
        (market("100.00001"), "QUANTITY_ABOVE_MAX"),
        (limit("60000", "101"), ""),
        (limit("60000", "9001"), "QUANTITY_ABOVE_MAX"),
        (market("0.00008"), "NOTIONAL_BELOW_MIN"),
        (limit("60000", "0.00008"), "NOTIONAL_BELOW_MIN"),
        (limit("60000", "200"), "NOTIONAL_ABOVE_MAX"),
        (limit("60000.001"), "PRICE_OFF_GRID"),
        (limit("0.001"), "PRICE_BELOW_MIN"),
        (limit("1000000.01"), "PRICE_ABOVE_MAX"),
        (limit("60000", stop_price=Decimal("60000.005")), "PRICE_OFF_GRID"),
        (limit("300000.01"), "PRICE_OUT_OF_BAND"),
        (limit("300000"), ""),
        (limit("11999.99"), "PRICE_OUT_OF_BAND"),
        (limit("12000", side=SELL), ""),
        (limit("60000", kind="TAKE_PROFIT"), "ORDER_TYPE_UNAVAILABLE"),
    ],
)
def test_what_is_refused(draft: Draft, expected: str) -> None:
    assert code(draft) == expected


def test_a_value_bound_that_is_not_for_the_market() -> None:
    lots = [
        {"filterType": name, "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"}
        for name in ("LOT_SIZE", "MARKET_LOT_SIZE")
    ]
    value = {
        "filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": False,
        "maxNotional": "1000000", "applyMaxToMarket": True,
    }  # fmt: skip
    rules = rules_of(value, *lots)
    assert code(market("0.00008"), rules=rules) == ""
    assert code(market("20"), rules=rules) == "NOTIONAL_ABOVE_MAX"
    assert code(limit("60000", "0.00008"), rules=rules) == "NOTIONAL_BELOW_MIN"


def test_bands_by_side() -> None:
    band = {
        "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "2", "bidMultiplierDown": "0.5",
        "askMultiplierUp": "3", "askMultiplierDown": "0.9",
    }  # fmt: skip
    rules = rules_of(band)
    assert code(limit("120000", side=BUY), rules=rules) == ""
    assert code(limit("120000.01", side=BUY), rules=rules) == "PRICE_OUT_OF_BAND"
    assert code(limit("180000", side=SELL), rules=rules) == ""
    assert code(limit("53999.99", side=SELL), rules=rules) == "PRICE_OUT_OF_BAND"
    old = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1", "multiplierDown": "0.9"}
    assert code(limit("66000.01"), rules=rules_of(old)) == "PRICE_OUT_OF_BAND"


def test_a_pair_without_bands() -> None:
    content = exchange_info(filters=[each for each in FILTERS if "PERCENT" not in str(each)])
    rules = symbol_rules(row(parsed(json.dumps(content).encode())), BTC)
    assert rules is not None
    assert rules.bands == ()
    assert code(limit("900000"), rules=rules) == ""


def test_without_a_reference_prices_are_not_judged() -> None:
    nowhere = Surroundings()
    assert code(market("0.00008"), nowhere) == ""
    assert code(limit("300000.01"), nowhere) == ""
    assert code(limit("60000", "0.00008"), nowhere) == "NOTIONAL_BELOW_MIN"


def test_slack_forgives_a_reference_that_is_not_the_venues() -> None:
    loose = attrs.evolve(AT, slack=Decimal("0.05"))
    assert code(market("0.00008"), loose) == ""
    assert code(market("0.00007"), loose) == "NOTIONAL_BELOW_MIN"
    assert code(limit("310000"), loose) == ""
    assert code(limit("320000"), loose) == "PRICE_OUT_OF_BAND"


def test_orders_that_rest_are_counted() -> None:
    stop = limit("60000", kind="STOP_LOSS_LIMIT", stop_price=Decimal(60000))
    full = attrs.evolve(AT, orders=200, algo_orders=0)
    assert code(limit("60000"), full) == "TOO_MANY_ORDERS"
    assert code(market("0.01"), full) == ""
    five = attrs.evolve(AT, orders=5, algo_orders=5)
    assert code(stop, five) == "TOO_MANY_STOPS"
    assert code(stop, attrs.evolve(five, algo_orders=4)) == ""
    assert code(limit("60000"), five) == ""


def test_the_largest_position() -> None:
    rules = rules_of({"filterType": "MAX_POSITION", "maxPosition": "1.0"})
    held = attrs.evolve(AT, base_held=Decimal("0.99"))
    assert code(market("0.01"), held, rules) == ""
    assert code(market("0.01001"), held, rules) == "POSITION_ABOVE_MAX"
    assert code(market("0.01001", SELL), held, rules) == ""
    assert code(market("5"), AT, rules) == ""


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"status": "BREAK"}, "PAIR_HALTED"),
        ({"isMarginTradingAllowed": False}, "PAIR_WITHOUT_MARGIN"),
        ({"orderTypes": ["LIMIT"]}, "ORDER_TYPE_UNAVAILABLE"),
    ],
)
def test_the_pair_itself(over: dict[str, object], expected: str) -> None:
    content = row(parsed(json.dumps(exchange_info(**over)).encode()))  # type: ignore[arg-type]
    rules = symbol_rules(content, BTC)
    assert rules is not None
    assert code(market("0.01"), rules=rules) == expected


def test_counts_that_are_missing_are_no_rule() -> None:
    rules = rules_of({"filterType": "MAX_NUM_ORDERS"}, {"filterType": "MAX_NUM_ALGO_ORDERS"})
    assert code(limit("60000"), attrs.evolve(AT, orders=999), rules) == ""


@given(st.integers(1, 10**7), st.integers(0, 99))
def test_exactly_the_multiples_of_the_step_pass(steps: int, rest: int) -> None:
    quantity = steps * Decimal("0.00001") + rest * Decimal("0.0000001")
    found = code(Draft(side=BUY, kind="LIMIT", quantity=quantity, price=Decimal(60000)), AT)
    assert (found == "QUANTITY_OFF_GRID") == (rest != 0)
