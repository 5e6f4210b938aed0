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
from robson_exec.machine import Parts
from robson_exec.market_feeds import FeedStatus, MarketFeeds
from robson_exec.order_manager import OrderManager
from robson_exec.position_manager import PositionManager
from robson_exec.recovery import RecoveryReport
from robson_exec.runner import Runner
from robson_exec.supervision import Supervisor
from robson_exec.view import LastPrice, View

__all__ = [
    "Activity",
    "ArmRequest",
    "Daemon",
    "Desk",
    "EventBus",
    "FeedStatus",
    "LastPrice",
    "MarketFeeds",
    "Notice",
    "Observation",
    "OrderManager",
    "OrderSent",
    "Overflow",
    "Parts",
    "PositionManager",
    "Published",
    "Rank",
    "RecoveryReport",
    "Runner",
    "StopReport",
    "Subscription",
    "Supervisor",
    "View",
    "VirtualClock",
    "start",
]
