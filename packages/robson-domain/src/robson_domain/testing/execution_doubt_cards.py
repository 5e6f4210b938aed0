"""The execution cards about answers that are lost, late or refused; ``execution_cards`` lists them.

Their harness makes the venue misbehave: see ``execution_abilities``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import attrs

from robson_domain import decimals
from robson_domain.errors import InDoubtError, RetryableVenueError, VenueError
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import ReportStatus
from robson_domain.testing.conformance import CardFailed, Deck, holds
from robson_domain.testing.execution_abilities import (
    FailingHarness,
    LateHarness,
    LossyHarness,
    Question,
    SecretHarness,
)
from robson_domain.testing.execution_harness import (
    BUY,
    PATIENCE,
    ExecutionHarness,
    account_of,
    an_order,
    filled,
    net_of,
    query,
    same_account,
    sum_of,
    until_filled,
)
from robson_domain.testing.execution_stop_cards import a_long, a_stop, resting, rests_stops

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card


async def is_unanswered(question: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Check that a question which failed says so."""
    try:
        found = await ask()
    except RetryableVenueError:
        return
    except VenueError as error:
        raise CardFailed(f"{question}: no answer came, raised {error!r}") from error
    raise CardFailed(f"{question}: no answer came, and it was answered with {found}")


# -------------------------------------------------------------------------- sends in doubt


async def _is_in_doubt(harness: ExecutionHarness, loss: str, order: NewOrder) -> None:
    try:
        answer = await harness.execution.submit(order)
    except InDoubtError:
        return
    except VenueError as error:
        raise CardFailed(f"{loss}: nobody knows, raised {error!r}") from error
    raise CardFailed(f"{loss}: nobody knows, answered {answer.status} {answer.code}")


async def _happened_once(
    harness: ExecutionHarness, order: NewOrder, executed: bool, said: str
) -> None:
    if executed:
        report = await until_filled(harness, order)
        total = sum_of(report.fills)
        holds(total == order.quantity.value, f"{said}: executed {total} of {order.quantity}")
    else:
        report = await query(harness, order)
        holds(report.status is ReportStatus.NOT_FOUND, f"{said}: it is {report.status}")
    listed = await harness.execution.fills_since(order.symbol, None)
    own = [fill for order_id, fill in listed if order_id == order.client_order_id]
    holds(len(own) == len(report.fills), f"{said}: {len(own)} executions, told {report.fills}")


@card("EX-320", needs=(LossyHarness,))
async def a_lost_answer_is_in_doubt(harness: ExecutionHarness) -> None:
    """However its answer is lost, an order is in doubt, was sent once, and can be asked for."""
    assert isinstance(harness, LossyHarness)
    base, before = harness.instrument.symbol.base, await account_of(harness)
    expected = before.net_qty
    for number, loss in enumerate(harness.losses):
        for executed in (True, False):
            order = an_order(harness, f"ex320{'ny'[executed]}{number}")
            harness.lose(loss, executed)
            await _is_in_doubt(harness, loss, order)
            harness.mend()
            await harness.trade()
            await _happened_once(harness, order, executed, f"{loss}, executed: {executed}")
            fills = (await query(harness, order)).fills
            expected = decimals.add(expected, net_of(BUY, fills, base))
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"the account says {net}, the executions sum to {expected}")


@card("EX-330", rests_stops, needs=(LossyHarness,))
async def a_lost_cancel_is_in_doubt(harness: ExecutionHarness) -> None:
    """A cancel whose answer is lost is in doubt or told as it is, and asking tells the truth."""
    assert isinstance(harness, LossyHarness)
    held = await a_long(harness, "ex330e")
    for executed in (False, True):
        stop = a_stop(harness, f"ex330{'ny'[executed]}", held)
        await resting(harness, stop)
        harness.lose(harness.losses[0], executed)
        said = None
        with suppress(InDoubtError):
            said = (await harness.execution.cancel(stop.symbol, stop.client_order_id)).status
        harness.mend()
        report = await query(harness, stop)
        true = ReportStatus.CANCELED if executed else ReportStatus.ACCEPTED
        if said is None:
            holds(report.status is true, f"canceled: {executed}, it is {report.status}")
        else:
            holds(said is report.status, f"told as {said}, it is {report.status}")
        await harness.execution.cancel(stop.symbol, stop.client_order_id)


@card("EX-340", needs=(LossyHarness,))
async def turned_away_is_not_sent(harness: ExecutionHarness) -> None:
    """An order turned away unread is a RetryableVenueError: not executed, not sent again."""
    assert isinstance(harness, LossyHarness)
    before, order = await account_of(harness), an_order(harness, "ex340")
    harness.turn_away()
    try:
        answer = await harness.execution.submit(order)
    except RetryableVenueError:
        pass
    except VenueError as error:
        raise CardFailed(f"nothing was taken, raised {error!r}") from error
    else:
        raise CardFailed(f"nothing was taken, answered {answer.status} {answer.code}")
    harness.mend()
    await harness.trade()
    await _happened_once(harness, order, False, "turned away")
    after = await account_of(harness)
    holds(same_account(before, after), f"the account became {after}, was {before}")
    await filled(harness, an_order(harness, "ex340n"))


