"""What the isolated account owes, paying it back, and what the venue booked by itself.

Settling has time: it goes behind every order, and an entry of its pair that is on its way is
waited for, because the venue books one loan of a pair after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance import parse_account
from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.fields import UnreadableAnswer, row, text
from robson_connectors.binance.outcomes import Call, Outcome
from robson_connectors.binance.pools import BORROW_REPAY, INTEREST, LIQUIDATIONS, SECOND_NS, Lane
from robson_connectors.binance.rest import RestClient
from robson_domain import decimals
from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.ports.lending import Debt
from robson_domain.ports.system import Clock
from robson_domain.symbols import Side, Symbol

LANE: Final = Lane.READ
LEAST: Final = Decimal("0.00000001")
"""Amounts have eight digits after the point here."""
PENDING: Final = "-3007"
PENDING_TRIES: Final = 4
PENDING_PAUSE_NS: Final = SECOND_NS // 4
"""Before a repayment that met a loan being booked goes again; doubling."""
HOUR_NS: Final = 3600 * SECOND_NS
BORROWED_BEFORE_NS: Final = 5 * SECOND_NS
"""How long before its first fill a position may have borrowed."""
INTEREST_SPAN_NS: Final = 30 * 24 * HOUR_NS
"""The longest time one question about interest may be about."""
INTEREST_AGE_NS: Final = 89 * 24 * HOUR_NS
"""How far back interest is asked for; the venue keeps about three months."""
PAGE: Final = 100
PAGES_MAX: Final = 50
"""A charge an hour makes eight pages in the longest span; beyond this the answers repeat."""
_ON_BORROW: Final = "ON_BORROW"
_MS: Final = 1_000_000


@attrs.frozen(kw_only=True)
class LendingParts:
    """What lending is made of.

    Attributes:
        gate: Returns what everything on a pair that borrows, rests or repays passes one by one.
        is_read_only: Whether every repayment is refused before anything is signed.
    """

    rest: RestClient
    account: AccountReader
    clock: Clock
    gate: Callable[[Symbol], asyncio.Lock]
    is_read_only: bool = False


class BinanceLending:
    """Debt of one account's pairs, as :class:`~robson_domain.ports.lending.LendingPort`."""

    def __init__(self, parts: LendingParts) -> None:
        self._parts = parts
        self._rest = parts.rest

    async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
        """Return what a position of ``side`` owes, taken after the call.

        Interest is what the venue charged in the asset itself: what it takes in BNB instead is
        no debt of the pair. Charges older than 89 days are not counted.

        Args:
            since: Interest is counted from there, UTC ns.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer, about the interest included.
        """
        asset = symbol.quote if side is Side.LONG else symbol.base
        pair, charged = await asyncio.gather(
            self._parts.account.balances(symbol, LANE), self._charged(symbol, asset, since)
        )
        balance = pair.quote if side is Side.LONG else pair.base
        return Debt(
            asset=asset,
            amount=balance.debt,
            free=balance.free,
            interest=charged,
            ts_event=pair.ts_event,
            ts_received=pair.ts_received,
        )

    async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        """Pay back ``amount`` of ``asset``, cut to the eight digits that the venue takes.

        Not idempotent. In doubt, ask for the debt before anything else.

        Raises:
            DefinitiveVenueError: Refused, for instance as more than is owed.
            InDoubtError: It may have been booked.
            RetryableVenueError: Nothing happened.
        """
        if self._parts.is_read_only:
            raise DefinitiveVenueError("the repayment was decided and not sent", "READ_ONLY")
        paid = decimals.mul(LEAST, Decimal(decimals.floor_div(amount, LEAST)))
        if paid <= 0:
            raise DefinitiveVenueError("less than the smallest amount", "AMOUNT_BELOW_MIN")
        account = self._parts.account
        async with self._parts.gate(symbol):
            account.changed(symbol)
            try:
                await self._paid(symbol, asset, paid)
            finally:
                account.changed(symbol)

    async def liquidations(self, symbol: Symbol) -> tuple[parse_account.Liquidation, ...]:
        """Return the latest forced liquidations on the pair, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        params = (("isolatedSymbol", symbol), ("size", str(PAGE)))
        content = await self._rest.signed("GET", LIQUIDATIONS, params, lane=LANE)
        return parse_account.liquidations(content, symbol)

    # ------------------------------------------------------------------- inner

    async def _paid(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        pause, clock = PENDING_PAUSE_NS, self._parts.clock
        for _ in range(PENDING_TRIES - 1):
            try:
                await self._sent(symbol, asset, amount)
                return
            except RetryableVenueError as error:
                # The venue took nothing because it is booking; everything else is the caller's.
                if error.code != PENDING:
                    raise
            await clock.sleep_until(clock.now_ns() + pause)
            pause *= 2
        await self._sent(symbol, asset, amount)

    async def _sent(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        params = (
            ("asset", asset),
            ("isIsolated", "TRUE"),
            ("symbol", symbol),
            ("amount", decimals.text(amount)),
            ("type", "REPAY"),
        )
        answer = await self._rest.send("POST", BORROW_REPAY, params, call=Call.REPAY, lane=LANE)
        said = answer.ruling
        if said.outcome is Outcome.REJECTED:
            raise DefinitiveVenueError(f"{said.message} (code {said.code})", said.code)
        try:
            text(row(answer.content), "tranId")
        except UnreadableAnswer as error:
            raise InDoubtError(error.message, error.code) from None

    async def _charged(self, symbol: Symbol, asset: str, since: int) -> Decimal:
        try:
            charges = await self._charges(symbol, asset, since)
        except DefinitiveVenueError as error:
            # No interest is a statement too, and this is none.
            raise RetryableVenueError(error.message, error.code) from None
        own = [each.amount for each in charges if each.asset == asset and _counts(each, since)]
        return decimals.total(own)

    async def _charges(
        self, symbol: Symbol, asset: str, since: int
    ) -> list[parse_account.InterestCharge]:
        now = self._rest.time.now()
        first = max(since, now - INTEREST_AGE_NS)
        # A loan's first charge carries the hour in which it was taken.
        start, found = first // HOUR_NS * HOUR_NS, list[parse_account.InterestCharge]()
        while start <= now:
            end = min(start + INTEREST_SPAN_NS, now + HOUR_NS)
            found += await self._span(symbol, asset, start, end - _MS)
            start = end
        return found

    async def _span(
        self, symbol: Symbol, asset: str, start: int, end: int
    ) -> list[parse_account.InterestCharge]:
        """Return the charges of a span, whose end stands still while its pages are turned."""
        about = (
            ("asset", asset),
            ("isolatedSymbol", symbol),
            ("startTime", str(start // _MS)),
            ("endTime", str(end // _MS)),
            ("size", str(PAGE)),
        )
        found: list[parse_account.InterestCharge] = []
        for number in range(1, PAGES_MAX + 1):
            params = (*about, ("current", str(number)))
            content = await self._rest.signed("GET", INTEREST, params, lane=LANE)
            page = parse_account.interest(content)
            found += page
            if len(page) < PAGE:
                return found
        raise RetryableVenueError("the pages about interest do not end", "UNREADABLE")


def _counts(charge: parse_account.InterestCharge, since: int) -> bool:
    """Say whether a charge belongs to what was opened at ``since``."""
    if charge.ts_event >= since - BORROWED_BEFORE_NS:
        return True
    # Rounded down to its hour; what an earlier loan of that hour cost cannot be told from it.
    on_the_hour = charge.ts_event % HOUR_NS == 0 and charge.ts_event >= since // HOUR_NS * HOUR_NS
    return on_the_hour and charge.kind.startswith(_ON_BORROW)
