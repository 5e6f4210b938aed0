"""What every detector does alike: which prices count, one signal, then gone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    DetectorSignal,
    PositionId,
    Price,
    PriceOrigin,
    Side,
    SignalId,
    Symbol,
    TradeTick,
    UnknownSchema,
    codec,
)
from tests.engine.detectors.making import (
    BTC,
    MINUTE,
    SECOND,
    START,
    Shown,
    first_signal,
    make,
    past,
    show,
    tick,
)
from tests.engine.detectors.stories import stories

KINDS: list[tuple[str, dict[str, str]]] = [
    ("ma_crossover", {"fast": "1", "slow": "2", "interval": "15s", "stop_distance": "1%"}),
    ("ma_crossover", {"fast": "1", "slow": "2", "interval": "15s", "swing": "2"}),
    ("breakout", {"lookback": "2", "interval": "15s", "swing": "3"}),
    ("breakout", {"lookback": "2", "interval": "15s", "stop_distance": "3.5"}),
    ("delay", {"seconds": "30", "stop_distance": "0.2%"}),
    ("delay", {"seconds": "0", "interval": "15s", "swing": "2"}),
    ("manual", {"interval": "15s", "swing": "2"}),
    ("manual", {"stop": "499"}),
    ("test", {"interval": "15s", "swing": "2"}),
    ("test", {"stop_distance": "5"}),
]


def test_the_signal_says_everything_once() -> None:
    detector = make("manual", side=Side.SHORT, stop_distance="1%")
    assert detector.on_price(tick(200, 5 * SECOND, received=7 * SECOND)) == DetectorSignal(
        signal_id=SignalId("p1-signal"),
        position_id=PositionId("p1"),
        symbol=BTC,
        side=Side.SHORT,
        entry_price=Price(100),
        technical_stop=Price(101),
        timestamp=START + 7 * SECOND,
    )


@given(stories(), st.sampled_from(KINDS), st.sampled_from(Side))
def test_one_signal_then_gone(
    story: list[Shown], kind: tuple[str, dict[str, str]], side: Side
) -> None:
    detector = make(kind[0], side=side, **kind[1])
    signals = [signal for shown in story if (signal := show(detector, shown)) is not None]
    assert len(signals) <= 1
    if signals:
        before = detector.dump()
        assert detector.on_price(tick(1_000, 10**15)) is None
        assert detector.on_time(START + 10**15) is None
        assert detector.dump() == before


@given(stories(), st.sampled_from(KINDS), st.sampled_from(Side))
def test_only_live_prices_and_time_fire(
    story: list[Shown], kind: tuple[str, dict[str, str]], side: Side
) -> None:
    found = first_signal(make(kind[0], side=side, **kind[1]), story)
    if found is None:
        return
    shown, signal = story[found[0]], found[1]
    assert signal.stop_distance.distance.value > 0
    if isinstance(shown, TradeTick):
        assert shown.origin is PriceOrigin.LIVE
        assert (signal.timestamp, signal.entry_price) == (
            shown.ts_received,
            Price(f"{shown.ticks // 2}.{shown.ticks % 2 * 5}"),
        )
    else:
        assert signal.timestamp == shown


def test_a_gap_price_builds_bars() -> None:
    detector = make("manual", swing="1")
    assert detector.on_price(tick(10, origin=PriceOrigin.GAP)) is None
    assert detector.on_price(tick(9, MINUTE, origin=PriceOrigin.GAP)) is None
    assert detector.on_price(tick(11, MINUTE)).technical_stop == Price("4.5")


def test_after_a_gap_there_is_no_last_price() -> None:
    """Else time could fire at a price from before the silence, which newer trades contradict."""
    detector = make("test", stop_distance="1%")
    detector.on_price(tick(200))
    detector.on_price(tick(300, SECOND, origin=PriceOrigin.GAP))
    assert detector.on_time(START + 10 * SECOND) is None
    assert detector.on_price(tick(301, 11 * SECOND)).entry_price == Price("150.5")


@pytest.mark.parametrize(
    "ignored",
    [tick(1, origin=PriceOrigin.REST), tick(1, symbol=Symbol("ETHUSDT"))],
    ids=["rest", "other pair"],
)
def test_what_is_no_trade_of_the_pair_changes_nothing(ignored: TradeTick) -> None:
    detector = make("manual", stop_distance="1%")
    before = detector.dump()
    assert detector.on_price(ignored) is None
    assert detector.dump() == before


def test_time_does_not_run_backwards() -> None:
    """Received times may step back; what has passed has passed."""
    detector = make("delay", seconds="10", stop_distance="1%")
    detector.on_time(START + 20 * SECOND)
    detector.on_time(START + 30 * SECOND)
    assert detector.elapsed == 10 * SECOND
    signal = detector.on_price(tick(200, 25 * SECOND))
    assert signal.timestamp == START + 25 * SECOND


def test_before_it_was_shown_anything_no_time_has_passed() -> None:
    assert make("delay", stop_distance="1%").elapsed == 0


def test_an_estimate_before_anything_was_seen_has_no_time() -> None:
    estimate = make("manual", stop_distance="1%").estimate(Price(100))
    assert (estimate.timestamp, estimate.technical_stop) == (0, Price(99))


def test_an_estimate_changes_nothing() -> None:
    detector = make("test", swing="2")
    detector.warm_up(past([(10, 20), (12, 22)]))
    detector.on_price(tick(15, SECOND))
    before = detector.dump()
    estimate = detector.estimate(Price("7.25"))
    assert (estimate.entry_price, estimate.technical_stop) == (Price("7.25"), Price(5))
    assert estimate.timestamp == START + SECOND
    assert detector.dump() == before
    assert detector.estimate(Price(5)) is None
    assert detector.on_time(START + 6 * SECOND) is not None


@given(stories(), st.sampled_from(KINDS), st.sampled_from(Side))
def test_an_estimate_at_the_price_that_fires_is_the_signal(
    story: list[Shown], kind: tuple[str, dict[str, str]], side: Side
) -> None:
    detector = make(kind[0], side=side, **kind[1])
    if (found := first_signal(detector, story)) is None:
        return
    estimate = detector.estimate(found[1].entry_price)
    assert estimate.technical_stop == found[1].technical_stop


@given(stories(), st.sampled_from(KINDS), st.sampled_from(Side), st.data())
def test_restored_at_any_point_it_goes_on_as_if_never_stopped(
    story: list[Shown], kind: tuple[str, dict[str, str]], side: Side, data: st.DataObject
) -> None:
    warm = past(data.draw(st.lists(st.sampled_from([(990, 1010), (995, 1001)]), max_size=5)))
    bars = [] if kind[1].get("interval") else warm
    whole = make(kind[0], side=side, **kind[1])
    whole.warm_up(bars)
    expected, stored = [], [whole.dump()]
    for shown in story:
        expected.append(show(whole, shown))
        stored.append(whole.dump())
    for cut, memory in enumerate(stored):
        after = make(kind[0], side=side, **kind[1])
        after.restore(memory, after.VERSION)
        assert after.dump() == memory
        assert [show(after, shown) for shown in story[cut:]] == expected[cut:]
        assert after.dump() == stored[-1]


def test_the_memory_is_canonical_text() -> None:
    detector = make("breakout", lookback="2", swing="3")
    detector.warm_up(past([(10, 20), (11, 21)]))
    detector.on_price(tick(15))
    text = detector.dump()
    assert codec.canonical(codec.loads(text)) == text


def test_another_version_is_refused() -> None:
    detector = make("manual", stop_distance="1%")
    for version in (0, 2):
        with pytest.raises(UnknownSchema, match=f"manual: version {version} is not 1"):
            detector.restore(detector.dump(), version)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "not json"])
def test_a_text_that_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(UnknownSchema):
        make("manual", stop_distance="1%").restore(text, 1)


@pytest.mark.parametrize(
    "change", [{"x": 1}, {"fired": 1}, {"now": "1"}, {"last": 1.5}, {"history": None}]
)
def test_a_memory_that_does_not_fit_is_refused_and_nothing_taken(change: dict[str, object]) -> None:
    detector = make("manual", stop_distance="1%")
    memory = json.loads(detector.dump())
    restored = make("manual", stop_distance="1%")
    with pytest.raises(UnknownSchema):
        restored.restore(json.dumps({**memory, **change}), 1)
    for name in memory:
        with pytest.raises(UnknownSchema):
            restored.restore(json.dumps({k: v for k, v in memory.items() if k != name}), 1)
    assert restored.dump() == detector.dump()
