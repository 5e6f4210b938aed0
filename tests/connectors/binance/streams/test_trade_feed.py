"""Trades by their ids: repeated ones, missing ones, and a link that says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.trade_feed import FALSE_HOLES_MAX, TradeFeed
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol
from tests.connectors.transport.kit import Problems

BTC = Symbol("BTCUSDT")
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


class Listener:
    """Subscribes and fetches what is missing, at once or when told to."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.problems = Problems()
        self.held: list[int] = []
        self.raises = False
        self.feed = TradeFeed(
            BTC, self.sink, self.link, notify=self.problems, hold=self.held.append
        )

    def sink(self, tick: TradeTick) -> None:
        self.told.append(tick.trade_id)

    def link(self, symbol: Symbol, up: bool) -> None:
        assert symbol == BTC
        self.told.append("up" if up else "down")
        if self.raises:
            raise RuntimeError("no")

    def trade(self, *numbers: int, at: int = T0, ticks: int = 1_000) -> None:
        for number in numbers:
            self.feed.on_trade(TradeTick(BTC, ticks, number, at, at))

    def taken(self) -> list[object]:
        told, self.told = self.told, []
        return told


def ticks(*numbers: int) -> tuple[TradeTick, ...]:
    return tuple(TradeTick(BTC, 1_000, number, T0, T0) for number in numbers)


def test_the_link_comes_first() -> None:
    listener = Listener()
    listener.trade(7, 8)
    assert listener.taken() == ["up", 7, 8]
    listener.feed.up()
    assert listener.taken() == []


def test_repeated_ones_are_dropped() -> None:
    listener = Listener()
    listener.feed.up()
    listener.trade(7, 8, 8, 7, 9, 1)
    assert listener.taken() == ["up", 7, 8, 9]
    assert listener.feed.duplicates == 3


def test_repeated_ones_are_dropped_after_a_gap_too() -> None:
    listener = Listener()
    listener.trade(7, 8)
    listener.feed.down()
    listener.feed.down()
    listener.feed.up()
    listener.trade(8, 12)
    assert listener.taken() == ["up", 7, 8, "down", "up", 12]


def test_a_hole_closes_the_link_for_a_moment() -> None:
    listener = Listener()
    listener.trade(7, 10)
    assert listener.taken() == ["up", 7, "down", "up", 10]
    assert listener.problems.told == [("trades_missed", {"symbol": "BTCUSDT", "count": "2"})]
    assert listener.feed.wanted_after(8)
    assert not listener.feed.wanted_after(9)


def test_a_hole_while_another_is_fetched_is_fetched_with_it() -> None:
    listener = Listener()
    listener.trade(7, 10, 20)
    assert listener.taken() == ["up", 7, "down", "up", 10, 20]
    assert listener.feed.wanted_after(18)
    assert listener.feed.holes == 2
    listener.feed.backfilled(19, ticks(8, 9, 11, 19))
    listener.trade(25)
    assert listener.taken() == ["down", "up", 25]


def test_a_hole_that_nobody_fetches_is_told_of_again() -> None:
    listener = Listener()
    listener.trade(7, 10, at=T0)
    listener.trade(20, at=T0 + 5 * SECOND)
    assert listener.taken() == ["up", 7, "down", "up", 10, "down", "up", 20]


def test_after_a_reconnect_nothing_is_a_hole_until_it_was_fetched() -> None:
    listener = Listener()
    listener.trade(7)
    listener.feed.down()
    listener.feed.up()
    listener.trade(100)
    assert listener.taken() == ["up", 7, "down", "up", 100]
    assert listener.feed.wanted_after(98)


def test_a_first_trade_beyond_what_was_fetched_is_a_hole() -> None:
    listener = Listener()
    listener.feed.up()
    listener.feed.backfilled(50, ticks(49, 50))
    listener.trade(53)
    assert listener.taken() == ["up", "down", "up", 53]
    fine = Listener()
    fine.feed.up()
    fine.feed.backfilled(50, ticks(49, 50))
    fine.trade(51)
    assert fine.taken() == ["up", 51]


def test_a_market_whose_ids_have_holes_of_their_own_is_left_alone() -> None:
    listener = Listener()
    for number in range(10, 10 * (FALSE_HOLES_MAX + 4), 10):
        listener.trade(number)
        listener.feed.backfilled(number, ticks(number))
    assert listener.taken().count("down") == FALSE_HOLES_MAX
    assert listener.feed.holes == FALSE_HOLES_MAX + 2


def test_a_real_hole_keeps_the_trust_in_ids() -> None:
    listener = Listener()
    for number in range(10, 100, 10):
        listener.trade(number)
        listener.feed.backfilled(number, ticks(number - 5, number))
    assert listener.taken().count("down") == 8


def test_a_listener_that_raises_is_told_of() -> None:
    listener = Listener()
    listener.raises = True
    listener.trade(1)
    listener.trade(2)
    assert listener.taken() == ["up", 1, 2]
    assert listener.problems.names == {"listener_failed": 1}


def test_an_odd_print_waits_and_counts() -> None:
    listener = Listener()
    listener.feed.on_quote(1_000, 1_010, T0)
    listener.trade(1, ticks=500)
    assert listener.taken() == ["up"]
    assert listener.held == [T0 + SECOND // 4]
    assert listener.problems.told == [("print_held", {"symbol": "BTCUSDT", "trade_id": "1"})]
    listener.feed.pass_time(T0 + SECOND // 4 - 1)
    assert listener.taken() == []
    listener.feed.pass_time(T0 + SECOND // 4)
    assert listener.taken() == [1]


def test_the_next_print_lets_it_count_before() -> None:
    listener = Listener()
    listener.feed.on_quote(1_000, 1_010, T0)
    listener.trade(1, ticks=500)
    listener.trade(2, ticks=1_000)
    listener.trade(3, ticks=1_000)
    assert listener.taken() == ["up", 1, 2, 3]


def test_what_waits_counts_before_the_link_goes_down() -> None:
    """Otherwise it would come after, and say that the link is up."""
    listener = Listener()
    listener.feed.on_quote(1_000, 1_010, T0)
    listener.trade(1, ticks=500)
    listener.feed.down()
    assert listener.taken() == ["up", 1, "down"]
    listener.feed.pass_time(T0 + SECOND)
    assert listener.taken() == []
    listener.feed.up()
    listener.trade(2, ticks=500)
    assert listener.taken() == ["up", 2], "judged by a quote of the connection before"


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(1, 40)),
        st.tuples(st.just("up"), st.just(0)),
        st.tuples(st.just("down"), st.just(0)),
        st.tuples(st.just("fill"), st.integers(1, 40)),
        st.tuples(st.just("quote"), st.sampled_from([100, 1_000])),
        st.tuples(st.just("time"), st.just(0)),
    )
)


@given(steps=_steps)
def test_order_and_link_whatever_happens(steps: list[tuple[str, int]]) -> None:
    listener, now = Listener(), T0
    for kind, number in steps:
        now += SECOND // 10
        if kind == "trade":
            listener.trade(number, at=now)
        elif kind == "fill":
            listener.feed.backfilled(number, ())
        elif kind == "quote":
            listener.feed.on_quote(number, number, now)
        elif kind == "time":
            listener.feed.pass_time(now)
        else:
            getattr(listener.feed, kind)()
    told = listener.taken()
    numbers = [word for word in told if isinstance(word, int)]
    assert numbers == sorted(set(numbers))
    is_up = False
    for word in told:
        if isinstance(word, int):
            assert is_up
        else:
            assert (word == "up") is not is_up
            is_up = word == "up"
    assert listener.feed.is_up is is_up
