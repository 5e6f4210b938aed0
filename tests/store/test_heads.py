"""The head beside the database: what is written, what is read, and what a person may find there."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from robson_domain import Head, StoreError
from robson_store import read_head
from robson_store.heads import HeadFile

HEAD = Head(epoch="epoch-1", sequence=41, hash="ab" * 32)
NEXT = Head(epoch="epoch-1", sequence=42, hash="cd" * 32)


def test_head_reads_back_equal(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "head.json")
    for head in (HEAD, NEXT, HEAD):
        file.write(head)
        assert read_head(tmp_path / "head.json") == head
    assert file.problem == ""


def test_file_is_json_that_other_tools_read(tmp_path: Path) -> None:
    HeadFile(tmp_path / "head.json").write(HEAD)
    text = (tmp_path / "head.json").read_text()
    assert json.loads(text) == {"epoch": "epoch-1", "sequence": 41, "hash": "ab" * 32}
    assert text.endswith("\n")
    assert stat.S_IMODE((tmp_path / "head.json").stat().st_mode) & 0o077 == 0


def test_every_head_has_the_same_length(tmp_path: Path) -> None:
    """Written in place, a shorter one would leave the end of the longer one behind."""
    sizes = set()
    for sequence in (1, 10**18):
        HeadFile(tmp_path / "head.json").write(
            Head(epoch="e" * 36, sequence=sequence, hash="a" * 64)
        )
        sizes.add((tmp_path / "head.json").stat().st_size)
    assert sizes == {256}


def test_longer_file_of_before_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text("x" * 5000)
    HeadFile(path).write(HEAD)
    assert read_head(path) == HEAD


def test_file_that_was_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    file = HeadFile(path)
    file.write(HEAD)
    os.rename(path, tmp_path / "kept.json")
    file.write(NEXT)
    assert read_head(path) == NEXT
    assert read_head(tmp_path / "kept.json") == HEAD


def test_nothing_exported_yet_is_no_head(tmp_path: Path) -> None:
    assert read_head(tmp_path / "head.json") is None
    (tmp_path / "head.json").touch()
    assert read_head(tmp_path / "head.json") is None


def test_no_path_exports_nothing() -> None:
    file = HeadFile(None)
    file.write(HEAD)
    assert file.problem == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not canonical JSON"),
        ("[]", "is not {epoch, sequence, hash}"),
        ('{"epoch":"e","sequence":1}', "is not {epoch, sequence, hash}"),
        ('{"epoch":"e","hash":"h","more":1,"sequence":1}', "is not {epoch, sequence, hash}"),
        ('{"epoch":"e","hash":"h","sequence":"1"}', "a field of the wrong type"),
        ('{"epoch":"e","hash":"h","sequence":true}', "a field of the wrong type"),
        ('{"epoch":1,"hash":"h","sequence":1}', "a field of the wrong type"),
        ('{"epoch":"e","hash":null,"sequence":1}', "a field of the wrong type"),
        ('{"epoch":"e","hash":"h","sequence":1.0}', "binary float"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(StoreError, match=said):
        read_head(tmp_path / "head.json")


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_head(tmp_path)
    (tmp_path / "head.json").write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="cannot be read"):
        read_head(tmp_path / "head.json")
