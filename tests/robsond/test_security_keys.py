"""Tokens: made once, kept private, compared safely, revoked quickly."""

from __future__ import annotations

import ast
import inspect
import stat
from pathlib import Path

import pytest

from robson_domain import ConfigurationError
from robsond import keys
from robsond.keys import FILES, TOKEN_FILE, Keyring, Patience, Scope, TokenFiles
from robsond.secret import Secret

NOBODY = Secret("")
SECOND = 1_000_000_000


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text().strip()


def test_tokens_are_made_at_the_first_start(tmp_path: Path) -> None:
    tokens = TokenFiles(tmp_path, NOBODY).load()
    assert sorted(tokens.values()) == [Scope.READ, Scope.TRADE, Scope.ADMIN]
    texts = {read(tmp_path, name) for name in FILES}
    assert len(texts) == 3
    for name in FILES:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert len(read(tmp_path, name)) == 43


def test_tokens_stay_over_a_restart(tmp_path: Path) -> None:
    assert TokenFiles(tmp_path, NOBODY).load() == TokenFiles(tmp_path, NOBODY).load()


def test_an_own_token_replaces_the_file(tmp_path: Path) -> None:
    ring = Keyring(TokenFiles(tmp_path, Secret("mine" * 20)).load())
    assert ring.scope_of("mine" * 20) is Scope.ADMIN
    assert not (tmp_path / TOKEN_FILE).exists()


def test_a_token_others_can_read_is_refused(tmp_path: Path) -> None:
    TokenFiles(tmp_path, NOBODY).load()
    (tmp_path / TOKEN_FILE).chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        TokenFiles(tmp_path, NOBODY).load()


def test_removing_a_file_revokes_its_token(tmp_path: Path) -> None:
    files = TokenFiles(tmp_path, NOBODY)
    ring = Keyring(files.load())
    old = read(tmp_path, "token-read")
    assert ring.scope_of(old) is Scope.READ
    (tmp_path / "token-read").unlink()
    files.refresh(ring)
    assert ring.scope_of(old) is None
    assert ring.scope_of(read(tmp_path, "token-read")) is Scope.READ


def test_an_unusable_file_leaves_no_token_accepted(tmp_path: Path) -> None:
    files = TokenFiles(tmp_path, NOBODY)
    ring = Keyring(files.load())
    admin = read(tmp_path, TOKEN_FILE)
    (tmp_path / TOKEN_FILE).chmod(0o666)
    files.refresh(ring)
    assert ring.scope_of(admin) is None


def test_the_keyring_knows_only_digests(tmp_path: Path) -> None:
    ring = Keyring(TokenFiles(tmp_path, NOBODY).load())
    text = repr(vars(ring))
    assert not [name for name in FILES if read(tmp_path, name) in text]


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é" * 100, "x" * 100_000])
def test_odd_tokens_are_just_wrong(token: str) -> None:
    assert Keyring({Secret("right").digest(): Scope.ADMIN}).scope_of(token) is None


def test_secrets_are_never_compared_with_equals() -> None:
    """Equality gives away how far two texts agree by the time it takes."""
    tree = ast.parse(inspect.getsource(keys.Keyring))
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    for node in compared:
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        assert not names & {"token", "digest", "known"}
    assert "compare_digest" in inspect.getsource(keys.Keyring)


def test_patience_grows_and_ends() -> None:
    patience = Patience()
    now = 0
    waits = []
    for _ in range(20):
        wait = patience.failed("a", now)
        waits.append(wait // SECOND)
        now += wait
    assert waits[:5] == [0] * 5
    assert waits[5:12] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[12:]) == {60}


def test_impatience_lengthens_nothing() -> None:
    patience = Patience()
    for _ in range(6):
        patience.failed("a", 0)
    assert patience.failed("a", SECOND // 2) == SECOND // 2
    assert patience.failed("a", SECOND // 2) == SECOND // 2


def test_typing_errors_are_forgotten() -> None:
    patience = Patience()
    for _ in range(5):
        patience.failed("a", 0)
    assert patience.failed("a", 300 * SECOND) == 0


def test_many_sources_together_are_slowed_too() -> None:
    patience = Patience()
    waits = [patience.failed(f"10.0.0.{n}", n) for n in range(100)]
    assert waits[:60] == [0] * 60
    assert any(waits[60:])


def test_sources_take_bounded_memory() -> None:
    patience = Patience()
    for n in range(5_000):
        patience.failed(str(n), n)
    assert len(patience._sources) <= Patience.SOURCES_MAX
