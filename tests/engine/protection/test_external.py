"""What of a pair is the person's, whoever traded beside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    AccountTrade,
    AssetBalance,
    ClientOrderId,
    Fill,
    Instrument,
    Notional,
    OrderSide,
    PairBalances,
    Price,
    Quantity,
    Side,
    Symbol,
    TradeId,
    decimals,
)
from robson_engine.protection import External, OwnTrades, external_of

BTC = Symbol("BTCUSDT")
RULES = Instrument(
    symbol=BTC, tick_size=Decimal("0.01"), step_size=Decimal("0.001"), notional_min=Notional(5)
)
PRICE = Price(1000)
CORE = ClientOrderId("robson_core_a")
HANDS = ClientOrderId("web_1")


def trade(
    number: int,
    amount: str,
    price: str = "1000",
    order: ClientOrderId = HANDS,
    *,
    commission: str = "0",
    asset: str = "USDT",
) -> AccountTrade:
    """An execution of ``amount`` bought (+) or sold (−)."""
    signed = Decimal(amount)
    return AccountTrade(
        symbol=BTC,
        side=OrderSide.BUY if signed > 0 else OrderSide.SELL,
        fill=Fill(
            trade_id=TradeId(str(number)),
            price=Price(price),
            quantity=Quantity(abs(signed)),
            commission=Quantity(commission),
            commission_asset=asset,
        ),
        venue_order_id=str(number),
        client_order_id=order,
    )


def balances(net: str | Decimal) -> PairBalances:
    """An account whose base asset comes to ``net``."""
    amount = Decimal(net)
    held, owed = max(amount, Decimal(0)), max(-amount, Decimal(0))
    base = AssetBalance(asset="BTC", free=held, borrowed=owed)
    return PairBalances(symbol=BTC, base=base, quote=AssetBalance(asset="USDT"), ts_received=1)


def seen(net: str, *trades: AccountTrade, **own: Any) -> External:
    return external_of(balances(net), trades, OwnTrades(**own), RULES, PRICE)


def facts(found: External) -> tuple[Side | None, str, str | None, str]:
    entry = None if found.entry_price is None else str(found.entry_price)
    return found.side, str(found.quantity), entry, decimals.text(found.collateral)


def test_a_long_and_a_short_opened_by_hand() -> None:
    assert facts(seen("0.3", trade(1, "0.3", "950"))) == (Side.LONG, "0.3", "950", "0")
    assert facts(seen("-0.3", trade(1, "-0.3", "950"))) == (Side.SHORT, "0.3", "950", "0")


def test_the_entry_is_the_average_of_what_is_open() -> None:
    opened = (trade(1, "0.2", "900"), trade(2, "0.2", "1000"), trade(3, "-0.1", "2000"))
    assert facts(seen("0.3", *opened)) == (Side.LONG, "0.3", "950", "0")


def test_what_was_before_the_last_flat_does_not_count() -> None:
    story = (trade(1, "0.2", "100"), trade(2, "-0.2", "200"), trade(3, "0.3", "900"))
    assert facts(seen("0.3", *story)) == (Side.LONG, "0.3", "900", "0")
    through = (trade(1, "0.2", "100"), trade(2, "-0.5", "900"))
    assert facts(seen("-0.3", *through)) == (Side.SHORT, "0.3", "900", "0")


def test_a_deposit_is_collateral_and_never_a_position() -> None:
    assert facts(seen("2")) == (None, "0", None, "2")
    assert facts(seen("2.3", trade(1, "0.3"))) == (Side.LONG, "0.3", "1000", "2")


def test_a_short_beside_a_larger_deposit_is_none() -> None:
    """Nothing is owed: what was sold was the person's own."""
    assert facts(seen("0.7", trade(1, "-0.3"))) == (None, "0", None, "0.7")


def test_core_s_own_is_never_the_person_s() -> None:
    core = trade(1, "0.5", "800", CORE)
    assert facts(seen("0.5", core, net_qty=Decimal("0.5"))) == (None, "0", None, "0")
    added = trade(2, "0.2", "990")
    both = seen("0.7", core, added, net_qty=Decimal("0.5"))
    assert facts(both) == (Side.LONG, "0.2", "990", "0")


