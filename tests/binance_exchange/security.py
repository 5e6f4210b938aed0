"""Who may ask: keys, signatures over the exact bytes, and the time window.

A signed payload is the query string followed directly by the body, without the signature, which
comes last. It has to be percent-encoded before it is signed: a payload with raw characters is
refused although its bytes are signed correctly.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import unquote_plus

import attrs

from tests.binance_exchange.wire import ApiError, Params, Request, missing

ENCODED: Final = re.compile(rb"(?:[A-Za-z0-9\-_.~*+&=]|%[0-9A-Fa-f]{2})*")
AHEAD_MS: Final = 1000
WINDOW_MS: Final = Decimal(5000)
WINDOW_MAX_MS: Final = Decimal(60_000)
MICROSECONDS_FROM: Final = 10**15
KEY_RIGHTS: Final[dict[str, bool]] = {
    "ipRestrict": True,
    "enableInternalTransfer": False,
    "enableFutures": False,
    "enablePortfolioMarginTrading": False,
    "enableVanillaOptions": False,
    "permitsUniversalTransfer": False,
    "enableReading": True,
    "enableSpotAndMarginTrading": True,
    "enableWithdrawals": False,
    "enableMargin": True,
}


@attrs.define(kw_only=True)
class ApiKey:
    """One key, its secret and its rights (spelled as ``apiRestrictions`` spells them)."""

    key: str
    secret: str = attrs.field(repr=False)
    rights: dict[str, bool] = attrs.field(factory=lambda: dict(KEY_RIGHTS))
    created: int = 1_698_645_219_000


@attrs.frozen
class Parts:
    """The parameters of a request by where they stood, decoded, in order."""

    query: tuple[tuple[str, str], ...]
    body: tuple[tuple[str, str], ...]

    def merged(self) -> Params:
        """Return one value per name; the query wins.

        Raises:
            ApiError: -1101 when one part holds a name twice.
        """
        for part in (self.query, self.body):
            if len({name for name, _ in part}) != len(part):
                raise ApiError(-1101, "Duplicate values for a parameter detected.")
        return {**dict(self.body), **dict(self.query)}


def split(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a query string or form body, decoded."""
    found = []
    for item in raw.split(b"&"):
        if item:
            name, _, value = item.partition(b"=")
            found.append((unquote_plus(name.decode()), unquote_plus(value.decode())))
    return tuple(found)


def parts_of(request: Request) -> Parts:
    """Return the parameters of ``request``."""
    return Parts(split(request.query), split(request.body))


def _without_signature(raw: bytes) -> tuple[bytes, str | None]:
    head, found, tail = raw.rpartition(b"signature=")
    if not found or (head and not head.endswith(b"&")) or b"&" in tail:
        return raw, None
    return head[:-1] if head else b"", unquote_plus(tail.decode())


def sign(secret: str, payload: bytes) -> str:
    """Return the HMAC-SHA256 of ``payload`` in lower-case hex."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def check_signature(request: Request, key: ApiKey) -> None:
    """Refuse (-1022) a payload that was not encoded first and signed as sent.

    Raises:
        ApiError: -1102 without a signature, -1022 with a wrong one or one that is not last.
    """
    query, in_query = _without_signature(request.query)
    body, in_body = _without_signature(request.body)
    given = in_query if in_query is not None else in_body
    if given is None:
        if b"signature=" in request.query + b"&" + request.body:
            raise ApiError(-1022, "Signature for this request is not valid.")
        raise missing("signature")
    payload = query + (body if in_query is None else request.body)
    matches = hmac.compare_digest(sign(key.secret, payload).encode(), given.lower().encode())
    if not matches or ENCODED.fullmatch(payload) is None:
        raise ApiError(-1022, "Signature for this request is not valid.")


def check_time(params: Params, now_ms: int) -> None:
    """Refuse a timestamp ahead of the exchange's clock or older than the window.

    Raises:
        ApiError: -1102 without a timestamp, -1021 outside, -1131 for a window above 60 s.
    """
    raw = params.get("timestamp", "")
    if not raw.isdigit():
        raise missing("timestamp")
    stamp = int(raw) // 1000 if int(raw) >= MICROSECONDS_FROM else int(raw)
    window = _window(params)
    if stamp >= now_ms + AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - stamp > window:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _window(params: Params) -> Decimal:
    raw = params.get("recvWindow")
    if raw is None:
        return WINDOW_MS
    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", raw) is None:
        raise ApiError(-1130, "Data sent for parameter 'recvWindow' is not valid.")
    window = Decimal(raw)
    if window > WINDOW_MAX_MS:
        raise ApiError(-1131, "recvWindow must be less than 60000.")
    return window


def check_key(request: Request, keys: Mapping[str, ApiKey]) -> ApiKey:
    """Return the key the request names.

    Raises:
        ApiError: -2014 without one or with a malformed one, -2015 for one nobody knows.
    """
    given = request.header("x-mbx-apikey")
    if re.fullmatch(r"[A-Za-z0-9]{16,128}", given) is None:
        raise ApiError(-2014, "API-key format invalid.", status=401)
    if given not in keys:
        raise no_permission()
    return keys[given]


def no_permission() -> ApiError:
    """Return the refusal of a key without the right to do this."""
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
