"""From settings to limits and protection: what counts where, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from robson_domain import Capabilities, ConfigurationError, SafetyNetMode
from robsond import compose, protection
from robsond.settings import Settings, effective, load
from robsond.system import RealClock

VENUE = Capabilities(name="binance", resting_stops=True)
REAL = {
    "ROBSON_CONNECTOR": "binance",
    "ROBSON_MODE": "live",
    "BINANCE_API_KEY": "key",
    "BINANCE_API_SECRET": "secret",
}


def settings(**environment: str) -> Settings:
    return load(environment).settings


# ------------------------------------------------------------- disaster stop


@pytest.mark.parametrize(
    ("environment", "share"),
    [
        (REAL, "0.01"),
        (REAL | {"ROBSON_DISASTER_STOP": "2.5"}, "0.025"),
        (REAL | {"ROBSON_DISASTER_STOP": "10"}, "0.1"),
        (REAL | {"ROBSON_DISASTER_STOP": " OFF "}, None),
        (REAL | {"ROBSON_MODE": "shadow"}, None),
        (REAL | {"ROBSON_MODE": "paper"}, None),
        ({"ROBSON_ENV": "test"}, None),
        ({}, None),
    ],
)
def test_a_stop_rests_at_the_venue_in_live_mode_only(
    environment: dict[str, str], share: str | None
) -> None:
    limits = protection.risk_limits(settings(**environment), VENUE)
    assert limits.disaster_stop == (None if share is None else Decimal(share))


def test_a_venue_without_resting_stops_is_told() -> None:
    with capture_logs() as entries:
        limits = protection.risk_limits(settings(**REAL), Capabilities(name="other"))
    assert limits.disaster_stop is None
    (entry,) = entries
    assert (entry["log_level"], entry["venue"]) == ("warning", "other")
    assert "no stop order can rest at this venue" in entry["event"]


@pytest.mark.parametrize("text", ["0", "10.1", "-1", "many", "true"])
def test_a_distance_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"ROBSON_DISASTER_STOP.*or write off"):
        settings(ROBSON_DISASTER_STOP=text)


def test_off_is_shown_as_off(tmp_path: Path) -> None:
    assert dict(effective(settings()))["ROBSON_DISASTER_STOP"] == "1"
    assert dict(effective(settings(ROBSON_DISASTER_STOP="off")))["ROBSON_DISASTER_STOP"] == "off"
    file = tmp_path / "robson.toml"
    file.write_text("[protection]\ndisaster_stop = false\n")
    assert load({}, file).settings.protection.disaster_stop is None


def test_other_limits_are_as_set() -> None:
    wanted = settings(ROBSON_MAX_DAILY_LOSS_PERCENT="2.5", ROBSON_ALLOWED_SYMBOLS="BTCUSDT", **REAL)
    limits = protection.risk_limits(wanted, VENUE)
    assert limits.daily_loss_fraction == Decimal("0.025")
    assert limits.symbols_allowed == ("BTCUSDT",)
    assert limits.position_cap == 50
    assert protection.risk_limits(settings(), VENUE).symbols_allowed is None


# ---------------------------------------------------------------- safety net


def test_how_the_account_is_looked_after() -> None:
    usual = protection.protection(settings(**REAL))
    assert (usual.poll_ns, usual.cancels_locking_orders, usual.mode) == (20_000_000_000, True, None)
    wanted = settings(
        ROBSON_SAFETY_NET="ACT",
        ROBSON_POLLING_INTERVAL_SECONDS="5",
        ROBSON_CANCEL_LOCKING_ORDERS="no",
        **REAL,
    )
    found = protection.protection(wanted)
    assert (found.poll_ns, found.cancels_locking_orders) == (5_000_000_000, False)
    assert found.mode is SafetyNetMode.ACT


def test_shadow_observes_whatever_the_log_says() -> None:
    found = protection.protection(settings(**REAL | {"ROBSON_MODE": "shadow"}))
    assert found.mode is SafetyNetMode.OBSERVE
    with pytest.raises(ConfigurationError, match="ROBSON_SAFETY_NET: shadow mode sends no order"):
        settings(**REAL | {"ROBSON_MODE": "shadow", "ROBSON_SAFETY_NET": "act"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROBSON_SAFETY_NET", "sell"),
        ("ROBSON_POLLING_INTERVAL_SECONDS", "0"),
        ("ROBSON_POLLING_INTERVAL_SECONDS", "301"),
        ("ROBSON_POLLING_INTERVAL_SECONDS", "often"),
        ("ROBSON_CANCEL_LOCKING_ORDERS", "perhaps"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        settings(**{name: value})


def test_on_paper_it_has_no_effect_and_says_so() -> None:
    (warning,) = load({"ROBSON_SAFETY_NET": "act"}).warnings
    assert warning.startswith("ROBSON_SAFETY_NET has no effect in paper mode")
    assert load({"ROBSON_SAFETY_NET": ""}).warnings == ()


# --------------------------------------------------------------------- venue


@pytest.mark.parametrize("mode", ["paper", "shadow"])
async def test_the_whole_account_is_read_where_it_is_real(mode: str, tmp_path: Path) -> None:
    wanted: dict[str, Any] = REAL | {"ROBSON_MODE": mode, "ROBSON_DATA_DIR": str(tmp_path)}
    venue = compose.open_venue(settings(**wanted), RealClock(), 0)
    try:
        is_real = mode != "paper"
        assert (venue.holdings is not None) is is_real
        assert (venue.lending is not None) is is_real
    finally:
        await venue.execution.close()


def test_ids_that_repeat_are_not_for_live_mode() -> None:
    with pytest.raises(ConfigurationError, match="ROBSON_SEED"):
        settings(**REAL, ROBSON_SEED="again")
