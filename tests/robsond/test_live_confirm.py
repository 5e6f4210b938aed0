"""What confirms live mode, for which account and database, and what is kept of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from robson_domain import ConfigurationError
from robsond.live_confirm import (
    KEPT_FILE,
    Accepted,
    KeptFile,
    Subject,
    database_id,
    needs,
    place_of,
    require_kept,
)
from robsond.settings import load
from robsond.settings.parts import Live

ACCOUNT, FIRST, OTHER = "binance-aaaaaaaaaa", database_id("epoch-1"), database_id("epoch-2")
HERE = Subject(account=ACCOUNT, database=FIRST, cap=Decimal(50))
RICH = attrs.evolve(HERE, cap=Decimal(200))
RISKY = attrs.evolve(HERE, risks=("may withdraw", "has no IP list"))
KEPT = Accepted(database=FIRST)
KEY_PHRASE = "use a key that may withdraw and has no IP list"


def said(
    subject: Subject,
    kept: Accepted | None,
    confirm: str = "",
    cap_confirm: str = "",
    key_confirm: str = "",
) -> list[str]:
    live = Live(confirm=confirm, cap_confirm=cap_confirm, key_confirm=key_confirm)
    return [need.said for need in needs(subject, kept, live)]


def test_a_database_is_named_by_its_epoch_alone() -> None:
    assert FIRST != OTHER
    assert database_id("epoch-1") == FIRST
    assert len(FIRST) == len("db-") + 10


@pytest.mark.parametrize(
    ("kept", "confirm", "words"),
    [
        (None, "", f"set ROBSON_LIVE_CONFIRM={ACCOUNT}/{FIRST}"),
        (None, ACCOUNT, ""),
        (None, f"{ACCOUNT}/{FIRST}", ""),
        (None, f"{ACCOUNT}/{OTHER}", "it says"),
        (None, "yes", 'it says "yes"'),
        (KEPT, "", ""),
        (KEPT, ACCOUNT, ""),
        (KEPT, "binance-bbbbbbbbbb", "it says"),
        (KEPT, f"{ACCOUNT}/{OTHER}", f"set ROBSON_LIVE_CONFIRM={ACCOUNT}/{FIRST}"),
        (Accepted(database=OTHER), "", f"was confirmed with {OTHER}, and this is {FIRST}"),
        (Accepted(database=OTHER), ACCOUNT, "the database has changed"),
        (Accepted(database=OTHER), f"{ACCOUNT}/{FIRST}", ""),
    ],
)
def test_account_and_database(kept: Accepted | None, confirm: str, words: str) -> None:
    """The account alone is enough for the first database, and for no other."""
    found = said(HERE, kept, confirm=confirm)
    assert bool(found) == bool(words)
    assert words in "".join(found)


@pytest.mark.parametrize(
    ("subject", "kept", "live", "words"),
    [
        (RICH, KEPT, {}, 'set ROBSON_LIVE_CAP_CONFIRM="positions up to 200"'),
        (RICH, KEPT, {"cap_confirm": "positions up to 200"}, ""),
        (RICH, KEPT, {"cap_confirm": "positions up to 2000"}, "CAP_CONFIRM"),
        (RICH, attrs.evolve(KEPT, cap=Decimal(200)), {}, ""),
        (RICH, attrs.evolve(KEPT, cap=Decimal(199)), {}, "CAP_CONFIRM"),
        (RISKY, KEPT, {}, f'set ROBSON_LIVE_KEY_CONFIRM="{KEY_PHRASE}"'),
        (RISKY, KEPT, {"key_confirm": KEY_PHRASE}, ""),
        (RISKY, KEPT, {"key_confirm": "use a key that may withdraw"}, "has no IP list"),
        (RISKY, attrs.evolve(KEPT, risks=frozenset(RISKY.risks)), {}, ""),
        (RISKY, attrs.evolve(KEPT, risks=frozenset({"may withdraw"})), {}, "KEY_CONFIRM"),
    ],
)
def test_cap_and_key(subject: Subject, kept: Accepted, live: dict[str, str], words: str) -> None:
    found = said(subject, kept, **live)
    assert len(found) == bool(words)
    assert words in "".join(found)


def test_what_was_accepted_for_another_database_does_not_count() -> None:
    kept = Accepted(database=OTHER, cap=Decimal(200), risks=frozenset(RISKY.risks))
    both = attrs.evolve(RISKY, cap=Decimal(200))
    found = said(both, kept, confirm=both.phrase)
    assert [one.split(":")[0] for one in found] == [
        "ROBSON_LIVE_CAP_CONFIRM", "ROBSON_LIVE_KEY_CONFIRM",
    ]  # fmt: skip


def test_what_is_kept_comes_back_and_is_for_this_user_alone(tmp_path: Path) -> None:
    file = KeptFile(tmp_path)
    assert file.of(ACCOUNT) is None
    file.save(HERE)
    assert (tmp_path / KEPT_FILE).stat().st_mode & 0o777 == 0o600
    assert file.of(ACCOUNT) == KEPT
    assert file.of("binance-bbbbbbbbbb") is None


def test_a_pair_gathers_what_was_accepted_and_another_database_begins_anew(tmp_path: Path) -> None:
    file = KeptFile(tmp_path)
    neighbor = attrs.evolve(HERE, account="binance-bbbbbbbbbb")
    for subject in (neighbor, RICH, RISKY):
        file.save(subject)
    both = Accepted(database=FIRST, cap=Decimal(200), risks=frozenset(RISKY.risks))
    assert file.of(ACCOUNT) == both
    file.save(attrs.evolve(HERE, database=OTHER))
    assert file.of(ACCOUNT) == Accepted(database=OTHER)
    assert file.of(neighbor.account) == KEPT


def test_a_file_that_others_may_touch_confirms_nothing(tmp_path: Path) -> None:
    KeptFile(tmp_path).save(HERE)
    (tmp_path / KEPT_FILE).chmod(0o660)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        KeptFile(tmp_path).of(ACCOUNT)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 2, "accounts": {}}', '{"version": 1}',
     '{"version": 1, "accounts": {"a": {"database": "x"}}}',
     '{"version": 1, "accounts": {"a": {"database": "x", "position_cap": "x", "key_risks": []}}}'],
)  # fmt: skip
def test_a_damaged_file_confirms_nothing(tmp_path: Path, content: str) -> None:
    place = tmp_path / KEPT_FILE
    place.write_text(content)
    place.chmod(0o600)
    with pytest.raises(ConfigurationError, match="remove it and confirm again"):
        KeptFile(tmp_path).of(ACCOUNT)


def test_what_cannot_be_kept_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        KeptFile(tmp_path / "file").save(HERE)


def test_the_venue_is_opened_only_after_a_confirmation(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="was not confirmed"):
        require_kept(tmp_path, ACCOUNT, Decimal(50))
    KeptFile(tmp_path).save(HERE)
    require_kept(tmp_path, ACCOUNT, Decimal(50))
    with pytest.raises(ConfigurationError, match="was not confirmed"):
        require_kept(tmp_path, ACCOUNT, Decimal(51))
    assert json.loads((tmp_path / KEPT_FILE).read_text())["version"] == 1


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:////data/robson.db", "/data/robson.db"),
        ("postgresql://me:secret@db.test:5433/robson?sslmode=require", "db.test:5433/robson"),
        ("postgresql:///robson", "this machine/robson"),
    ],
)
def test_a_place_is_named_without_its_password(url: str, place: str) -> None:
    assert place_of(url) == place


def test_a_wrong_phrase_for_the_cap_is_refused_at_once_and_none_is_asked_for_later() -> None:
    wanted = {
        "ROBSON_MODE": "live", "ROBSON_CONNECTOR": "binance", "ROBSON_LIVE_POSITION_CAP": "200",
        "BINANCE_API_KEY": "k" * 40, "BINANCE_API_SECRET": "s" * 40,
    }  # fmt: skip
    assert load(wanted).settings.live.position_cap == 200
    load(wanted | {"ROBSON_LIVE_CAP_CONFIRM": "positions up to 200"})
    with pytest.raises(ConfigurationError, match="positions up to 200"):
        load(wanted | {"ROBSON_LIVE_CAP_CONFIRM": "positions up to 2000"})
