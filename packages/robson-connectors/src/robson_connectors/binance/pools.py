"""Which budgets a request draws on: the venue's weights per endpoint, as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import attrs

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS


class Lane(IntEnum):
    """Who goes first; a lower number passes every higher one."""

    EXIT = 0
    ORDER = 1
    READ = 2
    POLL = 3


SHARE_PERCENT: Final[Mapping[Lane, int]] = {
    Lane.EXIT: 100,
    Lane.ORDER: 90,
    Lane.READ: 80,
    Lane.POLL: 50,
}
"""How much of a budget may be used before a lane waits: polling slows first, and a tenth of
every budget is there for exits alone."""


_EXIT_HASTE: Final = 5


@attrs.frozen(kw_only=True)
class Pool:
    """A budget in any stretch of time as long as its window.

    Attributes:
        limit: Weight allowed in it.
        header: Name of the answer's header that tells what is used, lower case; empty when no
            header does.
        is_shared_out: Whether lanes get the shares of :data:`SHARE_PERCENT`, or all the same.
    """

    name: str
    limit: int
    window_ns: int = MINUTE_NS
    header: str = ""
    is_shared_out: bool = True

    def limit_of(self, lane: Lane) -> int:
        """Return up to which use a request of ``lane`` may go."""
        if self.is_shared_out:
            return self.limit * SHARE_PERCENT[lane] // 100
        # What is only bad manners is no reason for an exit to wait.
        return _EXIT_HASTE * self.limit if lane is Lane.EXIT else self.limit


@attrs.frozen
class Cost:
    """What a request takes from one pool."""

    pool: Pool
    weight: int


@attrs.frozen(kw_only=True)
class Budgets:
    """The venue's limits, and our own.

    Attributes:
        requests_per_second: Our own bound over all requests.
        account_reads_per_second: The venue refuses faster reads of balances (-21003).
    """

    requests_per_second: int = 20
    api_per_minute: int = 6_000
    sapi_ip_per_minute: int = 12_000
    sapi_uid_per_minute: int = 180_000
    account_reads_per_second: int = 2

    @property
    def requests(self) -> Pool:
        """Every request, whatever it asks."""
        return Pool(name="requests", limit=self.requests_per_second, window_ns=SECOND_NS)

    def costs(self, method: str, path: str, params: Mapping[str, str]) -> tuple[Cost, ...]:
        """Return what a request takes from which pools, our own pool of requests first."""
        weight = _WEIGHTS.get((method, path), _UNLISTED)
        own = Cost(self.requests, 1)
        if not path.startswith("/sapi/"):
            api = Pool(name="api", limit=self.api_per_minute, header="x-mbx-used-weight-1m")
            return own, Cost(api, weight.plain(params))
        if weight.is_uid:
            uid = Pool(
                name=f"uid {path}",
                limit=self.sapi_uid_per_minute,
                header="x-sapi-used-uid-weight-1m",
            )
            return own, Cost(uid, weight.plain(params))
        ip = Pool(
            name=f"ip {method} {path}",
            limit=self.sapi_ip_per_minute,
            header="x-sapi-used-ip-weight-1m",
        )
        found = own, Cost(ip, weight.plain(params))
        return (*found, self._pace(path)) if path == ISOLATED_ACCOUNT else found

    def _pace(self, path: str) -> Cost:
        limit = self.account_reads_per_second
        pool = Pool(name=f"pace {path}", limit=limit, window_ns=SECOND_NS, is_shared_out=False)
        return Cost(pool, 1)


DEFAULT_BUDGETS: Final = Budgets()
_LOAN_EFFECTS: Final = frozenset({"MARGIN_BUY", "AUTO_BORROW_REPAY"})
_LOAN_WEIGHT: Final = 1_500


@attrs.frozen
class Weight:
    """What one endpoint costs.

    Attributes:
        is_uid: Whether it counts against the account instead of the address.
    """

    base: int
    is_uid: bool = False

    def plain(self, params: Mapping[str, str]) -> int:
        """Return the weight with these parameters: an order that borrows costs far more."""
        return _LOAN_WEIGHT if params.get("sideEffectType") in _LOAN_EFFECTS else self.base


SERVER_TIME: Final = "/api/v3/time"
EXCHANGE_INFO: Final = "/api/v3/exchangeInfo"
KLINES: Final = "/api/v3/klines"
AGG_TRADES: Final = "/api/v3/aggTrades"
PRICE: Final = "/api/v3/ticker/price"
ORDER: Final = "/sapi/v1/margin/order"
OPEN_ORDERS: Final = "/sapi/v1/margin/openOrders"
MY_TRADES: Final = "/sapi/v1/margin/myTrades"
ISOLATED_ACCOUNT: Final = "/sapi/v1/margin/isolated/account"
ALL_PAIRS: Final = "/sapi/v1/margin/isolated/allPairs"
PAIR_DATA: Final = "/sapi/v1/margin/isolatedMarginData"
TIERS: Final = "/sapi/v1/margin/isolatedMarginTier"
MAX_BORROWABLE: Final = "/sapi/v1/margin/maxBorrowable"
BORROW_REPAY: Final = "/sapi/v1/margin/borrow-repay"
INTEREST: Final = "/sapi/v1/margin/interestHistory"
LIQUIDATIONS: Final = "/sapi/v1/margin/forceLiquidationRec"
BNB_BURN: Final = "/sapi/v1/bnbBurn"
TRADE_FEE: Final = "/sapi/v1/asset/tradeFee"
KEY_RIGHTS: Final = "/sapi/v1/account/apiRestrictions"
LISTEN_TOKEN: Final = "/sapi/v1/userListenToken"  # noqa: S105  a path, no password

_UNLISTED: Final = Weight(20)
"""Above what is common; the headers correct it."""
_WEIGHTS: Final[Mapping[tuple[str, str], Weight]] = {
    ("GET", SERVER_TIME): Weight(1),
    ("GET", EXCHANGE_INFO): Weight(20),
    ("GET", KLINES): Weight(2),
    ("GET", AGG_TRADES): Weight(4),
    ("GET", PRICE): Weight(2),
    ("POST", ORDER): Weight(6, is_uid=True),
    ("GET", ORDER): Weight(10),
    ("DELETE", ORDER): Weight(10),
    ("GET", OPEN_ORDERS): Weight(10),
    ("GET", MY_TRADES): Weight(10),
    ("GET", ISOLATED_ACCOUNT): Weight(10),
    ("GET", ALL_PAIRS): Weight(10),
    ("GET", PAIR_DATA): Weight(1),
    ("GET", TIERS): Weight(1),
    ("GET", MAX_BORROWABLE): Weight(50),
    ("POST", BORROW_REPAY): Weight(1_500, is_uid=True),
    ("GET", BORROW_REPAY): Weight(10),
    ("GET", INTEREST): Weight(1),
    ("GET", LIQUIDATIONS): Weight(1),
    ("GET", BNB_BURN): Weight(1),
    ("GET", TRADE_FEE): Weight(1),
    ("GET", KEY_RIGHTS): Weight(1),
    ("POST", LISTEN_TOKEN): Weight(1, is_uid=True),
}
