"""Weights per pool, unfilled order counts, back-off and bans."""

from __future__ import annotations

from typing import Final

import attrs

from tests.binance_exchange.wire import ApiError

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
BAN_MAX_S: Final = 3 * 86_400
HEADERS: Final = {
    "api": "x-mbx-used-weight-1m",
    "ip": "x-sapi-used-ip-weight-1m",
    "uid": "x-sapi-used-uid-weight-1m",
}


@attrs.define(kw_only=True)
class LimitRules:
    """The size of every pool; SAPI pools are per endpoint."""

    api: int = 6_000
    ip: int = 12_000
    uid: int = 180_000
    orders_10s: int = 10_000
    orders_1d: int = 20_000
    all_orders_per_minute: int = 60
    violations_before_ban: int = 5
    first_ban_s: int = 120

    def of(self, pool: str) -> int:
        """Return the limit of ``pool`` a minute."""
        return {"api": self.api, "ip": self.ip, "uid": self.uid}[pool]


class Limits:
    """What was used, and who has to wait."""

    def __init__(self, rules: LimitRules) -> None:
        self.rules = rules
        self.banned_until_ms = 0
        self.bans = 0
        self._used: dict[tuple[str, str], tuple[int, int]] = {}
        self._violations = 0
        self._back_off_until_ms = 0
        self._unfilled: dict[str | None, list[int]] = {}

    def used(self, pool: str, endpoint: str, now: int) -> int:
        """Return the weight used in this minute."""
        minute, used = self._used.get((pool, endpoint), (0, 0))
        return used if minute == now // MINUTE_MS else 0

    def check_ban(self, now: int) -> None:
        """Refuse (418) everything while banned."""
        if now < self.banned_until_ms:
            raise ApiError(
                -1003,
                f"Way too much request weight used; IP banned until {self.banned_until_ms}."
                " Please use WebSocket Streams for live updates to avoid bans.",
                status=418,
                headers={"retry-after": str(-(-(self.banned_until_ms - now) // 1000))},
            )

    def ban(self, seconds: int, now: int) -> None:
        """Ban the one address there is."""
        self.banned_until_ms = now + seconds * 1000
        self.bans += 1
        self._violations = 0

    def charge(self, pool: str, endpoint: str, weight: int, now: int) -> dict[str, str]:
        """Count ``weight`` and return the headers that report it.

        Raises:
            ApiError: -1003 with 429 above the limit; after repeated violations a ban (418).
        """
        used = self.used(pool, endpoint, now) + weight
        self._used[pool, endpoint] = (now // MINUTE_MS, used)
        limit = self.rules.of(pool)
        if used > limit:
            self._violate(now)
            raise self._too_much(f"{limit} request weight per 1 MINUTE", now, (pool, used))
        return {HEADERS[pool]: str(used)}

    def count_call(self, endpoint: str, limit: int, now: int) -> None:
        """Count one call of an endpoint that has a limit of calls a minute of its own."""
        minute, used = self._used.get(("calls", endpoint), (0, 0))
        used = used + 1 if minute == now // MINUTE_MS else 1
        self._used["calls", endpoint] = (now // MINUTE_MS, used)
        if used > limit:
            self._violate(now)
            raise self._too_much(f"{limit} requests per 1 MINUTE", now, ("ip", used))

    def _violate(self, now: int) -> None:
        self._violations += 1
        if self._violations > self.rules.violations_before_ban:
            self.ban(min(self.rules.first_ban_s * 2**self.bans, BAN_MAX_S), now)
            self.check_ban(now)

    def _too_much(self, words: str, now: int, used: tuple[str, int]) -> ApiError:
        wait = MINUTE_MS - now % MINUTE_MS
        return ApiError(
            -1003,
            f"Too much request weight used; current limit is {words}."
            " Please use WebSocket Streams for live updates to avoid polling the API.",
            status=429,
            headers={"retry-after": str(-(-wait // 1000)), HEADERS[used[0]]: str(used[1])},
        )

    # ------------------------------------------------------------------ orders

    def unfilled(self, account: str | None, span_ms: int, now: int) -> int:
        """Return the orders of ``account`` sent within the span and not filled."""
        return sum(1 for at in self._unfilled.get(account, []) if at // span_ms == now // span_ms)

    def count_order(self, account: str | None, now: int) -> dict[str, str]:
        """Count a new order and return the headers that report it (-1015 above the limit)."""
        for span, limit, words in (
            (10_000, self.rules.orders_10s, "10 SECONDS"),
            (DAY_MS, self.rules.orders_1d, "1 DAY"),
        ):
            if self.unfilled(account, span, now) >= limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {limit} orders per {words}.",
                    status=429,
                    headers={"retry-after": str(-(-(span - now % span) // 1000))},
                )
        self._unfilled.setdefault(account, []).append(now)
        return {
            "x-mbx-order-count-10s": str(self.unfilled(account, 10_000, now)),
            "x-mbx-order-count-1d": str(self.unfilled(account, DAY_MS, now)),
        }

    def forgive_order(self, account: str | None) -> None:
        """Take one order off the count: it filled, or was never taken."""
        counted = self._unfilled.get(account)
        if counted:
            counted.pop()
