"""What a venue that lends promises about debt and paying it back; run with the execution cards.

Their harness has the adapter's lending side, and an account that owes: see
``execution_abilities``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from robson_domain import decimals
from robson_domain.errors import (
    DefinitiveVenueError,
    InDoubtError,
    RetryableVenueError,
    VenueError,
)
from robson_domain.ports.lending import Debt
from robson_domain.symbols import Side, Symbol
from robson_domain.testing.conformance import CardFailed, Deck, holds
from robson_domain.testing.execution_abilities import (
    FailingHarness,
    LendingHarness,
    LossyHarness,
    Question,
)
from robson_domain.testing.execution_doubt_cards import is_unanswered
from robson_domain.testing.execution_harness import ExecutionHarness

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card
_OWED: Final = Decimal(100)
_PART: Final = Decimal(40)
_INTEREST_MAX: Final = Decimal("0.1")
"""More than an hour of it costs on what is owed here."""


async def _debt(harness: ExecutionHarness, side: Side = Side.LONG) -> Debt:
    assert isinstance(harness, LendingHarness)
    return await harness.lending.debt(harness.instrument.symbol, side, harness.now_ns())


def _about(amount: Decimal, expected: Decimal) -> bool:
    return expected <= amount <= decimals.add(expected, _INTEREST_MAX)


@card("LE-010", needs=(LendingHarness,))
async def debt_is_what_is_owed(harness: ExecutionHarness) -> None:
    """A long owes quote and a short base; the debt says how much, freshly, with what is free."""
    assert isinstance(harness, LendingHarness)
    symbol, before = harness.instrument.symbol, await _debt(harness)
    holds(before.amount == 0, f"nothing was borrowed, it owes {before.amount}")
    harness.owe(_OWED)
    asked = harness.now_ns()
    long, short = await _debt(harness), await _debt(harness, Side.SHORT)
    assets = (long.asset, short.asset)
    holds(assets == (symbol.quote, symbol.base), f"a long and a short owe {assets}")
    holds(_about(long.amount, _OWED), f"owes {_OWED}, the debt says {long.amount}")
    holds(short.amount == 0, f"no base was borrowed, it owes {short.amount}")
    got = decimals.sub(long.free, before.free)
    holds(got == _OWED, f"what was borrowed is there: free by {got} more")
    holds(long.ts_received >= asked, f"received at {long.ts_received}, asked at {asked}")


@card("LE-020", needs=(LendingHarness,))
async def a_repayment_repays(harness: ExecutionHarness) -> None:
    """Paying back lowers the debt by that much, and only the asset that was named."""
    assert isinstance(harness, LendingHarness)
    symbol = harness.instrument.symbol
    harness.owe(_OWED)
    before = await _debt(harness)
    await harness.lending.repay(symbol, symbol.quote, _PART)
    after = await _debt(harness)
    left = decimals.sub(before.amount, _PART)
    holds(_about(after.amount, left), f"{left} is left, the debt says {after.amount}")
    await harness.lending.repay(symbol, symbol.quote, after.amount)
    last = await _debt(harness)
    holds(last.amount == 0, f"all was paid back, it owes {last.amount}")


@card("LE-030", needs=(LendingHarness,))
async def too_much_is_refused(harness: ExecutionHarness) -> None:
    """More than is owed, or nothing, is a definitive error and changes nothing."""
    assert isinstance(harness, LendingHarness)
    symbol = harness.instrument.symbol
    harness.owe(_OWED)
    for amount in (_OWED * 2, Decimal(0)):
        try:
            await harness.lending.repay(symbol, symbol.quote, amount)
        except DefinitiveVenueError:
            continue
        raise CardFailed(f"owes {_OWED}, and {amount} was taken")
    after = await _debt(harness)
    holds(_about(after.amount, _OWED), f"a refusal changed the debt to {after.amount}")


@card("LE-040", needs=(LendingHarness, LossyHarness))
async def a_lost_repayment_is_in_doubt(harness: ExecutionHarness) -> None:
    """A repayment whose answer is lost is in doubt, was sent once, and the debt tells."""
    assert isinstance(harness, LendingHarness)
    assert isinstance(harness, LossyHarness)
    symbol = harness.instrument.symbol
    harness.owe(_OWED)
    left = _OWED
    for executed in (True, False):
        harness.lose(harness.losses[0], executed)
        try:
            await harness.lending.repay(symbol, symbol.quote, _PART)
        except InDoubtError:
            pass
        except VenueError as error:
            raise CardFailed(f"nobody knows, raised {error!r}") from error
        else:
            raise CardFailed("nobody knows, and it passes for paid")
        harness.mend()
        left = decimals.sub(left, _PART) if executed else left
        owed = (await _debt(harness)).amount
        holds(_about(owed, left), f"booked: {executed}, owes {left}, the debt says {owed}")


@card("LE-050", needs=(LendingHarness, FailingHarness))
async def no_answer_is_no_freedom_from_debt(harness: ExecutionHarness) -> None:
    """Debt that cannot be had is an error to try again; of an unknown pair, a definitive one."""
    assert isinstance(harness, LendingHarness)
    assert isinstance(harness, FailingHarness)
    harness.owe(_OWED)
    harness.fail(Question.DEBT)
    await is_unanswered(Question.DEBT, lambda: _debt(harness))
    harness.mend()
    await _debt(harness)
    try:
        found = await harness.lending.debt(Symbol("NOSUCHCOINUSDT"), Side.LONG, 0)
    except DefinitiveVenueError:
        return
    except RetryableVenueError as error:
        raise CardFailed(f"there is no such pair, raised {error!r}") from error
    raise CardFailed(f"there is no such pair, it owes {found}")
