"""Signatures against the documented vectors; keys that nobody gets to see."""

from __future__ import annotations

import copy
import json
import pickle
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_connectors.binance.signing import ApiKeys, encoded, signed
from robson_domain.errors import ConfigurationError
from tests.connectors.binance.rest.kit import KEY, SECRET

VECTOR = ApiKeys(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
)
REST = (
    ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "1"),
    ("price", "0.1"), ("recvWindow", "5000"), ("timestamp", "1499827319559"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "on_the_wire", "signature"),
    [
        ("LTCBTC", "LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            "１２３４５６",
            "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_documented_vectors(symbol: str, on_the_wire: str, signature: str) -> None:
    query = signed((("symbol", symbol), *REST), VECTOR)
    assert query.startswith(f"symbol={on_the_wire}&side=BUY&")
    assert query.endswith(f"&timestamp=1499827319559&signature={signature}")


def test_a_comma_is_encoded_before_it_is_signed() -> None:
    assert encoded((("symbols", "BTCUSDT,ETHUSDT"),)) == "symbols=BTCUSDT%2CETHUSDT"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1))
def test_what_is_encoded_can_be_read_back(params: list[tuple[str, str]]) -> None:
    text = encoded(params)
    assert text.isascii()
    assert parse_qsl(text, strict_parsing=True) == params


def test_keys_show_nothing() -> None:
    keys = ApiKeys(KEY, SECRET)
    shown = [repr(keys), str(keys), f"{keys}", f"{keys!r:>200}", "%s" % keys, repr([keys])]  # noqa: UP031
    assert all("canary" not in text for text in shown)
    for store in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as caught:
            store(keys)
        assert "canary" not in str(caught.value)
    with pytest.raises(TypeError):
        vars(keys)


@pytest.mark.parametrize(("key", "secret"), [("", "s"), ("k", ""), ("k\n", "s"), ("k", "a b")])
def test_stray_characters_are_named_but_not_shown(key: str, secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ApiKeys(key, secret)
    assert "stray" in str(caught.value)
    assert "a b" not in str(caught.value)


def test_the_header_names_the_key() -> None:
    assert ApiKeys(KEY, SECRET).header == {"X-MBX-APIKEY": KEY}
