"""The Safety Net as the API shows it."""

from __future__ import annotations

from typing import Final, Literal, cast

from robson_domain import Position, Price, Side, decimals
from robson_exec import PairSeen
from robsond import safety_dto, views
from robsond.facade import Facade
from robsond.wire import moment

_MS: Final = 1_000_000


def safety_net(facade: Facade) -> safety_dto.SafetyNetReply:
    """Return what the Safety Net may do and what it saw last."""
    watch, ledger, prices = facade.watch(), facade.ledger(), facade.prices()
    looked = watch.latest
    return safety_dto.SafetyNetReply(
        mode=ledger.safety_net.value,
        is_running=watch.is_running,
        poll_seconds=watch.poll_seconds,
        looked_at=moment(looked.at) if looked else None,
        age_ms=max(0, facade.now() - looked.at) // _MS if looked else None,
        failed=(looked.failed or None) if looked else None,
        pairs=[_pair(one) for one in looked.pairs] if looked else [],
        guards=[views.position(one, prices) for one in living(facade)],
        rules=[
            safety_dto.PairRuleView(symbol=str(symbol), rule=rule.value)
            for symbol, rule in ledger.rules
        ],
        quarantined=[
            safety_dto.QuarantineView(symbol=str(symbol), problem=problem)
            for symbol, problem in ledger.quarantined
        ],
        another_robson=ledger.another_robson or None,
    )


def living(facade: Facade) -> list[Position]:
    """Return the guards that are not Closed."""
    return [one for one in facade.guards() if not one.is_closed]


def _pair(seen: PairSeen) -> safety_dto.SeenPairView:
    return safety_dto.SeenPairView(
        symbol=str(seen.symbol),
        side=_side(seen.side),
        state=seen.state,
        reason=seen.reason or None,
        quantity=str(seen.quantity),
        collateral=decimals.text(seen.collateral),
        entry_price=_text(seen.entry_price),
        price=_text(seen.price),
        stop=_text(seen.stop),
        distance=_distance(seen.side, seen.price, seen.stop),
        position_id=seen.position_id or None,
    )


def _side(side: Side | None) -> Literal["long", "short"] | None:
    return None if side is None else cast(Literal["long", "short"], side.value.lower())


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _distance(side: Side | None, price: Price | None, stop: Price | None) -> str | None:
    if side is None or price is None or stop is None:
        return None
    ahead = decimals.sub(price.value, stop.value)
    return decimals.text(ahead if side is Side.LONG else decimals.neg(ahead))
