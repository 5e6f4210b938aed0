"""What trades of others took of a core position, whatever is in the account beside it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    ClientOrderId,
    Order,
    OrderStatus,
    PairBalances,
    Price,
    Quantity,
    Side,
    TradeId,
)
from robson_engine.protection import (
    OwnTrades,
    difference_of,
    taken_by,
)
from robson_engine.protection.external import net_amount
from tests.engine.protection.test_differences import account, position
from tests.engine.protection.test_external import BTC, CORE, HANDS, trade

ONE, NONE = Decimal(1), Decimal(0)
GUARD = ClientOrderId("robson_safety_a")
SIDES = pytest.mark.parametrize("side", list(Side))


class Story:
    """A core position of 1, others who trade beside it, and what the account then shows."""

    def __init__(self, side: Side = Side.LONG) -> None:
        self.entry = entry = Order(
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

    def by_core(self, amount: str) -> Story:
        """Core closes in part."""
        number, closed = len(self.trades) + 1, -Decimal(amount)
        self.trades.append(trade(number, str(Decimal(amount) * self.sign), order=CORE))
        self.net += Decimal(amount) * self.sign
        before = self.position
        done = attrs.evolve(
            self.entry,
            side=before.side.exit_side,
            kind="EXIT",
            filled_qty=Quantity(closed),
            trade_ids=(TradeId(str(number)),),
        )
        open_qty = before.open_qty - Quantity(closed)
        self.position = attrs.evolve(before, open_qty=open_qty, exit_order=done)
        return self

    def let_go(self, amount: str | Decimal) -> Story:
        """The log takes note of what is not core's any more."""
        open_qty = self.position.open_qty - Quantity(amount)
        self.position = attrs.evolve(self.position, open_qty=open_qty)
        return self

    @property
    def taken(self) -> Decimal:
        found = taken_by(self.position, self.trades, OwnTrades())
        assert found is not None
        return found

    def look(self) -> str:
        return str(self.taken.normalize())

    def missing(self) -> Decimal:
        found = difference_of(self.position, self.balances, self.trades, OwnTrades(), self.taken)
        assert found.held + found.missing == self.position.open_qty.value
        return found.missing


@SIDES
def test_a_deposit_stands_in_for_nothing_whenever_it_came(side: Side) -> None:
    for story in (Story(side).by_hand("-1").moves("1"), Story(side).moves("1").by_hand("-1")):
        assert story.look() == "1"
        found = difference_of(
            story.position, story.balances, story.trades, OwnTrades(), story.taken
        )
        assert (found.held, found.missing, found.price) == (NONE, ONE, Price(1000))
        assert "of it 1 not the position's any more" in found.evidence
        assert story.moves("5").look() == "1"


@SIDES
def test_what_they_bought_is_theirs_to_sell_and_bought_back_is_core_s(side: Side) -> None:
    assert Story(side).by_hand("0.5").by_hand("-0.5").look() == "0"
    assert Story(side).by_hand("-0.5").by_hand("0.5").look() == "0"
    story = Story(side).by_hand("0.5").by_hand("-0.75")
    assert story.look() == "0.25"
    assert story.by_hand("0.1").look() == "0.15"
    assert story.by_hand("-9").look() == "1", "never more than is open"


def test_nothing_that_moves_without_a_trade_is_taken() -> None:
    story = Story()
    assert story.moves("-1").look() == "0", "the balances show it"
    assert story.missing() == 1
    assert story.moves("1").missing() == 0, "it came back"


@SIDES
def test_what_the_log_let_go_of_is_counted_once_and_never_comes_back(side: Side) -> None:
    story = Story(side).by_hand("-0.5").moves("0.5").let_go("0.5")
    assert story.look() == "0"
    assert story.by_hand("0.75").look() == "0", "theirs"
    assert story.by_hand("-0.75").look() == "0"
    assert story.by_hand("-0.25").look() == "0.25", "core's"
    assert story.by_hand("0.25").look() == "0", "given back, as the log has not let go of it"
    assert story.by_hand("-0.25").let_go("0.25").look() == "0"


@SIDES
def test_exits_of_core_s_in_part_are_none_of_it(side: Side) -> None:
    story = Story(side).by_core("-0.25")
    assert story.look() == "0"
    assert story.by_hand("-0.5").look() == "0.5"
    assert story.by_hand("-0.5").look() == "0.75", "what is open"
    assert story.let_go("0.75").look() == "0"


def test_commission_in_base_is_none_of_what_is_held() -> None:
    long = Story()
    long.trades[0] = trade(1, "1", order=CORE, commission="0.001", asset="BTC")
    long.let_go("0.001").by_hand("-0.999")
    assert long.look() == "0.999"
    assert long.let_go("0.999").look() == "0"
    short = Story(Side.SHORT)
    short.trades.append(trade(2, "0.5", commission="0.0005", asset="BTC"))
    assert short.look() == "0.4995", "what it paid back"


