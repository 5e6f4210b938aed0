"""Ids are functions of what was decided: the same for the same decision, never for another."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import CORE_PREFIX, SAFETY_PREFIX, PositionId, client_order_id
from robson_domain.identity import event_id
from robson_domain.testing import strategies

PATTERN: Final = re.compile(r"[a-zA-Z0-9_-]{1,32}")
IDENTITY: Final[dict[str, Any]] = {
    "account": "acct",
    "epoch": "0190a8c2-epoch",
    "position_id": PositionId("position-1"),
    "kind": "ENTRY",
    "n": 1,
}


@pytest.mark.parametrize(
    ("prefix", "changes", "expected"),
    [
        (CORE_PREFIX, {}, "yzgig327fs7hjirllh"),
        (CORE_PREFIX, {"kind": "EXIT"}, "intnuz6um2ccf7appc"),
        (CORE_PREFIX, {"kind": "EXIT", "n": 2}, "i42z3vw6femew7vuuc"),
        (CORE_PREFIX, {"kind": "EXIT", "n": 12}, "ejgbstwxve7tiw2okt"),
        (CORE_PREFIX, {"account": "other"}, "ulap3azcefgeqxgsuq"),
        (CORE_PREFIX, {"epoch": "other"}, "b3zzp5hmmbrakxxhrv"),
        (CORE_PREFIX, {"position_id": "position-2"}, "y6bgyb7guotblnh5ou"),
        (SAFETY_PREFIX, {"kind": "EXIT"}, "intnuz6um2ccf7appc"),
    ],
)
def test_ids_never_change(prefix: str, changes: dict[str, Any], expected: str) -> None:
    """Golden: after a crash the venue is asked by the id that an older build may have sent.

    Computed with ``sha256sum`` and ``base32`` of the five parts, one per line.
    """
    assert client_order_id(prefix, **{**IDENTITY, **changes}) == prefix + expected


@pytest.mark.parametrize("prefix", [CORE_PREFIX, SAFETY_PREFIX])
@given(
    identity=st.fixed_dictionaries(
        {
            "account": strategies.ids(),
            "epoch": strategies.ids(),
            "position_id": strategies.ids(),
            "kind": st.sampled_from(["ENTRY", "EXIT"]),
            "n": st.integers(1, 10**9),
        }
    )
)
def test_venues_take_every_id(prefix: str, identity: dict[str, Any]) -> None:
    made = client_order_id(prefix, **identity)
    assert PATTERN.fullmatch(made)
    assert made.startswith(prefix)
    assert len(made) == len(prefix) + 18
    parts = "\n".join(str(identity[name]) for name in IDENTITY)
    digest = hashlib.sha256(parts.encode()).digest()
    assert made == prefix + base64.b32encode(digest).decode().lower()[:18]


@pytest.mark.parametrize("field", IDENTITY)
def test_every_part_of_the_decision_counts(field: str) -> None:
    """A part that is left out would give two decisions one id, and the second order is lost."""
    other = 2 if field == "n" else "other"
    assert client_order_id(CORE_PREFIX, **IDENTITY) != client_order_id(
        CORE_PREFIX, **{**IDENTITY, field: other}
    )


def test_parts_do_not_run_into_each_other() -> None:
    one = {**IDENTITY, "position_id": "p1", "kind": "ENTRY", "n": 11}
    for changes in ({"position_id": "p", "kind": "1ENTRY"}, {"kind": "ENTRY1", "n": 1}):
        assert client_order_id(CORE_PREFIX, **one) != client_order_id(
            CORE_PREFIX, **{**one, **changes}
        )


def test_thousands_of_decisions_have_thousands_of_ids() -> None:
    made = {
        client_order_id(
            CORE_PREFIX, account="a", epoch="e", position_id=PositionId(f"p{p}"), kind=kind, n=n
        )
        for p in range(100)
        for kind in ("ENTRY", "EXIT")
        for n in range(1, 21)
    }
    assert len(made) == 4_000


def test_event_ids_never_change() -> None:
    assert event_id("epoch-1", 1) == "b1dfc30296c6517ecc77f707df4c8429"
    assert len({event_id(epoch, n) for epoch in ("a", "b") for n in range(100)}) == 200
