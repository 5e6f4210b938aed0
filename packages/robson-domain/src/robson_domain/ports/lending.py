"""What an account owes a venue that lends, and paying it back."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from robson_domain import decimals
from robson_domain.symbols import Side, Symbol


@attrs.frozen(kw_only=True)
class Debt:
    """What is owed on one pair in one asset; amounts in ``asset``.

    Attributes:
        amount: Owed with interest.
        free: What the pair's account holds free of it.
        interest: Interest charged in the time asked about.
        ts_event: Venue time, UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    asset: str
    amount: Decimal = attrs.field(converter=decimals.exact)
    free: Decimal = attrs.field(converter=decimals.exact)
    interest: Decimal = attrs.field(converter=decimals.exact)
    ts_event: int
    ts_received: int


class LendingPort(Protocol):
    """Debt of one account's pairs; only venues that lend have it."""

    async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
        """Return what a position of ``side`` owes, taken after the call. Idempotent.

        A long owes quote, a short owes base.

        Args:
            since: Interest is counted from there, UTC ns.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        ...

    async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        """Pay back ``amount`` of ``asset``. Not idempotent: in doubt, ask for the debt.

        Raises:
            DefinitiveVenueError: Refused, for instance as more than is owed.
            InDoubtError: It may have been booked.
            RetryableVenueError: Nothing happened.
        """
        ...
