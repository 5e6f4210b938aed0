"""What may be risked is a fact of the log: said once, folded like any other, used by the gate."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given

from robson_domain import (
    NO_POSITION,
    AccountReported,
    Denial,
    Ledger,
    Money,
    PositionId,
    PositionStatus,
    Price,
    RiskLimits,
    RiskLimitsSet,
)
from robson_domain.testing import (
    a_ledger,
    a_position,
    a_signal,
    an_account,
    an_event,
    strategies,
)
from robson_engine import EngineState, estimate_entry, evolve
from robson_engine.evolve_ledger import evolve_ledger
from tests.engine.histories import Actor, History, histories
from tests.engine.world import CAPITAL, CONFIG, FIRST, World, kinds, state_text

NONE_ALLOWED: dict[str, Any] = {"symbols_allowed": ()}


def test_the_first_word_of_a_log_is_logged_though_it_changes_nothing() -> None:
    """An empty log has said nothing yet; whoever reads it later must find what held."""
    world = World()
    before = world.state.ledger
    outcome = world.limits()
    (event,) = outcome.events
    assert isinstance(event, RiskLimitsSet)
    assert (event.capital, event.limits) == (before.capital, before.limits)
    assert (event.sequence, event.position_id, event.mark) == (1, NO_POSITION, 0)
    assert event.input == world.inputs[0]
    assert event.cause_id == "command:s"
    assert outcome.changed == (attrs.evolve(before, sequence=1),)
    assert outcome.commands == ()


def test_what_the_log_says_already_is_not_said_again() -> None:
    world = World()
    world.limits(5_000, max_open_positions=2)
    assert world.limits(5_000, max_open_positions=2).events == ()
    assert kinds(world.limits(5_001, max_open_positions=2).events) == ["RiskLimitsSet"]
    assert kinds(world.limits(5_001, max_open_positions=3).events) == ["RiskLimitsSet"]
    assert world.state.ledger.capital == Money(5_001)
    assert world.state.ledger.limits == RiskLimits(max_open_positions=3)


def test_an_old_log_that_said_nothing_stays_silent_while_nothing_differs() -> None:
    world = World()
    world.arm()
    assert world.limits().events == ()
    assert kinds(world.limits(max_open_positions=1).events) == ["RiskLimitsSet"]


def test_the_gate_goes_by_the_log() -> None:
    world = World()
    world.limits(**NONE_ALLOWED)
    world.entering()
    assert world.position().denial_code == "SYMBOL_NOT_ALLOWED"
    world.limits()
    world.entering(PositionId("position-2"))
    assert world.events[-1].event_type == "EntryOrderPlaced"


def test_shares_are_of_the_capital_in_the_log() -> None:
    """1 % of 10,000 is at stake: 5 % of 1,000 is less, of 10,000 more."""
    world = World()
    world.limits(1_000, notional_multiple=100)
    world.entering()
    assert world.position().denial_code == "DAILY_LOSS"


def test_an_estimate_goes_by_the_log() -> None:
    world = World()
    world.limits(**NONE_ALLOWED)
    account = AccountReported(snapshot=an_account(), last_price=Price(100))
    position = a_position(PositionStatus.ARMED)
    denied = estimate_entry(world.state, position, a_signal(), account).denial
    assert isinstance(denied, Denial)
    assert denied.code.value == "SYMBOL_NOT_ALLOWED"
    world.limits()
    assert estimate_entry(world.state, position, a_signal(), account).denial is None


def test_positions_do_not_notice() -> None:
    world = World().active()
    before = world.position()
    world.limits(7_000)
    assert world.position() is before
    assert world.position(FIRST).stop == before.stop


@pytest.mark.parametrize("opening", [1, 10_000, 77_777])
def test_what_a_state_was_opened_with_is_forgotten_with_the_first_word(opening: int) -> None:
    """Replay may begin with any capital: the log alone decides where it ends."""
    world = World()
    world.limits(12_000, max_open_positions=4)
    world.closed()
    world.limits(9_000)
    state = EngineState.opening(CONFIG, Money(opening), RiskLimits(max_open_positions=1))
    for event in world.events:
        state.apply(evolve(state, event))
    assert state_text(state) == state_text(world.state)


def test_limits_survive_a_snapshot() -> None:
    world = World()
    world.limits(12_000, max_open_positions=4)
    again = EngineState.restore(CONFIG, CAPITAL, world.state.snapshot(), ())
    assert again.ledger == world.state.ledger


@given(histories(30))
def test_replay_is_identical_when_limits_change_underway(history: History) -> None:
    world = World()
    world.limits(12_000)
    Actor(history, world).run()
    world.limits(8_000, max_open_positions=2)
    assert state_text(world.restored().state) == state_text(world.state)


# ---------------------------------------------------------------------- the peak


def said(ledger: Ledger, capital: int | Money) -> Ledger:
    amount = capital if isinstance(capital, Money) else Money(capital)
    return evolve_ledger(ledger, None, an_event(RiskLimitsSet, capital=amount))


@pytest.mark.parametrize(
    ("realized", "peak", "capital", "expected"),
    [
        (0, 10_000, 15_000, 15_000),  # a deposit is no gain
        (0, 10_000, 4_000, 4_000),  # a withdrawal is no drawdown
        (-500, 10_300, 15_000, 15_300),  # 800 below the peak before and after
        (-500, 10_300, 4_000, 4_300),
        (300, 10_300, 10_000, 10_300),
    ],
)
def test_the_peak_moves_with_the_capital(
    realized: int, peak: int, capital: int, expected: int
) -> None:
    before = a_ledger(realized_total=Money(realized), peak_equity=Money(peak))
    after = said(before, capital)
    assert after.peak_equity == Money(expected)
    assert after.peak_equity - after.equity == before.peak_equity - before.equity
    assert after.capital == Money(capital)


def test_the_peak_is_never_below_equity() -> None:
    """Not even after a ledger in which it was."""
    odd = a_ledger(realized_total=Money(500), peak_equity=Money(10_000))
    assert said(odd, 12_000).peak_equity == Money(12_500)


@given(strategies.money(), strategies.money(), strategies.money())
def test_a_change_there_and_back_leaves_all_as_it_was(
    capital: Money, realized: Money, other: Money
) -> None:
    equity = capital + realized
    before = a_ledger(capital=capital, realized_total=realized, peak_equity=max(equity, capital))
    back = said(said(before, other), capital)
    assert (back.peak_equity, back.equity) == (before.peak_equity, before.equity)
