"""Every trading decision of Robson, pure: sizing, the trailing stop, risk, simulation."""

from robson_domain import RiskLimits
from robson_engine.bars import BarBuilder
from robson_engine.config import EngineConfig
from robson_engine.detectors import DETECTORS, create_detector
from robson_engine.engine import Engine, Estimate, estimate_entry
from robson_engine.exposure import Exposure, exposure_of, loss_at_stop, pnl_at
from robson_engine.gate import Approved
from robson_engine.intent_book import IntentBook
from robson_engine.local_driver import EventLog, LocalDriver
from robson_engine.simulated_venue import SimulatedVenue
from robson_engine.sizing import SizingRequest, loss_of, size_position
from robson_engine.state import EngineState, evolve
from robson_engine.step import step
from robson_engine.trailing import is_hit, stop_for
from robson_engine.trigger_index import TriggerIndex
from robson_engine.turn import NOTHING, Step
from robson_engine.venue_assumptions import VenueAssumptions

__all__ = [
    "DETECTORS",
    "NOTHING",
    "Approved",
    "BarBuilder",
    "Engine",
    "EngineConfig",
    "EngineState",
    "Estimate",
    "EventLog",
    "Exposure",
    "IntentBook",
    "LocalDriver",
    "RiskLimits",
    "SimulatedVenue",
    "SizingRequest",
    "Step",
    "TriggerIndex",
    "VenueAssumptions",
    "create_detector",
    "estimate_entry",
    "evolve",
    "exposure_of",
    "is_hit",
    "loss_at_stop",
    "loss_of",
    "pnl_at",
    "size_position",
    "step",
    "stop_for",
]
