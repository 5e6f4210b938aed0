"""Codes for "no, by us, before sending": the table the documentation is generated from."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs


class DenialCode(StrEnum):
    """Why an entry was denied, in the order in which the reasons are checked."""

    DISTANCE_OUT_OF_RANGE = "DISTANCE_OUT_OF_RANGE"
    SIGNAL_MISMATCH = "SIGNAL_MISMATCH"
    SIGNAL_ALREADY_USED = "SIGNAL_ALREADY_USED"
    STALE_SIGNAL = "STALE_SIGNAL"
    ANOTHER_ROBSON = "ANOTHER_ROBSON"
    PAIR_QUARANTINED = "PAIR_QUARANTINED"
    PRICE_MOVED = "PRICE_MOVED"
    COSTS_EAT_RISK = "COSTS_EAT_RISK"
    TOO_SMALL_TO_EXIT = "TOO_SMALL_TO_EXIT"
    LIQUIDATION_BEFORE_STOP = "LIQUIDATION_BEFORE_STOP"
    COLLATERAL_SHORT = "COLLATERAL_SHORT"
    BORROW_SHORT = "BORROW_SHORT"
    PAIR_NOT_FLAT = "PAIR_NOT_FLAT"
    MAX_OPEN_POSITIONS = "MAX_OPEN_POSITIONS"
    SYMBOL_BUDGET = "SYMBOL_BUDGET"
    POSITION_TOO_LARGE = "POSITION_TOO_LARGE"
    DAILY_LOSS = "DAILY_LOSS"
    TOTAL_RISK = "TOTAL_RISK"
    DRAWDOWN = "DRAWDOWN"
    NOTIONAL = "NOTIONAL"
    ORDER_RATE = "ORDER_RATE"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"


DENIAL_MEANINGS: Final[dict[DenialCode, str]] = {
    DenialCode.DISTANCE_OUT_OF_RANGE: "stop distance outside 0.1 % to 10 % of the price",
    DenialCode.SIGNAL_MISMATCH: "the signal is for another position, pair or side",
    DenialCode.SIGNAL_ALREADY_USED: "this signal has already been decided on",
    DenialCode.STALE_SIGNAL: "more than 2 s passed between signal and decision",
    DenialCode.ANOTHER_ROBSON: "an order of a Robson that this database does not know was seen",
    DenialCode.PAIR_QUARANTINED: "the pair is quarantined: a person has to look at it first",
    DenialCode.PRICE_MOVED: "price moved more than a quarter of the distance since the signal",
    DenialCode.COSTS_EAT_RISK: "fees of the round trip are more than half the stop distance",
    DenialCode.TOO_SMALL_TO_EXIT: "value at the stop is below 1.05 times the venue's minimum",
    DenialCode.LIQUIDATION_BEFORE_STOP: "liquidation is less than half a distance beyond the stop",
    DenialCode.COLLATERAL_SHORT: "not enough collateral on the pair; Robson never moves funds",
    DenialCode.BORROW_SHORT: "the venue lends less than the entry needs",
    DenialCode.PAIR_NOT_FLAT: "the pair already holds a position, debt or open orders",
    DenialCode.MAX_OPEN_POSITIONS: "as many positions are open as allowed",
    DenialCode.SYMBOL_BUDGET: "more of the capital in this pair than allowed",
    DenialCode.POSITION_TOO_LARGE: "larger than one position may be",
    DenialCode.DAILY_LOSS: "the day's loss could pass its limit",
    DenialCode.TOTAL_RISK: "all open positions together could lose more than allowed",
    DenialCode.DRAWDOWN: "equity could fall further from its peak than allowed",
    DenialCode.NOTIONAL: "all positions together would be larger than 10 times capital",
    DenialCode.ORDER_RATE: "too many entries within a minute",
    DenialCode.SYMBOL_NOT_ALLOWED: "the pair is not on the list of allowed pairs",
}


@attrs.frozen
class Denial:
    """A refusal of ours: a code to act on and a sentence with the figures."""

    code: DenialCode
    message: str
