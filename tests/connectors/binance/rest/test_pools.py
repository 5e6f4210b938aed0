"""What endpoints cost, and from which budget."""

from __future__ import annotations

import pytest

from robson_connectors.binance.pools import (
    BORROW_REPAY,
    ISOLATED_ACCOUNT,
    ORDER,
    SECOND_NS,
    Budgets,
    Lane,
)


@pytest.mark.parametrize(
    ("method", "path", "effect", "pool", "weight"),
    [
        ("POST", ORDER, "AUTO_REPAY", f"uid {ORDER}", 6),
        ("POST", ORDER, "NO_SIDE_EFFECT", f"uid {ORDER}", 6),
        ("POST", ORDER, "MARGIN_BUY", f"uid {ORDER}", 1500),
        ("POST", ORDER, "AUTO_BORROW_REPAY", f"uid {ORDER}", 1500),
        ("POST", BORROW_REPAY, "", f"uid {BORROW_REPAY}", 1500),
        ("GET", ORDER, "", f"ip GET {ORDER}", 10),
        ("DELETE", ORDER, "", f"ip DELETE {ORDER}", 10),
        ("GET", "/api/v3/exchangeInfo", "", "api", 20),
        ("GET", "/sapi/v1/unheard", "", "ip GET /sapi/v1/unheard", 20),
    ],
)
def test_what_endpoints_cost(method: str, path: str, effect: str, pool: str, weight: int) -> None:
    own, cost = Budgets().costs(method, path, {"sideEffectType": effect})
    assert (own.pool.name, own.weight, own.pool.limit) == ("requests", 1, 20)
    assert (cost.pool.name, cost.weight) == (pool, weight)


def test_balances_are_read_twice_a_second_unless_to_exit() -> None:
    pace = Budgets().costs("GET", ISOLATED_ACCOUNT, {})[2].pool
    assert [pace.limit_of(lane) for lane in Lane] == [10, 2, 2, 2]
    assert pace.window_ns == SECOND_NS