def test_core_s_trades_are_known_without_a_name_too() -> None:
    nameless = trade(7, "0.5", order=ClientOrderId(""))
    known = {"trade_ids": {TradeId("7")}, "net_qty": Decimal("0.5")}
    assert facts(seen("0.5", nameless, **known)) == (None, "0", None, "0")
    foreign = trade(8, "0.5", order=ClientOrderId("old_scheme"))
    own = {"order_ids": {ClientOrderId("old_scheme")}, "net_qty": Decimal("0.5")}
    assert facts(seen("0.5", foreign, **own)) == (None, "0", None, "0")


def test_what_the_safety_net_closed_is_closed() -> None:
    closed = trade(2, "-0.3", "900", ClientOrderId("robson_safety_a"))
    again = seen("0.1", trade(1, "0.3", "1000"), closed, trade(3, "0.1", "850"))
    assert facts(again) == (Side.LONG, "0.1", "850", "0")


def test_commission_in_base_is_not_held() -> None:
    bought = trade(1, "0.3", commission="0.0003", asset="BTC")
    found = seen("0.2997", bought)
    assert (found.side, str(found.quantity)) == (Side.LONG, "0.299")
    assert decimals.text(found.collateral) == "0.0007"
    assert found.entry_price is not None


def test_less_held_than_traded_has_an_entry_nobody_knows() -> None:
    """Part was moved away, or the venue told less than there was."""
    assert facts(seen("0.2", trade(1, "0.3"))) == (Side.LONG, "0.2", None, "0")
    within = seen("0.2995", trade(1, "0.3"))
    assert (str(within.quantity), within.entry_price is None) == ("0.299", False)


def test_dust_is_no_position() -> None:
    assert facts(seen("0.004", trade(1, "0.004"))) == (None, "0", None, "0.004")


def test_what_closed_core_s_position_by_hand_opens_nothing_of_the_person_s() -> None:
    story = (trade(1, "1", order=CORE), trade(2, "-1", "900"), trade(3, "0.4", "800"))
    assert facts(seen("0.4", *story)) == (Side.LONG, "0.4", "800", "0")
    assert facts(seen("0", *story[:2])) == (None, "0", None, "0")
    paid = trade(1, "1", order=CORE, commission="0.001", asset="BTC")
    dusty = (paid, trade(2, "-0.998", "900"), trade(3, "0.4", "800"))
    assert facts(seen("0.401", *dusty))[:3] == (Side.LONG, "0.4", "800")


AMOUNTS = st.integers(-500, 500).filter(bool).map(lambda n: f"{Decimal(n) / 1000}")


def since_the_account_was_flat(trades: list[AccountTrade]) -> Decimal:
    """What the person traded, signed, since all executions together last came to dust."""
    account = person = Decimal(0)
    for each in trades:
        amount = each.fill.quantity.value * (1 if each.side is OrderSide.BUY else -1)
        account += amount
        person += amount if each.client_order_id == HANDS else 0
        if abs(account) * 1000 < 5 <= abs(person) * 1000:
            person = Decimal(0)
    return person


@given(
    net=st.integers(-900, 900),
    foreign=st.lists(AMOUNTS, max_size=6),
    core=st.lists(AMOUNTS, max_size=4),
    data=st.data(),
)
def test_never_more_than_trades_explain_nor_than_is_held(
    net: int, foreign: list[str], core: list[str], data: st.DataObject
) -> None:
    mine = [(amount, CORE) for amount in core]
    mixed = data.draw(st.permutations([(amount, HANDS) for amount in foreign] + mine))
    trades = [trade(n, amount, order=order) for n, (amount, order) in enumerate(mixed, start=1)]
    core_net = sum((Decimal(amount) for amount in core), Decimal(0))
    held = Decimal(net) / 1000
    found = external_of(balances(held), trades, OwnTrades(net_qty=core_net), RULES, PRICE)
    explained = since_the_account_was_flat(trades)
    beside = held - core_net
    signed = found.quantity.value * (found.side.sign if found.side else 0)
    assert abs(signed) <= abs(explained)
    assert abs(signed) <= abs(beside)
    assert signed * explained >= 0
    assert signed * beside >= 0
    assert signed + found.collateral == beside
    if explained * beside > 0 and min(abs(explained), abs(beside)) >= Decimal("0.005"):
        assert found.quantity.value == min(abs(explained), abs(beside)), "and not less either"
