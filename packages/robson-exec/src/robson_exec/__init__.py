"""The running machine of Robson: one inbox, one consumer, orders executed exactly once."""

from robson_exec.activity import Activity, Rank
from robson_exec.bus import (
    EventBus,
    Notice,
    Observation,
    OrderSent,
    Overflow,
    Published,
    Subscription,
)
from robson_exec.clocks import VirtualClock
from robson_exec.daemon import Daemon, StopReport, start
from robson_exec.desk import ArmRequest, Desk
from robson_exec.market_feeds import FeedStatus, MarketFeeds
from robson_exec.observations import (
    CorePositionClosed,
    CorePositionOpened,
    DetectorSignalFired,
    ExclusionChanged,
    PairSeen,
    SafetyNetLooked,
)
from robson_exec.order_manager import OrderManager
from robson_exec.parts import Parts, ProtectionSettings
from robson_exec.position_manager import PositionManager
from robson_exec.recovery import RecoveryReport
from robson_exec.runner import Runner
from robson_exec.safety.safety_net import SafetyNet
from robson_exec.supervision import Supervisor
from robson_exec.view import LastPrice, View

__all__ = [
    "Activity",
    "ArmRequest",
    "CorePositionClosed",
    "CorePositionOpened",
    "Daemon",
    "Desk",
    "DetectorSignalFired",
    "EventBus",
    "ExclusionChanged",
    "FeedStatus",
    "LastPrice",
    "MarketFeeds",
    "Notice",
    "Observation",
    "OrderManager",
    "OrderSent",
    "Overflow",
    "PairSeen",
    "Parts",
    "PositionManager",
    "ProtectionSettings",
    "Published",
    "Rank",
    "RecoveryReport",
    "Runner",
    "SafetyNet",
    "SafetyNetLooked",
    "StopReport",
    "Subscription",
    "Supervisor",
    "View",
    "VirtualClock",
    "start",
]
