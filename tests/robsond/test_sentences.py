"""Every event in plain words: the sentence a person reads, word for word."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from robson_domain import (
    CloseReason,
    DetectorSpec,
    Event,
    PairRule,
    Price,
    RiskLimits,
    SafetyNetMode,
    Side,
    codec,
)
from robsond.safety_sentences import RELEASES
from robsond.sentences import REASONS, sentence

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "events"


def stored(name: str, **changes: Any) -> Event:
    """The event as the corpus holds it, or a variant."""
    text = (GOLDEN / f"{name}.v1.json").read_text(encoding="ascii")
    event: Event = codec.decode_event(codec.loads(text))
    return attrs.evolve(event, **changes)


SAID: Final = {
    "PositionArmed": "You armed a long on BTCUSDT: detector test (stop_distance 2) may enter once "
    "and risk 100 USDT, 1 % of 10000.",
    "PositionDisarmed": "Disarmed without having entered, because you took it back.",
    "EntrySignalReceived": "The detector gave its signal at 100 with the stop at 98; a fresh look "
    "at the account was asked for before deciding.",
    "EntryDenied": "The entry was denied before anything was sent (STALE_SIGNAL): 2.1 s passed "
    "since the signal.",
    "EntryOrderPlaced": "Entry decided: buy 50 BTC, so that a stop 2 away loses at most 100 USDT "
    "with commissions; 2 checks passed.",
    "EntryFilled": "The entry was filled: 50 at 100; 49.95 is open now, guarded by a stop at 98.",
    "TrailingStopUpdated": "The price went as far as 100.5, so the stop followed from 98 to 98.5.",
    "PositionCloseRequested": "It will be closed with its first fill, because you asked for it "
    "while the entry was still unfilled.",
    "ExitTriggered": "The exit was triggered, because you pressed panic; the stop stood at 98.5.",
    "ExitOrderPlaced": "Exit decided: sell 50 BTC.",
    "ExitFilled": "The exit was filled: 50 at 98; 0 is left open.",
    "OrderRejected": "The venue refused order robson_core_bpizevgbt242fjti6e (-2010: insufficient "
    "balance); it is tried again.",
    "OrderInDoubt": "Nobody knows what became of order robson_core_apghxcqyaqa3gx25s6 (TIMEOUT); "
    "it is asked for and never sent again.",
    "OrderResolved": "The last word on order robson_core_apghxcqyaqa3gx25s6: expired, 20 filled "
    "(the venue's answer).",
    "PositionClosed": "Closed, because you acknowledged the error: -100 after commissions; -0.5 "
    "was too small to trade.",
    "PositionErrored": "A person is needed: the venue shows less than the ledger. What is open "
    "keeps its stop.",
    "RiskLimitsSet": "From here on the risk capital is 12000: at most 3 positions at once, 5 % of "
    "it at risk in all, 5 % lost on a day, 20 % below the peak, 10 times it in value, 6 entries a "
    "minute; only BTCUSDT.",
    "GuardOpened": "Your long of 50 BTC on BTCUSDT, opened at 100, is guarded from now on by a "
    "fixed stop at 98.",
    "GuardFollowed": "You changed the position: 60 is guarded now, counted from the price it was "
    "seen at, 100.25, with the stop at 98.25.",
    "GuardBreached": "The price 97.9 reached the safety stop at 98. The Safety Net only observes, "
    "so nothing was sent.",
    "GuardReleased": "Not guarded any more, and nothing was sent, because nothing of yours is left "
    "to guard on the pair.",
    "GuardHandedOver": "You handed it over to Robson: from now on its stop trails 2 behind the "
    "best price, beginning at 98.5 with the best at 100.5.",
    "GuardDebtSeen": "Before its exit the pair owes 1250.5 USDT, which the venue is to repay out "
    "of it.",
    "VenueStopPlaced": "A stop order is to rest at the venue: sell 50 BTC once the price reaches "
    "97.02, should Robson not be there to exit before.",
    "CancelRequested": "The venue is asked to take back stop order robson_core_ilgjg3sldhjn2duepp; "
    "nothing else is sent for its quantity before it has ended.",
    "InterestAccrued": "The venue has charged 0.012 of interest so far, in the borrowed asset.",
    "RepayRequested": "Flat, but still owing: 1250.5 USDT is paid back.",
    "PositionReduced": "The account holds 10 less of it than the log, taken off at 99.5: trades of "
    "the account explain it (trade 7003 of the account: sold 10 at 99.5).",
    "SafetyNetSet": "From here on the Safety Net acts: what you opened by hand is closed at market "
    "once it reaches its stop.",
    "PairRuleSet": "From here on, on BTCUSDT: your collateral is guarded too, from the price it "
    "has now, until the pair is flat.",
    "PairQuarantined": "BTCUSDT needs you to look at it: the account holds 40 of what the log says "
    "are 50; no trade explains it. Nothing is entered there until you clear it.",
    "AnotherRobsonSeen": "Order robson_core_2222222222222222aa on BTCUSDT is a Robson's and not in "
    "this log: another one trades on this account. Nothing is entered anywhere until you clear it.",
    "WarningCleared": "You cleared the warning about BTCUSDT; it may be entered again.",
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_said_in_these_words(name: str) -> None:
    assert sentence(stored(name)) == SAID[name]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (RiskLimits(), ""),
        (RiskLimits(max_position_size_usd=Decimal(5000)), "; one position up to 5000"),
        (RiskLimits(max_budget_per_symbol_pct=Decimal("12.5")), "; one pair up to 12.5 % of it"),
        (RiskLimits(symbols_allowed=()), "; only no pair"),
        (
            RiskLimits(disaster_stop=Decimal("0.01")),
            "; a stop at the venue 1 % beyond each trailing stop",
        ),
    ],
)
def test_limits_that_are_off_are_left_out(limits: RiskLimits, said: str) -> None:
    text = sentence(stored("RiskLimitsSet", limits=limits))
    assert text.endswith(f"6 entries a minute{said}.")


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        (
            "ExitTriggered",
            {"price": Price("98"), "reason": CloseReason.END_OF_DATA},
            "The exit was triggered at 98, because the recording ended; the stop stood at 98.5.",
        ),
        (
            "ExitTriggered",
            {"stop": None, "reason": CloseReason.LATE_FILL},
            "The exit was triggered, because a fill came after the end.",
        ),
        (
            "OrderRejected",
            {"retry_at": 0},
            "The venue refused order robson_core_bpizevgbt242fjti6e (-2010: insufficient balance).",
        ),
        (
            "WarningCleared",
            {"symbol": None},
            "You cleared the warning about another Robson.",
        ),
        (
            "SafetyNetSet",
            {"mode": SafetyNetMode.OBSERVE},
            "From here on the Safety Net observes: it shows what it would guard and sends nothing.",
        ),
        (
            "RepayRequested",
            {"n": 2},
            "Flat, but still owing: 1250.5 USDT is paid back (repayment number 2).",
        ),
        (
            "PositionClosed",
            {"dust": Decimal(0), "debt": Decimal("0.5"), "interest": Decimal("0.1")},
            (
                "Closed, because you acknowledged the error: -100 after commissions; 0.1 of "
                "interest was charged in the borrowed asset; 0.5 is still owed to the venue."
            ),
        ),
    ],
)
def test_what_is_not_known_is_left_out(name: str, changes: dict[str, Any], said: str) -> None:
    assert sentence(stored(name, **changes)) == said


def test_nothing_left_over_is_not_mentioned() -> None:
    closed = stored("PositionClosed")
    plain = stored("PositionClosed", dust=closed.dust * 0)  # type: ignore[union-attr]
    assert sentence(plain) == "Closed, because you acknowledged the error: -100 after commissions."


def test_an_exit_after_another_is_numbered() -> None:
    placed: Any = stored("ExitOrderPlaced")
    second = attrs.evolve(placed, intent=attrs.evolve(placed.intent, n=2))
    assert sentence(second) == "Exit number 2 decided: sell 50 BTC."


def test_a_short_without_parameters() -> None:
    armed: Any = stored("PositionArmed")
    command = attrs.evolve(armed.command, side=Side.SHORT, detector=DetectorSpec(name="breakout"))
    said = sentence(attrs.evolve(armed, command=command))
    assert said.startswith("You armed a short on BTCUSDT: detector breakout may enter once")


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) == set(CloseReason)
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize("why", [*RELEASES, "something_new"])
def test_a_guard_ends_for_a_reason(why: str) -> None:
    said = sentence(stored("GuardReleased", why=why))
    assert said.startswith("Not guarded any more, and nothing was sent, because ")
    assert "_" not in said


@pytest.mark.parametrize("rule", PairRule)
def test_every_rule_has_its_words(rule: PairRule) -> None:
    assert sentence(stored("PairRuleSet", rule=rule)).startswith("From here on, on BTCUSDT: ")


def test_a_guard_that_was_first_seen_somewhere() -> None:
    assert "BTCUSDT, first seen at 100, is guarded" in sentence(
        stored("GuardOpened", is_estimated=True)
    )


def test_a_stop_after_another_is_numbered() -> None:
    placed: Any = stored("VenueStopPlaced")
    second = attrs.evolve(placed, intent=attrs.evolve(placed.intent, n=2))
    assert sentence(second).startswith("Stop order number 2 is to rest at the venue")
