"""Encode, then sign, the exact bytes that are sent.

Invariants:
    1. The signature is computed over the percent-encoded text that goes on the wire; there is
       one encoder for both.
    2. Nothing that prints, formats, compares, copies or stores an :class:`ApiKeys` shows it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import quote

from robson_domain.errors import ConfigurationError

Params = Sequence[tuple[str, str]]


class ApiKeys:
    """A key and its secret.

    Raises:
        ConfigurationError: When one of them is empty or has characters no key has.
    """

    __slots__ = ("__key", "__secret")

    def __init__(self, key: str, secret: str) -> None:
        for name, value in (("key", key), ("secret", secret)):
            if not (value.isascii() and value.isprintable() and value and " " not in value):
                raise ConfigurationError(f"the API {name} is empty or has stray characters")
        self.__key = key
        self.__secret = secret.encode("ascii")

    def __repr__(self) -> str:
        return "ApiKeys(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("API keys are not copied or stored")

    @property
    def header(self) -> dict[str, str]:
        """The header that names the account."""
        return {"X-MBX-APIKEY": self.__key}

    def signature(self, payload: str) -> str:
        """Return the HMAC-SHA256 of ``payload``, lower-case hexadecimal."""
        return hmac.new(self.__secret, payload.encode("ascii"), hashlib.sha256).hexdigest()


def encoded(params: Params) -> str:
    """Return ``params`` percent-encoded, in the order given; only unreserved characters stay."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)


def signed(params: Params, keys: ApiKeys) -> str:
    """Return ``params`` encoded, with their signature as the last of them."""
    payload = encoded(params)
    return f"{payload}&signature={keys.signature(payload)}"
