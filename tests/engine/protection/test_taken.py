"""What others took of a core position, though as much came in since."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    AccountTrade,
    ClientOrderId,
    Order,
    OrderStatus,
    PairBalances,
    Position,
    Price,
    Quantity,
    Side,
    TradeId,
)
from robson_engine.protection import (
    OwnTrades,
    Taken,
    difference_of,
    taken_by,
    unclear_problem,
)
from tests.engine.protection.test_differences import account, position
from tests.engine.protection.test_external import BTC, CORE, HANDS, trade

ONE, NONE = Decimal(1), Decimal(0)


class Story:
    """A core position of 1, others who trade beside it, and what the account then shows."""

    def __init__(self, side: Side = Side.LONG) -> None:
        entry = Order(
            client_order_id=CORE,
            position_id=position().position_id,
            symbol=BTC,
            side=side.entry_side,
            kind="ENTRY",
            order_qty=Quantity(1),
            status=OrderStatus.FILLED,
            ts_created=0,
            filled_qty=Quantity(1),
            trade_ids=(TradeId("1"),),
        )
        self.position = attrs.evolve(position(side), entry_order=entry)
        self.sign = Decimal(side.sign)
        self.net = self.sign
        self.trades = [trade(1, str(self.sign), order=CORE)]
        self.taken: Taken | None = None

    def by_hand(self, amount: str | Decimal, order: ClientOrderId = HANDS) -> Story:
        """Others add (+) or close (−) along the side."""
        signed = Decimal(amount) * self.sign
        self.trades.append(trade(len(self.trades) + 1, str(signed), order=order))
        self.net += signed
        return self

    def moves(self, amount: str | Decimal) -> Story:
        """As much comes in (+) or goes out (−) without a trade, along the side."""
        self.net += Decimal(amount) * self.sign
        return self

    @property
    def balances(self) -> PairBalances:
        return account(str(max(self.net, NONE)), str(max(-self.net, NONE)))

    def look(self) -> Taken:
        found = taken_by(self.taken, self.position, self.balances, self.trades, OwnTrades())
        assert found is not None
        self.taken = found
        return found

    def looks(self) -> tuple[str, str]:
        found = self.look()
        return str(found.amount.normalize()), str(found.unclear.normalize())


@pytest.mark.parametrize("side", list(Side))
def test_sold_and_then_deposited_is_taken(side: Side) -> None:
    story = Story(side)
    assert story.looks() == ("0", "0")
    assert story.by_hand("-1").looks() == ("1", "0")
    assert story.moves("1").looks() == ("1", "0")
    found = difference_of(story.position, story.balances, story.trades, OwnTrades(), story.taken)
    assert (found.held, found.missing, found.price) == (NONE, ONE, Price(1000))
    assert "of it 1 not the position's any more" in found.evidence


def test_deposited_and_then_sold_is_the_person_s_own() -> None:
    story = Story()
    assert story.moves("1").looks() == ("0", "0")
    assert story.by_hand("-1").looks() == ("0", "0")
    assert story.by_hand("-0.25").looks() == ("0.25", "0"), "beyond what they had"
    assert story.moves("5").looks() == ("0.25", "0")


def test_bought_by_hand_is_theirs_to_sell_and_bought_back_is_core_s() -> None:
    story = Story()
    assert story.by_hand("0.5").looks() == ("0", "0")
    assert story.by_hand("-0.5").looks() == ("0", "0")
    assert story.by_hand("-0.5").looks() == ("0.5", "0")
    assert story.by_hand("0.5").looks() == ("0", "0")


def test_both_between_two_looks_is_unclear_and_nothing_is_taken() -> None:
    story = Story()
    story.look()
    assert story.by_hand("-1").moves("1").looks() == ("0", "1")
    assert story.looks() == ("0", "1")
    assert story.taken is not None
    told = unclear_problem(story.position, story.taken)
    assert told.startswith("1 BTC was sold by hand while as much went in without a trade")
    assert "robson close p" in told
    short = Story(Side.SHORT)
    assert "bought by hand" in unclear_problem(short.position, story.taken)
    assert story.moves("-1").looks() == ("0", "0"), "it shows in the balances now"
    held = difference_of(story.position, story.balances, story.trades, OwnTrades(), story.taken)
    assert held.held == 0
    again = Story().by_hand("-1").moves("0.4")
    assert again.looks() == ("0.6", "0.4"), "at the first look too"
    assert again.by_hand("1").looks() == ("0", "0")


def test_what_went_out_without_a_trade_is_none_of_it() -> None:
    story = Story()
    story.look()
    assert story.moves("-1").looks() == ("0", "0")
    assert story.moves("1").looks() == ("0", "0"), "it came back"


def test_what_the_log_let_go_of_is_counted_once() -> None:
    story = Story()
    story.look()
    story.by_hand("-0.5").look()
    story.moves("0.5").look()
    story.position = attrs.evolve(story.position, open_qty=Quantity("0.5"))
    assert story.looks() == ("0", "0")
    fresh = Story()
    fresh.by_hand("-0.5").moves("0.5").position = story.position
    assert fresh.looks() == ("0", "0"), "after a restart as well"
    assert story.by_hand("-0.25").looks() == ("0", "0"), "what came in is theirs to sell"


def test_trades_that_are_not_all_known_say_nothing() -> None:
    story = Story()
    unknown: list[list[AccountTrade]] = [[], [trade(2, "-1")]]
    strange = [*story.trades, trade(3, "-1", order=ClientOrderId("robson_core_b"))]
    for trades in (*unknown, strange):
        assert taken_by(None, story.position, account("1"), trades, OwnTrades()) is None
    bare: Position = attrs.evolve(story.position, entry_order=None)
    assert taken_by(None, bare, account("1"), story.trades, OwnTrades()) is None


def test_what_was_traded_before_it_is_none_of_it() -> None:
    story = Story()
    before = [trade(90, "2"), trade(91, "-2")]
    found = taken_by(None, story.position, account("1"), [*before, *story.trades], OwnTrades())
    assert found == Taken()


AMOUNTS = st.integers(1, 40).map(lambda n: Decimal(n) / 100)
DEEDS = st.lists(st.tuples(st.sampled_from("bsdw"), AMOUNTS, st.booleans()), max_size=12)


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_who_uses_only_what_is_theirs_takes_nothing(
    deeds: list[tuple[str, Decimal, bool]], side: Side
) -> None:
    """However they trade, deposit and withdraw it, and whenever it is looked at."""
    story, theirs = Story(side), NONE
    story.look()
    for deed, amount, is_looked_at in deeds:
        if deed in "bd":
            theirs += amount
            _ = story.by_hand(amount) if deed == "b" else story.moves(amount)
        else:
            used = min(amount, theirs)
            theirs -= used
            if used:
                _ = story.by_hand(-used) if deed == "s" else story.moves(-used)
        if is_looked_at:
            assert story.look().amount == 0
    found = difference_of(story.position, story.balances, story.trades, OwnTrades(), story.look())
    assert found.missing == 0


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_looked_at_after_every_deed_it_is_known_to_the_last_step(
    deeds: list[tuple[str, Decimal, bool]], side: Side
) -> None:
    """Theirs goes first, then core's; a purchase gives back, a deposit does not."""
    story, theirs, lost = Story(side), NONE, NONE
    story.look()
    for deed, amount, _ in deeds:
        if deed == "b":
            story.by_hand(amount)
            back = min(amount, lost)
            lost, theirs = lost - back, theirs + amount - back
        elif deed == "d":
            story.moves(amount)
            theirs += amount
        elif deed == "s":
            sold = min(amount, theirs + 1 - lost)
            if not sold:
                continue
            story.by_hand(-sold)
            lost, theirs = lost + max(NONE, sold - theirs), max(NONE, theirs - sold)
        else:
            gone = min(amount, theirs)
            story.moves(-gone)
            theirs -= gone
        found = story.look()
        assert (found.amount, found.unclear) == (lost, NONE)
