"""What happened to the account or to a pair, and to no position."""

from __future__ import annotations

import attrs

from robson_domain.event_base import BaseAccountEvent
from robson_domain.identity import ClientOrderId
from robson_domain.protection import PairRule, SafetyNetMode
from robson_domain.risk_limits import RiskLimits
from robson_domain.symbols import Symbol
from robson_domain.values import Money


@attrs.frozen(kw_only=True)
class RiskLimitsSet(BaseAccountEvent):
    """What the account may risk from here on; a changed capital is no gain and no loss.

    Attributes:
        capital: Risk capital of the account, quote currency.
        limits: What the risk gate allows.
    """

    capital: Money
    limits: RiskLimits


@attrs.frozen(kw_only=True)
class SafetyNetSet(BaseAccountEvent):
    """What the Safety Net may do from here on.

    Attributes:
        mode: Observe, or act.
    """

    mode: SafetyNetMode


@attrs.frozen(kw_only=True)
class PairRuleSet(BaseAccountEvent):
    """What the person wants done with what they hold on a pair.

    Attributes:
        symbol: The pair.
        rule: Watch (what trades explain), adopt (collateral too), or ignore.
    """

    symbol: Symbol
    rule: PairRule


@attrs.frozen(kw_only=True)
class PairQuarantined(BaseAccountEvent):
    """A pair needs a person: no entry there until it is cleared.

    Account and log contradict each other, or the exit of a guard left what it should not have.

    Attributes:
        symbol: The pair.
        problem: What it is, for the person.
    """

    symbol: Symbol
    problem: str


@attrs.frozen(kw_only=True)
class AnotherRobsonSeen(BaseAccountEvent):
    """An order with our prefix is not in this database: no entry anywhere until it is cleared.

    Attributes:
        symbol: Where it was seen.
        client_order_id: Which order.
    """

    symbol: Symbol
    client_order_id: ClientOrderId


@attrs.frozen(kw_only=True)
class WarningCleared(BaseAccountEvent):
    """The person has dealt with a quarantined pair, or with another Robson.

    Attributes:
        symbol: The pair; None for another Robson.
    """

    symbol: Symbol | None