# ------------------------------------------------------------------------------- questions


@card("EX-350", needs=(FailingHarness,))
async def no_answer_is_no_empty_answer(harness: ExecutionHarness) -> None:
    """A question without a usable answer is an error to try again, never an empty answer."""
    assert isinstance(harness, FailingHarness)
    order, port = an_order(harness, "ex350"), harness.execution
    await filled(harness, order)
    asks: dict[Question, Callable[[], Awaitable[object]]] = {
        Question.ORDER: lambda: query(harness, order),
        Question.OPEN_ORDERS: lambda: port.open_orders(order.symbol),
        Question.FILLS: lambda: port.fills_since(order.symbol, None),
        Question.ACCOUNT: lambda: account_of(harness),
    }
    for question, ask in asks.items():
        harness.fail(question)
        await is_unanswered(question, ask)
        harness.mend()
        await ask()


@card("EX-360")
async def each_is_answered_for_by_its_id(harness: ExecutionHarness) -> None:
    """Every order is found by its own whole id, with its own executions and nobody else's."""
    step = harness.instrument.quantity(1)
    short, long = an_order(harness, "ex360"), an_order(harness, "ex360b")
    long = attrs.evolve(long, quantity=long.quantity + step)
    for order in (short, long):
        await filled(harness, order)
    seen: list[str] = []
    for order in (long, short, long):
        report = await query(harness, order)
        said = f"asked for {order.client_order_id}, told of {report.client_order_id}"
        holds(report.client_order_id == order.client_order_id, said)
        total = sum_of(report.fills)
        holds(total == order.quantity.value, f"{total} executed, ordered {order.quantity}")
        seen += [fill.trade_id for fill in report.fills]
    first, second = await query(harness, short), await query(harness, long)
    both = {fill.trade_id for fill in first.fills} & {fill.trade_id for fill in second.fills}
    holds(not both, f"executions {both} are told of two orders")
    part = await query(harness, an_order(harness, "ex36"))
    holds(part.status is ReportStatus.NOT_FOUND, f"the beginning of an id is {part.status}")


@card("EX-370")
async def the_unknown_may_come(harness: ExecutionHarness) -> None:
    """An unknown id is NOT_FOUND, also to a cancel, and is found once its order is there."""
    order = an_order(harness, "ex370")
    first = await query(harness, order)
    holds(first.status is ReportStatus.NOT_FOUND, f"answered {first.status}")
    other = an_order(harness, "ex370c")
    canceled = await harness.execution.cancel(other.symbol, other.client_order_id)
    none = (ReportStatus.NOT_FOUND, ReportStatus.REJECTED)
    holds(canceled.status in none, f"nothing was there to cancel, answered {canceled.status}")
    await filled(harness, order)


@card("EX-380", needs=(LossyHarness, LateHarness))
async def not_found_is_no_end(harness: ExecutionHarness) -> None:
    """An order the venue does not show yet is NOT_FOUND, and is found when it does."""
    assert isinstance(harness, LossyHarness)
    assert isinstance(harness, LateHarness)
    order = an_order(harness, "ex380")
    harness.hide()
    harness.lose(harness.losses[0], True)
    await _is_in_doubt(harness, harness.losses[0], order)
    for _ in range(PATIENCE):
        report = await query(harness, order)
        if report.status is not ReportStatus.NOT_FOUND:
            break
        await harness.trade()
    harness.mend()
    await _happened_once(harness, order, True, "shown late")


# --------------------------------------------------------------------------------- secrets


@card("EX-390", needs=(SecretHarness,))
async def secrets_are_kept(harness: ExecutionHarness) -> None:
    """Nothing that the adapter prints, answers or raises has a secret in it."""
    assert isinstance(harness, SecretHarness)
    port, order = harness.execution, an_order(harness, "ex390")
    said = [repr(port), str(port), repr(await filled(harness, order))]
    said += [repr(await account_of(harness)), repr(await query(harness, order))]
    if isinstance(harness, FailingHarness):
        harness.fail(Question.ACCOUNT)
        said.append(await _raised(lambda: account_of(harness)))
        harness.mend()
    if isinstance(harness, LossyHarness):
        for number, loss in enumerate(harness.losses):
            lost = an_order(harness, f"ex390{number}")
            harness.lose(loss, False)
            said.append(await _raised(partial(port.submit, lost)))
            harness.mend()
    for text in said:
        holds(not any(secret in text for secret in harness.secrets), "a secret is in what it says")


async def _raised(ask: Callable[[], Awaitable[object]]) -> str:
    """Return everything an error tells whoever logs it, causes and contexts included."""
    try:
        return repr(await ask())
    except VenueError as error:
        found: list[str] = []
        each: BaseException | None = error
        while each is not None:
            found.append(f"{each!r} {each} {vars(each)}")
            each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        return " ".join(found)
