"""The hash chain: every single alteration of the log is found, and named by its sequence."""

from __future__ import annotations

from typing import Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import ChainBroken, Head, HeadMismatch, chain, codec
from robson_domain.testing import every_event, strategies

Row = tuple[int, str, str]
EPOCH: Final = "epoch-1"


def log_of(bodies: list[str], epoch: str = EPOCH) -> list[Row]:
    """Return the rows of a valid log."""
    rows, previous = [], chain.genesis(epoch)
    for sequence, body in enumerate(bodies, start=1):
        previous = chain.link(previous, body)
        rows.append((sequence, body, previous))
    return rows


ROWS: Final = log_of([codec.dumps(event) for event in every_event()])
SEQUENCES: Final = range(1, len(ROWS) + 1)


def head_at(sequence: int, rows: list[Row] = ROWS) -> Head:
    if sequence == 0:
        return chain.empty_head(EPOCH)
    return Head(epoch=EPOCH, sequence=sequence, hash=rows[sequence - 1][2])


def broken_at(rows: list[Row], exported: Head | None = None) -> int:
    with pytest.raises(ChainBroken) as broken:
        chain.verify(EPOCH, rows, exported)
    assert str(broken.value).startswith(f"event {broken.value.sequence}: ")
    return broken.value.sequence


def with_row(sequence: int, row: Row) -> list[Row]:
    return [row if given[0] == sequence else given for given in ROWS]


def test_untouched_log_is_whole() -> None:
    assert chain.verify(EPOCH, ROWS, None) == head_at(len(ROWS))
    assert list(chain.walk(EPOCH, ROWS)) == [head_at(n) for n in SEQUENCES]


def test_empty_log_is_whole() -> None:
    assert chain.verify(EPOCH, [], None) == chain.empty_head(EPOCH)
    assert chain.verify(EPOCH, [], chain.empty_head(EPOCH)) == chain.empty_head(EPOCH)


@given(st.sampled_from(ROWS), st.data())
def test_a_changed_letter_is_found(row: Row, data: st.DataObject) -> None:
    sequence, body, stored = row
    at = data.draw(st.integers(0, len(body) - 1))
    letter = data.draw(st.characters(exclude_categories=()).filter(lambda c: c != body[at]))
    changed = body[:at] + letter + body[at + 1 :]
    assert broken_at(with_row(sequence, (sequence, changed, stored))) == sequence


@given(st.sampled_from(ROWS), st.data())
def test_a_changed_hash_is_found(row: Row, data: st.DataObject) -> None:
    sequence, body, stored = row
    at = data.draw(st.integers(0, len(stored) - 1))
    letter = data.draw(st.characters(exclude_categories=()).filter(lambda c: c != stored[at]))
    changed = stored[:at] + letter + stored[at + 1 :]
    assert broken_at(with_row(sequence, (sequence, body, changed))) == sequence


@pytest.mark.parametrize("stored", ["", "é", "\ud800", "x" * 64])
def test_a_hash_that_is_none_is_found(stored: str) -> None:
    assert broken_at(with_row(3, (3, ROWS[2][1], stored))) == 3


@pytest.mark.parametrize("body", ["", "\ud800", "\x00", "\U0010ffff"])
def test_a_body_that_is_no_text_is_found(body: str) -> None:
    """The check must name it, not stumble over it."""
    assert broken_at(with_row(3, (3, body, ROWS[2][2]))) == 3


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_body_with_its_own_new_hash_is_found_at_its_successor(sequence: int) -> None:
    """Who can write the table can also compute a hash; the next row gives it away."""
    previous = head_at(sequence - 1).hash
    forged = (sequence, "{}", chain.link(previous, "{}"))
    if sequence < len(ROWS):
        assert broken_at(with_row(sequence, forged)) == sequence + 1
    else:
        with pytest.raises(HeadMismatch, match=f"event {sequence} is not the one"):
            chain.verify(EPOCH, with_row(sequence, forged), head_at(sequence))


@pytest.mark.parametrize("sequence", SEQUENCES[:-1])
def test_a_removed_row_is_found(sequence: int) -> None:
    rest = [row for row in ROWS if row[0] != sequence]
    assert broken_at(rest) == sequence
    closed_up = [(n, body, stored) for n, (_, body, stored) in enumerate(rest, start=1)]
    assert broken_at(closed_up) == sequence


@pytest.mark.parametrize("first", SEQUENCES[:-1])
def test_two_swapped_rows_are_found(first: int) -> None:
    for second in range(first + 1, len(ROWS) + 1):
        rows = list(ROWS)
        rows[first - 1], rows[second - 1] = ROWS[second - 1], ROWS[first - 1]
        assert broken_at(rows) == first
        renumbered = [(n, body, stored) for n, (_, body, stored) in enumerate(rows, start=1)]
        assert broken_at(renumbered) == first


