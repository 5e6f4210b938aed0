"""From the body of an arm request to what the machine is asked for; every refusal names a field."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    RISK_PERCENT_MAX,
    DetectorSpec,
    Money,
    Position,
    PositionId,
    RiskConfig,
    Side,
    Symbol,
    ValidationError,
    decimals,
)
from robson_exec import ArmRequest
from robsond.dto import ArmBody
from robsond.wire import parse_moment

_DEFAULT_RISK: Final = Decimal(1)
_PARAMS_MAX: Final = 32
_SECOND_NS: Final = 1_000_000_000


@attrs.frozen(kw_only=True)
class Account:
    """What a request is checked against.

    Attributes:
        strategy: Detector of a request that names none.
        now: UTC ns.
    """

    capital: Money
    strategy: str
    now: int


def position_id_for(key: str) -> PositionId:
    """Return the position that belongs to an idempotency key, the same after any restart."""
    return PositionId("p-" + hashlib.sha256(key.encode()).hexdigest()[:16])


def request_of(body: ArmBody, position_id: PositionId, account: Account) -> ArmRequest:
    """Return the checked request.

    Raises:
        ValidationError: Naming the field and what to write instead.
    """
    return ArmRequest(
        position_id=position_id,
        symbol=Symbol(body.symbol),
        side=Side.parse(body.side),
        detector=DetectorSpec(name=body.strategy or account.strategy, params=_params(body)),
        risk=_risk(body, account),
        expires_at=_expiry(body, account.now),
        accept_costs=body.accept_costs,
    )


def _params(body: ArmBody) -> tuple[tuple[str, str], ...]:
    if len(body.params) > _PARAMS_MAX:
        raise ValidationError("params", f"at most {_PARAMS_MAX}")
    found = {name: str(value) for name, value in body.params.items()}
    if body.stop is not None and body.stop_distance is not None:
        raise ValidationError("stop", "give either stop or stop_distance, not both")
    for name, value in (("stop", body.stop), ("stop_distance", body.stop_distance)):
        if value is None:
            continue
        if name in found:
            raise ValidationError(name, "given twice, here and in params; keep one")
        found[name] = value
    return tuple(sorted(found.items()))


def _risk(body: ArmBody, account: Account) -> RiskConfig:
    capital = account.capital if body.capital is None else Money(body.capital)
    if capital > account.capital:
        raise ValidationError(
            "capital", f"{capital} is more than the account's {account.capital}; write less"
        )
    percent = decimals.to_decimal(body.risk_percent or _DEFAULT_RISK, "risk_percent")
    risk = RiskConfig(capital=capital, risk_percent=percent)
    if percent > RISK_PERCENT_MAX and _confirmed(body) != percent:
        shown = decimals.text(percent)
        raise ValidationError(
            "risk_percent",
            f"{shown} is above {RISK_PERCENT_MAX} percent; to do it all the same, "
            f'send confirm_risk_percent "{shown}" too',
        )
    return risk


def _confirmed(body: ArmBody) -> Decimal | None:
    if body.confirm_risk_percent is None:
        return None
    return decimals.to_decimal(body.confirm_risk_percent, "confirm_risk_percent")


def _expiry(body: ArmBody, now: int) -> int:
    if body.expires is None:
        return 0
    if isinstance(body.expires, int):
        return now + body.expires * _SECOND_NS
    at = parse_moment(body.expires, "expires")
    if at <= now:
        raise ValidationError("expires", f"{body.expires} has passed; write a later time")
    return at


def is_same(position: Position, request: ArmRequest, body: ArmBody) -> bool:
    """Say whether ``position`` is what this request once armed.

    What the body leaves to the account's settings, or counts from the time of the call, may
    have come out differently then.
    """
    return (
        position.symbol == request.symbol
        and position.side is request.side
        and position.detector == request.detector
        and position.accept_costs is request.accept_costs
        and position.risk.risk_percent == request.risk.risk_percent
        and (body.capital is None or position.risk.capital == request.risk.capital)
        and bool(position.expires_at) is bool(request.expires_at)
        and (not isinstance(body.expires, str) or position.expires_at == request.expires_at)
    )
