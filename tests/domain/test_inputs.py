"""Inputs: a closed union, each with a name for the log and two times."""

from __future__ import annotations

import typing
from typing import Final

import attrs
import pytest

from robson_domain import (
    ArmPosition,
    ClosePosition,
    CloseReason,
    Input,
    IntentKind,
    LinkChanged,
    Money,
    OrderReported,
    PersonCommand,
    PositionId,
    RiskLimits,
    SetRiskLimits,
    Symbol,
    ValidationError,
    cause_of,
    times_of,
)
from robson_domain.testing import a_report, every_input
from robson_domain.testing.builders import SECOND, T0, an_id_for
from robson_domain.testing.builders_protection import LOOKED

LATER: Final = T0 + 30 * SECOND


def test_one_of_each_is_known_to_the_test_kit() -> None:
    assert tuple(type(entry) for entry in every_input()) == typing.get_args(Input)


def test_every_input_has_a_name_of_its_own() -> None:
    """Golden: the log names causes by these words."""
    assert [cause_of(entry) for entry in every_input()] == [
        "trade:BTCUSDT:900",
        f"time:{LATER}",
        f"report:{a_report().client_order_id}",
        f"account:BTCUSDT:{T0 + 6 * SECOND}",
        "signal:position-1-signal",
        *("command:command-1", "command:command-2", "command:command-3", "command:command-4"),
        "command:command-5",
        "link:BTCUSDT:down",
        "command:command-6",
        *(f"holdings:BTCUSDT:{LOOKED}", f"holdings:BTCUSDT:{LOOKED}"),
        f"debt:position-1:{LOOKED}",
        "order:robson_core_2222222222222222aa",
        f"debt:guard-btcusdt-5:{T0 + 30 * SECOND}",
        f"holdings:BTCUSDT:{T0 + 30 * SECOND}",
        f"trades:{an_id_for(IntentKind.EXIT)}:{LOOKED}",
        f"trades:position-1:{LOOKED}",
        *("command:command-7", "command:command-8", "command:command-9", "command:command-10"),
    ]


def test_link_says_which_way() -> None:
    assert cause_of(LinkChanged(symbol=Symbol("BTCUSDT"), up=True, ts_received=1)).endswith(":up")


@pytest.mark.parametrize("entry", every_input(), ids=lambda entry: type(entry).__name__)
def test_every_input_has_two_times(entry: Input) -> None:
    ts_event, ts_received = times_of(entry)
    assert T0 <= ts_event <= LATER
    assert T0 <= ts_received <= LATER


def test_what_has_no_venue_happened_when_it_was_heard() -> None:
    for entry in every_input():
        if isinstance(entry, PersonCommand):
            assert times_of(entry) == (entry.ts_received, entry.ts_received)


def test_times_are_those_of_the_venue_where_there_is_one() -> None:
    assert times_of(OrderReported(report=a_report(ts_event=7, ts_received=9))) == (7, 9)


def test_a_report_without_venue_time_happened_when_it_was_heard() -> None:
    assert times_of(OrderReported(report=a_report(ts_event=0, ts_received=9))) == (9, 9)


def test_person_commands_are_inputs() -> None:
    assert set(typing.get_args(PersonCommand)) <= set(typing.get_args(Input))
    assert all("command_id" in attrs.fields_dict(k) for k in typing.get_args(PersonCommand))


def test_limits_are_said_by_settings_and_nobody_waits_for_an_answer() -> None:
    assert SetRiskLimits not in typing.get_args(PersonCommand)


@pytest.mark.parametrize("capital", [0, -1])
def test_risk_capital_is_above_zero(capital: int) -> None:
    with pytest.raises(ValidationError) as refused:
        SetRiskLimits(command_id="c", capital=Money(capital), limits=RiskLimits(), ts_received=1)
    assert refused.value.field == "capital"


def test_defaults_of_the_person_are_the_careful_ones() -> None:
    assert not attrs.fields(ArmPosition).accept_costs.default
    assert attrs.fields(ArmPosition).expires_at.default == 0
    close = ClosePosition(command_id="c", position_id=PositionId("p"), ts_received=1)
    assert close.reason is CloseReason.CLOSE