@pytest.mark.parametrize("at", SEQUENCES)
def test_an_inserted_row_is_found(at: int) -> None:
    """Even one that fits its predecessor: then its successor does not fit."""
    fitting = (at, "{}", chain.link(head_at(at - 1).hash, "{}"))
    shifted = [(n + 1, body, stored) for n, body, stored in ROWS[at - 1 :]]
    assert broken_at([*ROWS[: at - 1], fitting, *shifted]) == at + 1
    assert broken_at([*ROWS[: at - 1], (at, "{}", ""), *shifted]) == at
    assert broken_at([*ROWS[:at], ROWS[at - 1], *ROWS[at:]]) == at + 1


@pytest.mark.parametrize("kept", range(len(ROWS)))
def test_a_cut_tail_is_found_by_the_exported_head(kept: int) -> None:
    """Nothing inside a shorter chain is wrong, so only the head outside can tell."""
    assert chain.verify(EPOCH, ROWS[:kept], None) == head_at(kept)
    with pytest.raises(HeadMismatch, match=f"events {kept + 1} to {len(ROWS)} are missing"):
        chain.verify(EPOCH, ROWS[:kept], head_at(len(ROWS)))


@pytest.mark.parametrize("exported", range(len(ROWS) + 1))
def test_an_exported_head_behind_the_log_is_normal(exported: int) -> None:
    """It is written after the commit and not synced, so a power cut leaves it behind."""
    assert chain.verify(EPOCH, ROWS, head_at(exported)) == head_at(len(ROWS))


@pytest.mark.parametrize("exported", SEQUENCES)
def test_a_wholly_rewritten_chain_is_found(exported: int) -> None:
    bodies = [body.replace("BTCUSDT", "ETHUSDT") for _, body, _ in ROWS]
    rewritten = log_of(bodies)
    assert chain.verify(EPOCH, rewritten, None).sequence == len(ROWS)
    with pytest.raises(HeadMismatch, match=f"event {exported} is not the one whose hash"):
        chain.verify(EPOCH, rewritten, head_at(exported))


def test_a_rewrite_after_the_exported_head_is_what_the_head_cannot_see() -> None:
    """The promise ends there, which is why the head is written after every batch."""
    rewritten = log_of([*(body for _, body, _ in ROWS[:-1]), "{}"])
    assert chain.verify(EPOCH, rewritten, head_at(len(ROWS) - 1)).sequence == len(ROWS)


@pytest.mark.parametrize("rows", [[], ROWS])
def test_the_head_of_another_database_is_named(rows: list[Row]) -> None:
    foreign = attrs.evolve(head_at(len(ROWS)), epoch="epoch-2")
    with pytest.raises(HeadMismatch, match=r"belongs to another database \(epoch-2\)"):
        chain.verify(EPOCH, rows, foreign)
    with pytest.raises(HeadMismatch):
        chain.verify(EPOCH, rows, chain.empty_head("epoch-2"))


@pytest.mark.parametrize("sequence", [0, 1, len(ROWS)])
def test_an_invented_head_is_refused(sequence: int) -> None:
    invented = Head(epoch=EPOCH, sequence=sequence, hash="0" * 64)
    with pytest.raises(HeadMismatch, match=f"event {sequence} is not the one"):
        chain.verify(EPOCH, ROWS, invented)


def test_rows_of_another_database_do_not_fit() -> None:
    with pytest.raises(ChainBroken, match="event 1: "):
        chain.verify("epoch-2", ROWS, None)


def test_log_starts_at_one() -> None:
    zero = (0, "{}", chain.link(chain.genesis(EPOCH), "{}"))
    assert broken_at([zero]) == 1


def test_walk_names_what_it_found_instead() -> None:
    with pytest.raises(ChainBroken, match="event 2: expected here, found event 3"):
        list(chain.walk(EPOCH, [ROWS[0], ROWS[2]]))


def test_rows_before_the_break_are_good() -> None:
    heads = chain.walk(EPOCH, with_row(5, (5, "{}", ROWS[4][2])))
    assert [next(heads) for _ in range(4)] == [head_at(n) for n in (1, 2, 3, 4)]
    with pytest.raises(ChainBroken, match="event 5: its content or its predecessor"):
        next(heads)


@given(strategies.texts(), strategies.texts())
def test_any_body_has_a_hash_of_its_own(one: str, other: str) -> None:
    previous = chain.genesis(EPOCH)
    assert (chain.link(previous, one) == chain.link(previous, other)) is (one == other)


def test_hashes_never_change() -> None:
    """Golden, computed with ``sha256sum``: logs already written are verified by this function."""
    genesis = chain.genesis(EPOCH)
    assert genesis == "79bfaa51fa0354ce897607e042771e461165bc33ab5806745ad44483cec01027"
    assert chain.link(genesis, '{"a":"é"}') == (
        "4bc7d09eb517b522ffa1ed623051225e5bc6b982545dcff165ddaa6b90b0429d"
    )