@SIDES
def test_what_a_guard_executed_takes_nothing(side: Side) -> None:
    assert Story(side).moves("5").by_hand("-5", GUARD).look() == "0"
    story = Story(side).by_hand("0.5").by_hand("-0.5", GUARD)
    assert story.by_hand("-0.25").look() == "0.25", "theirs is gone"
    assert story.by_hand("0.1", GUARD).look() == "0.25"
    assert story.by_hand("-1", GUARD).look() == "0.25"
    nameless = Story(side).by_hand("-1", ClientOrderId(""))
    assert nameless.look() == "1"
    assert taken_by(nameless.position, nameless.trades, OwnTrades(), {"2"}) == 0


def test_trades_that_are_not_all_known_say_nothing() -> None:
    story = Story().by_hand("-1")
    strange = [*story.trades, trade(3, "-1", order=ClientOrderId("robson_core_b"))]
    for trades in ([], [trade(2, "-1")], strange):
        assert taken_by(story.position, trades, OwnTrades()) is None
    later = Story().by_core("-0.5")
    assert taken_by(later.position, later.trades[:1], OwnTrades()) is None, "its exit is missing"
    assert taken_by(later.position, later.trades[1:], OwnTrades()) is None, "its entry is missing"


def test_of_what_began_as_a_guard_nobody_knows_what_opened_it() -> None:
    story = Story().by_core("-0.5")
    handed_over = attrs.evolve(story.position, entry_order=None)
    assert taken_by(handed_over, story.trades, OwnTrades()) is None


def test_what_was_traded_before_it_is_none_of_it() -> None:
    story = Story()
    before = [
        trade(90, "2"),
        trade(91, "-3"),
        trade(92, "-1", order=ClientOrderId("robson_core_z")),
    ]
    assert taken_by(story.position, [*before, *story.trades], OwnTrades()) == 0


AMOUNTS = st.integers(1, 40).map(lambda n: Decimal(n) / 100)
DEEDS = st.lists(st.tuples(st.sampled_from("bsdwgc"), AMOUNTS, st.booleans()), max_size=14)
Deed = tuple[str, Decimal, bool]


def do(story: Story, deed: str, amount: Decimal) -> None:
    if deed in "dw":
        story.moves(amount if deed == "d" else -amount)
    elif deed == "c":
        half = story.position.open_qty.value / 2
        if story.position.exit_order is None:
            story.by_core(str(-half))
    else:
        signed = amount if deed == "b" else -amount
        story.by_hand(signed, GUARD if deed == "g" else HANDS)


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_without_a_closing_trade_of_others_nothing_is_taken(deeds: list[Deed], side: Side) -> None:
    story = Story(side)
    for deed, amount, _ in deeds:
        do(story, deed.replace("s", "b"), amount)
        assert story.taken == 0


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_who_sells_only_what_they_bought_takes_nothing(deeds: list[Deed], side: Side) -> None:
    """However they deposit beside it, and withdraw that again."""
    story, bought, paid_in = Story(side), NONE, NONE
    for deed, amount, _ in deeds:
        if deed == "b":
            bought += amount
            story.by_hand(amount)
        elif deed == "d":
            paid_in += amount
            story.moves(amount)
        elif deed == "s" and (sold := min(amount, bought)):
            bought -= sold
            story.by_hand(-sold)
        elif deed == "w" and (gone := min(amount, paid_in)):
            paid_in -= gone
            story.moves(-gone)
        assert story.missing() == 0


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_it_is_known_to_the_last_step_whenever_the_log_lets_go(
    deeds: list[Deed], side: Side
) -> None:
    """Theirs goes first, then core's; only a purchase gives back, and only what is not let go."""
    story, theirs, lost = Story(side), NONE, NONE
    for deed, amount, is_told in deeds:
        if deed == "b":
            back = min(amount, lost)
            lost, theirs = lost - back, theirs + amount - back
        elif deed == "s":
            amount = min(amount, theirs + story.position.open_qty.value - lost)
            if not amount:
                continue
            lost, theirs = lost + max(NONE, amount - theirs), max(NONE, theirs - amount)
        elif deed in "gc":
            continue
        do(story, deed, amount)
        assert story.taken == lost
        if is_told:
            story.let_go(lost)
            lost = NONE
            assert story.taken == 0


@given(deeds=DEEDS, side=st.sampled_from(list(Side)))
def test_sums_tell_and_the_order_of_hands_does_not_matter(deeds: list[Deed], side: Side) -> None:
    story = Story(side)
    for deed, amount, _ in deeds:
        do(story, deed.replace("g", "s"), amount)
    others = [t for t in story.trades if t.client_order_id == HANDS]
    closed = -side.sign * sum((net_amount(t) for t in others), NONE)
    open_qty = story.position.open_qty.value
    assert story.taken == min(max(closed, NONE), open_qty)
    turned = [story.trades[0], *reversed(story.trades[1:])]
    assert taken_by(story.position, turned, OwnTrades()) == story.taken
