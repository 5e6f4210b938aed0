"""What the person opened by hand: what is seen of it, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from robson_domain import (
    DeniedError,
    PairRule,
    PriceDelta,
    Reply,
    SafetyNetMode,
    Symbol,
    ValidationError,
    decimals,
)
from robsond import safety_view
from robsond.api.acting import Key, accepted, fingerprint
from robsond.api.context import door_of, facade_of
from robsond.api.failures import RESPONSES
from robsond.api.problems import api_error
from robsond.facade import Facade, Watch
from robsond.idempotency import Asked, checked_key
from robsond.safety_dto import (
    ClearBody,
    HandOverBody,
    PairRuleBody,
    SafetyNetBody,
    SafetyNetReply,
)

Anything = Request[Any, Any, Any]


@get(
    "/api/safety-net",
    summary="What you opened by hand, and what is done about it",
    tags=["looking"],
    responses=RESPONSES,
)
async def safety_net(request: Anything) -> SafetyNetReply:
    """Return the mode, the last look with every pair, the guards and the warnings."""
    return safety_view.safety_net(facade_of(request))


@post("/api/safety-net/mode", summary="Observe, or act", tags=["acting"],
      responses=RESPONSES, status_code=200)  # fmt: skip
async def set_mode(
    request: Anything, data: JSONBody[SafetyNetBody], idempotency_key: Key = None
) -> SafetyNetReply:
    """Say what the Safety Net may do: acting, it closes at market what reaches its stop."""
    facade, mode = door_of(request).open(), SafetyNetMode(data.mode)

    async def act() -> Reply:
        watch = _running(facade)
        if mode is SafetyNetMode.ACT and not watch.may_act:
            message = "Shadow mode sends no order, so nothing can act; start with ROBSON_MODE=live."
            raise api_error(409, "READ_ONLY", message, "mode")
        return await facade.set_safety_net(mode)

    return await _once(request, (idempotency_key, data), act)


@post("/api/safety-net/{symbol:str}/rule", summary="Watch, adopt or ignore a pair",
      tags=["acting"], responses=RESPONSES, status_code=200)  # fmt: skip
async def set_rule(
    request: Anything,
    symbol: FromPath[str],
    data: JSONBody[PairRuleBody],
    idempotency_key: Key = None,
) -> SafetyNetReply:
    """Say what is to be done with what you hold on a pair."""
    facade = door_of(request).open()

    async def act() -> Reply:
        pair = Symbol(symbol)
        _running(facade)
        return await facade.set_rule(pair, PairRule(data.rule))

    return await _once(request, (idempotency_key, data), act)


@post("/api/safety-net/{symbol:str}/hand-over", summary="Give a guarded position to Robson",
      tags=["acting"], responses=RESPONSES, status_code=200)  # fmt: skip
async def hand_over(
    request: Anything,
    symbol: FromPath[str],
    data: JSONBody[HandOverBody],
    idempotency_key: Key = None,
) -> SafetyNetReply:
    """Let the stop of a guarded position trail; from now on it is Robson's."""
    facade = door_of(request).open()

    async def act() -> Reply:
        pair = Symbol(symbol)
        watch = _running(facade)
        return await facade.hand_over(pair, _distance(watch, pair, data.stop_distance))

    return await _once(request, (idempotency_key, data), act)


@post("/api/warnings/clear", summary="You have dealt with a warning", tags=["acting"],
      responses=RESPONSES, status_code=200)  # fmt: skip
async def clear(
    request: Anything, data: JSONBody[ClearBody], idempotency_key: Key = None
) -> SafetyNetReply:
    """End the quarantine of a pair, or with ``symbol`` null the warning about another Robson."""
    facade = door_of(request).open()

    async def act() -> Reply:
        return await facade.clear_warning(Symbol(data.symbol) if data.symbol else None)

    return await _once(request, (idempotency_key, data), act)


def _running(facade: Facade) -> Watch:
    watch = facade.watch()
    if not watch.is_running:
        message = (
            "There is no Safety Net on a paper account, because nothing of yours is there; it "
            "looks at a real one (ROBSON_MODE=shadow or live)."
        )
        raise api_error(409, "NO_SAFETY_NET", message)
    return watch


def _distance(watch: Watch, symbol: Symbol, text: str | None) -> PriceDelta | None:
    """Return the distance that ``text`` means: quote currency, or percent of the pair's price."""
    if text is None:
        return None
    number = decimals.to_decimal(text.removesuffix("%"), "stop_distance")
    if number == 0:
        raise ValidationError("stop_distance", f"{text} must be above zero")
    if not text.endswith("%"):
        return PriceDelta(number)
    pairs = watch.latest.pairs if watch.latest is not None else ()
    price = next((one.price for one in pairs if one.symbol == symbol and one.price), None)
    if price is None:
        raise DeniedError(
            "NO_PRICE", f"no price of {symbol} was seen yet; give the distance in quote currency"
        )
    share = decimals.div(number, decimals.to_decimal(100))
    return PriceDelta(decimals.mul(price.value, share))


async def _once(
    request: Anything,
    given: tuple[str | None, msgspec.Struct],
    act: Callable[[], Awaitable[Reply]],
) -> SafetyNetReply:
    door, (key, body) = door_of(request), given
    facade = door.open()

    async def answered() -> SafetyNetReply:
        accepted(await act())
        return safety_view.safety_net(facade)

    asked = Asked(
        key=checked_key(key),
        request=fingerprint(request.url.path, body),
        shape=SafetyNetReply,
        look="GET /api/safety-net",
    )
    return await door.once.run(asked, answered)


HANDLERS: Final = (safety_net, set_mode, set_rule, hand_over, clear)
