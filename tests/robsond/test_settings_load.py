"""Settings: what is accepted, what is refused and how that is said."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from robson_domain import ConfigurationError
from robsond.secret import MASK, Secret
from robsond.settings import effective, load, reference
from robsond.settings.sources import LATER_NAMES

CANARY = "canary-" + "c" * 40
STEP = '{"arm": {"symbol": "BTCUSDT", "stop": "1"}, "after": "%s"}'
PLAN = f"[{STEP % 'start'}, {STEP % 'closed:1'}]"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No robson.toml of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)


def test_defaults_are_safe() -> None:
    settings = load({}).settings
    assert settings.mode == "paper"
    assert settings.venue == "paper"
    assert settings.http.host == "127.0.0.1"
    assert settings.http.port == 8080
    assert not settings.http.api_token
    assert settings.capital == Decimal(10_000)
    assert settings.limits.max_open_positions == 5


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("ROBSON_CAPITAL", "5e3", "capital", Decimal(5000)),
        ("ROBSON_MODE", "Paper", "mode", "paper"),
        ("ROBSON_HTTP_PORT", " 0 ", "http.port", 0),
        ("ROBSON_BEHIND_PROXY", "yes", "http.behind_proxy", True),
        ("ROBSON_ALLOWED_HOSTS", "a.test, B.test", "http.allowed_hosts", ("a.test", "b.test")),
        ("ROBSON_FEE_RATE", "0", "market.fee_rate", Decimal(0)),
        ("ROBSON_MAX_POSITION_SIZE_USD", "", "limits.max_position_size_usd", None),
        ("ROBSON_ALLOWED_SYMBOLS", "btcusdt,eth-usdt", "limits.allowed_symbols",
         ("BTCUSDT", "ETHUSDT")),
        ("LOG_LEVEL", "debug", "log.level", "DEBUG"),
        ("DATABASE_URL", "postgres://h/n", "database_url", "postgres://h/n"),
    ],
)  # fmt: skip
def test_values_from_the_environment(name: str, text: str, path: str, value: object) -> None:
    found: object = load({name: text}).settings
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ROBSON_MODE", "demo"),
        ("ROBSON_MODE", "shadow"),
        ("ROBSON_MODE", "live"),
        ("ROBSON_ENV", "prod"),
        ("ROBSON_CONNECTOR", "no spaces please"),
        ("ROBSON_CONNECTOR", "acme"),
        ("ROBSON_HTTP_HOST", "0.0.0.0"),
        ("ROBSON_HTTP_HOST", "::"),
        ("ROBSON_HTTP_HOST", "192.168.1.5"),
        ("ROBSON_HTTP_HOST", "bad host"),
        ("ROBSON_HTTP_PORT", "80x"),
        ("ROBSON_HTTP_PORT", "65536"),
        ("ROBSON_HTTP_PORT", "-1"),
        ("ROBSON_HTTP_PORT", "8080.0"),
        ("ROBSON_BEHIND_PROXY", "maybe"),
        ("ROBSON_API_TOKEN", "short"),
        ("ROBSON_API_TOKEN", "x" * 42),
        ("ROBSON_API_TOKEN", "with space " + "x" * 43),
        ("ROBSON_DATA_DIR", "a\0b"),
        ("ROBSON_CAPITAL", "0"),
        ("ROBSON_CAPITAL", "-5"),
        ("ROBSON_CAPITAL", "ten"),
        ("ROBSON_CAPITAL", "NaN"),
        ("ROBSON_CAPITAL", "Infinity"),
        ("ROBSON_CAPITAL", "1" * 30),
        ("ROBSON_CAPITAL", "10,000"),
        ("DATABASE_URL", "mysql://h/n"),
        ("DATABASE_URL", "sqlite://file"),
        ("DATABASE_URL", "robson.db"),
        ("LOG_LEVEL", "loud"),
        ("ROBSON_LOG_FORMAT", "xml"),
        ("ROBSON_SEED", "a b"),
        ("ROBSON_MAX_OPEN_POSITIONS", "0"),
        ("ROBSON_MAX_DAILY_LOSS_PERCENT", "0"),
        ("ROBSON_MAX_DAILY_LOSS_PERCENT", "101"),
        ("ROBSON_MAX_NOTIONAL_MULTIPLE", "11"),
        ("ROBSON_ALLOWED_SYMBOLS", "BTCUSDT,NOPE"),
        ("ROBSON_MARKET", "moon"),
        ("ROBSON_MARKET", "recording"),
        ("ROBSON_MARKET_SEED", "x"),
        ("ROBSON_MARKET_VOLATILITY", "1001"),
        ("ROBSON_PLAYBACK_SPEED", "0"),
        ("ROBSON_PLAYBACK_SPEED", "fast"),
        ("ROBSON_PLAYBACK_SPEED", "-1"),
        ("ROBSON_SYMBOL", "NOPE"),
        ("ROBSON_TICK_SIZE", "0"),
        ("ROBSON_STEP_SIZE", "x"),
        ("ROBSON_LATENCY_MS", "-1"),
        ("ROBSON_LATENCY_MS", "1.5"),
        ("ROBSON_FEE_RATE", "0.06"),
        ("ROBSON_FEE_RATE", "-0.1"),
        ("ROBSON_PLUGINS_ALLOW", "a b"),
        ("ROBSON_PLAN", "{"),
        ("ROBSON_PLAN", "{}"),
        ("ROBSON_PLAN", '[{"arm": {}}]'),
        ("ROBSON_PLAN", '[{"arm": {"symbol": "BTCUSDT"}, "after": "noon"}]'),
        ("ROBSON_PLAN", '[{"arm": {"symbol": "BTCUSDT", "stopp": "1"}}]'),
    ],
)
def test_bad_values_name_the_setting_and_the_fix(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as info:
        load({name: text})
    message = str(info.value)
    assert name in message
    assert len(message) > len(name) + 15, "what is wrong, and what to write"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as info:
        load({"ROBSON_CAPITAL": "x", "ROBSON_HTTP_PORT": "y"})
    assert "ROBSON_CAPITAL" in str(info.value)
    assert "ROBSON_HTTP_PORT" in str(info.value)


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({}, "ROBSON_BEHIND_PROXY"),
        ({"ROBSON_BEHIND_PROXY": "true"}, "ROBSON_API_TOKEN"),
        ({"ROBSON_API_TOKEN": CANARY}, "ROBSON_BEHIND_PROXY"),
        ({"ROBSON_BEHIND_PROXY": "true", "ROBSON_API_TOKEN": CANARY}, ""),
    ],
)
def test_an_open_address_needs_proxy_and_own_token(extra: dict[str, str], problem: str) -> None:
    environment = {"ROBSON_HTTP_HOST": "0.0.0.0", **extra}
    if not problem:
        assert load(environment).settings.http.host == "0.0.0.0"
        return
    with pytest.raises(ConfigurationError, match=problem):
        load(environment)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_loopback_needs_nothing_more(host: str) -> None:
    assert load({"ROBSON_HTTP_HOST": host}).settings.http.host == host


def test_a_recording_needs_what_its_file_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    with pytest.raises(ConfigurationError, match="ROBSON_SYMBOL"):
        load({"ROBSON_TRADES_FILE": "x.csv"})
    both = {"ROBSON_TRADES_FILE": "x", "ROBSON_FRAMES_FILE": "y", "ROBSON_SYMBOL": "BTCUSDT"}
    with pytest.raises(ConfigurationError, match="ROBSON_FRAMES_FILE"):
        load(both)
    with pytest.raises(ConfigurationError, match="ROBSON_CONNECTOR"):
        load({"ROBSON_FRAMES_FILE": "y", "ROBSON_CONNECTOR": "memory"})
    assert load({"ROBSON_FRAMES_FILE": "y"}).settings.market.source == "recording"


def test_a_plan_is_read() -> None:
    _, step = load({"ROBSON_PLAN": PLAN}).settings.plan
    assert (step.arm.symbol, step.arm.stop, step.closed_needed) == ("BTCUSDT", "1", 1)


# --------------------------------------------------------------------- file


def test_file_and_environment(tmp_path: Path) -> None:
    (tmp_path / "robson.toml").write_text(
        'capital = 20000\n[http]\nport = 9000\n[limits]\nallowed-symbols = ["BTCUSDT"]\n'
        '[plugins]\nallow = ["acme"]\n'
    )
    loaded = load({"ROBSON_HTTP_PORT": "9001"})
    assert loaded.file == Path("robson.toml")
    assert loaded.settings.capital == Decimal(20_000)
    assert loaded.settings.http.port == 9001
    assert loaded.settings.limits.allowed_symbols == ("BTCUSDT",)
    assert loaded.settings.plugins.allow == ("acme",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("capital = ", "robson.toml"),
        ("capitall = 1", "did you mean capital"),
        ("[http]\nprot = 1", "did you mean http.port"),
        ("capital = 10000.5", "write it as text"),
        ("http = 1", "http"),
        ("mode = 5", "ROBSON_MODE"),
        ("[http]\nport = true", "ROBSON_HTTP_PORT"),
        ("[limits]\nallowed_symbols = 5", "ROBSON_ALLOWED_SYMBOLS"),
        ("connector_options = 5", "connector_options"),
        ("\xff", "robson.toml"),
    ],
)
def test_a_bad_file_says_what_and_where(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "robson.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=problem):
        load({})


def test_a_named_file_must_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"no settings file gone\.toml"):
        load({"ROBSON_CONFIG": "gone.toml"})
    with pytest.raises(ConfigurationError, match=r"no settings file other\.toml"):
        load({}, "other.toml")


# ------------------------------------------------------------------- secrets


def test_a_file_with_a_secret_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "robson.toml"
    path.write_text(f'[http]\napi_token = "{CANARY}"\n')
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load({})
    path.chmod(0o600)
    assert load({}).settings.http.api_token.reveal() == CANARY


def test_secret_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)
    environment = {"ROBSON_API_TOKEN_FILE": str(path)}
    assert load(environment).settings.http.api_token.reveal() == CANARY
    with pytest.raises(ConfigurationError, match="both set"):
        load({**environment, "ROBSON_API_TOKEN": CANARY})
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=r"ROBSON_API_TOKEN_FILE.*chmod 600"):
        load(environment)


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff\xfe", b"x" * 5000])
def test_a_secret_is_one_line_of_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="ROBSON_API_TOKEN_FILE"):
        load({"ROBSON_API_TOKEN_FILE": str(path)})


def test_a_missing_secret_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"ROBSON_API_TOKEN_FILE.*No such file"):
        load({"ROBSON_API_TOKEN_FILE": "/nowhere/at/all"})


def test_only_secrets_come_from_files(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("1")
    loaded = load({"ROBSON_HTTP_PORT_FILE": str(path)})
    assert loaded.settings.http.port == 8080
    assert any("ROBSON_HTTP_PORT_FILE" in warning for warning in loaded.warnings)


def test_settings_show_no_secret() -> None:
    url = f"postgres://user:{CANARY}@host/name"
    settings = load({"ROBSON_API_TOKEN": CANARY, "DATABASE_URL": url}).settings
    token = settings.http.api_token
    shown = [repr(settings), str(settings), f"{settings}", repr(token), f"{token}"]
    shown += [f"{token:>60}", str(effective(settings)), str(vars(type(settings)))]
    assert not [text for text in shown if CANARY in text]
    assert MASK in repr(settings)
    with pytest.raises(TypeError):
        pickle.dumps(settings)
    with pytest.raises(TypeError):
        json.dumps(token)


def test_refusals_show_no_secret() -> None:
    for environment in (
        {"ROBSON_API_TOKEN": "canary with spaces"},
        {"DATABASE_URL": "mysql://user:canary@host/name"},
    ):
        with pytest.raises(ConfigurationError) as info:
            load(environment)
        assert "canary" not in str(info.value)


def test_a_secret_compares_by_digest() -> None:
    assert Secret("a").digest() == Secret("a").digest() != Secret("b").digest()
    assert bool(Secret("")) is False


# ------------------------------------------------------------------ warnings


def test_unknown_names_are_told_with_the_nearest() -> None:
    (warning,) = load({"ROBSON_HTP_PORT": "1", "OTHER": "x"}).warnings
    assert warning == "ROBSON_HTP_PORT is no setting; did you mean ROBSON_HTTP_PORT?"


@pytest.mark.parametrize("name", sorted(LATER_NAMES))
def test_reserved_names_say_that_they_do_nothing_yet(name: str) -> None:
    (warning,) = load({name: "x"}).warnings
    assert warning.startswith(f"{name} has no effect yet")


def test_names_of_the_client_are_no_strangers() -> None:
    assert load({"ROBSON_API_URL": "http://localhost:8080"}).warnings == ()


def test_a_password_in_the_environment_is_mentioned() -> None:
    (warning,) = load({"DATABASE_URL": "postgres://u:p@h/n"}).warnings
    assert "DATABASE_URL_FILE" in warning


def test_speed_without_a_recording_is_mentioned() -> None:
    (warning,) = load({"ROBSON_PLAYBACK_SPEED": "2"}).warnings
    assert "ROBSON_PLAYBACK_SPEED" in warning


# ------------------------------------------------------------- documentation


def test_the_page_lists_every_setting_as_it_is() -> None:
    """Regenerate with: python -c "from robsond.settings import reference; print(reference())"."""
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert reference() in page.read_text(encoding="utf-8")


def test_effective_settings_are_complete() -> None:
    names = [name for name, _ in effective(load({}).settings)]
    assert len(names) == reference().count("\n") - 2
    assert len(set(names)) == len(names)
