"""Paying back, and what the venue booked by itself: interest and forced liquidations."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_connectors.binance import parse_account
from robson_connectors.binance.fields import UnreadableAnswer, row, text
from robson_connectors.binance.outcomes import Call, Outcome
from robson_connectors.binance.pools import BORROW_REPAY, INTEREST, LIQUIDATIONS, Lane
from robson_connectors.binance.rest import RestClient
from robson_domain import decimals
from robson_domain.errors import DefinitiveVenueError, InDoubtError
from robson_domain.symbols import Symbol


@attrs.frozen
class Repayment:
    """What was paid back.

    Attributes:
        amount: In the asset that was owed.
        transaction: The venue's id of it.
    """

    amount: Decimal
    transaction: str


class Loans:
    """Debt of one account's pairs."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def repay(
        self, symbol: Symbol, asset: str, amount: Decimal, cap: Decimal
    ) -> Repayment | None:
        """Pay back ``amount`` of ``asset``, at most ``cap``; None when that leaves nothing.

        Not idempotent. In doubt, ask for the debt before anything else.

        Args:
            cap: What our own ledger owes with interest; the rest is the person's.

        Raises:
            DefinitiveVenueError: Refused, for instance as more than is owed.
            InDoubtError: It may have been booked.
            RetryableVenueError: Nothing happened.
        """
        paid = min(amount, cap)
        if paid <= 0:
            return None
        params = (
            ("asset", asset),
            ("isIsolated", "TRUE"),
            ("symbol", symbol),
            ("amount", decimals.text(paid)),
            ("type", "REPAY"),
        )
        answer = await self._rest.send(
            "POST", BORROW_REPAY, params, call=Call.REPAY, lane=Lane.ORDER
        )
        said = answer.ruling
        if said.outcome is Outcome.REJECTED:
            raise DefinitiveVenueError(f"{said.message} (code {said.code})", said.code)
        try:
            return Repayment(paid, text(row(answer.content), "tranId"))
        except UnreadableAnswer as error:
            raise InDoubtError(error.message, error.code) from None

    async def interest(self, symbol: Symbol) -> tuple[parse_account.InterestCharge, ...]:
        """Return the latest interest charges on the pair, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        params = (("isolatedSymbol", symbol), ("size", "100"))
        content = await self._rest.signed("GET", INTEREST, params, lane=Lane.POLL)
        return parse_account.interest(content)

    async def liquidations(self, symbol: Symbol) -> tuple[parse_account.Liquidation, ...]:
        """Return the latest forced liquidations on the pair, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        params = (("isolatedSymbol", symbol), ("size", "100"))
        content = await self._rest.signed("GET", LIQUIDATIONS, params, lane=Lane.READ)
        return parse_account.liquidations(content, symbol)
