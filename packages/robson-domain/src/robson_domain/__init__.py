"""The vocabulary of Robson: values, positions, inputs, events, commands and ports. Pure."""

from robson_domain.account import AccountSnapshot
from robson_domain.account_events import (
    AnotherRobsonSeen,
    PairQuarantined,
    PairRuleSet,
    RiskLimitsSet,
    SafetyNetSet,
    WarningCleared,
)
from robson_domain.batch import Batch, DetectorState, Durable, Head, Snapshot, State
from robson_domain.capabilities import Capabilities, Netting
from robson_domain.commands import (
    Backfill,
    CancelOrder,
    Command,
    PlaceEntryOrder,
    PlaceExitOrder,
    PlaceVenueStop,
    QueryAccount,
    QueryDebt,
    QueryExternal,
    QueryOrder,
    RepayDebt,
    Reply,
)
from robson_domain.denials import DENIAL_MEANINGS, Denial, DenialCode
from robson_domain.errors import (
    ChainBroken,
    ConfigurationError,
    DefinitiveVenueError,
    DeniedError,
    HeadMismatch,
    IllegalTransition,
    InDoubtError,
    InvariantError,
    RetryableVenueError,
    RobsonError,
    StoreConflict,
    StoreError,
    UnknownSchema,
    ValidationError,
    VenueError,
)
from robson_domain.event_base import BaseAccountEvent, BaseEvent
from robson_domain.events import (
    AccountEvent,
    EntryDenied,
    EntryFilled,
    EntryOrderPlaced,
    EntrySignalReceived,
    Event,
    ExitFilled,
    ExitOrderPlaced,
    ExitTriggered,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    PositionArmed,
    PositionClosed,
    PositionCloseRequested,
    PositionDisarmed,
    PositionErrored,
    PositionEvent,
    TrailingStopUpdated,
)
from robson_domain.guard_events import (
    GuardBreached,
    GuardDebtSeen,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
)
from robson_domain.holdings import (
    AccountTrade,
    AssetBalance,
    PairBalances,
    RestingKind,
    RestingOrder,
    position_ref,
)
from robson_domain.identity import (
    CORE_PREFIX,
    NO_POSITION,
    SAFETY_PREFIX,
    ClientOrderId,
    EventId,
    IntentId,
    PositionId,
    SignalId,
    TradeId,
    client_order_id,
)
from robson_domain.inputs import (
    AccountReported,
    AcknowledgeError,
    ArmPosition,
    ClosePosition,
    DisarmPosition,
    Input,
    LinkChanged,
    OrderReported,
    Panic,
    PersonCommand,
    SetRiskLimits,
    SignalFired,
    TimePassed,
    cause_of,
    times_of,
)
from robson_domain.instrument import Instrument
from robson_domain.intents import INTENT_TRANSITIONS, Intent, IntentKind, IntentStatus
from robson_domain.ledger import DAY_NS, Ledger
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.orders import (
    ORDER_TRANSITIONS,
    Fill,
    LiquiditySide,
    Order,
    OrderStatus,
    next_order_status,
)
from robson_domain.ports import (
    AlertSink,
    Clock,
    Debt,
    DetectorPort,
    EventRepository,
    ExecutionPort,
    HoldingsPort,
    Ids,
    IntentJournal,
    LendingPort,
    MarketDataPort,
    NewOrder,
    OrderRepository,
    PositionRepository,
    Recovered,
    Spent,
    Store,
    StoredEvent,
    TickStore,
)
from robson_domain.position import (
    CloseReason,
    DetectorSpec,
    Doubt,
    Position,
    PositionKind,
    PositionStatus,
)
from robson_domain.position_lifecycle import POSITION_TRANSITIONS, next_position_status
from robson_domain.protection import PairRule, SafetyNetMode
from robson_domain.protection_inputs import (
    BeyondFlatSeen,
    ClearWarning,
    CoreSeen,
    DebtReported,
    DebtUnknown,
    ExternalSeen,
    ForeignOrderSeen,
    HandOver,
    NoTraceSeen,
    PairDoubted,
    SetPairRule,
    SetSafetyNet,
)
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.risk import RISK_PERCENT_MAX, RiskConfig, TechnicalStopDistance
from robson_domain.risk_limits import RiskLimits
from robson_domain.signals import DetectorSignal
from robson_domain.symbols import OrderSide, Side, Symbol
from robson_domain.values import (
    ZERO_MONEY,
    ZERO_QUANTITY,
    Money,
    Notional,
    Price,
    PriceDelta,
    Quantity,
)
from robson_domain.venue_events import (
    CancelRequested,
    InterestAccrued,
    PositionReduced,
    RepayRequested,
    VenueStopPlaced,
)

__all__ = [
    "CORE_PREFIX", "DAY_NS", "DENIAL_MEANINGS", "INTENT_TRANSITIONS", "NO_POSITION",
    "ORDER_TRANSITIONS", "POSITION_TRANSITIONS", "RISK_PERCENT_MAX", "SAFETY_PREFIX",
    "ZERO_MONEY", "ZERO_QUANTITY", "AccountEvent", "AccountReported", "AccountSnapshot",
    "AccountTrade", "AcknowledgeError", "AlertSink", "AnotherRobsonSeen", "ArmPosition",
    "AssetBalance", "Backfill", "Bar", "BaseAccountEvent", "BaseEvent", "Batch",
    "BeyondFlatSeen", "CancelOrder", "CancelRequested", "Capabilities", "ChainBroken",
    "ClearWarning", "ClientOrderId", "Clock", "ClosePosition", "CloseReason", "Command",
    "ConfigurationError", "CoreSeen", "Debt", "DebtReported", "DebtUnknown",
    "DefinitiveVenueError", "Denial", "DenialCode", "DeniedError", "DetectorPort",
    "DetectorSignal", "DetectorSpec", "DetectorState", "DisarmPosition", "Doubt", "Durable",
    "EntryDenied", "EntryFilled", "EntryOrderPlaced", "EntrySignalReceived", "Event", "EventId",
    "EventRepository", "ExecutionPort", "ExitFilled", "ExitOrderPlaced", "ExitTriggered",
    "ExternalSeen", "Fill", "ForeignOrderSeen", "GuardBreached", "GuardDebtSeen",
    "GuardFollowed", "GuardHandedOver", "GuardOpened", "GuardReleased", "HandOver", "Head",
    "HeadMismatch", "HoldingsPort", "Ids", "IllegalTransition", "InDoubtError", "Input",
    "Instrument", "Intent", "IntentId", "IntentJournal", "IntentKind", "IntentStatus",
    "InterestAccrued", "InvariantError", "Ledger", "LendingPort", "LinkChanged",
    "LiquiditySide", "MarketDataPort", "Money", "Netting", "NewOrder", "NoTraceSeen",
    "Notional", "Order", "OrderInDoubt", "OrderRejected", "OrderReport", "OrderReported",
    "OrderRepository", "OrderResolved", "OrderSide", "OrderStatus", "PairBalances",
    "PairDoubted", "PairQuarantined", "PairRule", "PairRuleSet", "Panic", "PersonCommand",
    "PlaceEntryOrder", "PlaceExitOrder", "PlaceVenueStop", "Position", "PositionArmed",
    "PositionCloseRequested", "PositionClosed", "PositionDisarmed", "PositionErrored",
    "PositionEvent", "PositionId", "PositionKind", "PositionReduced", "PositionRepository",
    "PositionStatus", "Price", "PriceDelta", "PriceOrigin", "Quantity", "QueryAccount",
    "QueryDebt", "QueryExternal", "QueryOrder", "Recovered", "RepayDebt", "RepayRequested",
    "Reply", "ReportStatus", "RestingKind", "RestingOrder", "RetryableVenueError", "RiskConfig",
    "RiskLimits", "RiskLimitsSet", "RobsonError", "SafetyNetMode", "SafetyNetSet",
    "SetPairRule", "SetRiskLimits", "SetSafetyNet", "Side", "SignalFired", "SignalId",
    "Snapshot", "Spent", "State", "Store", "StoreConflict", "StoreError", "StoredEvent",
    "Symbol", "TechnicalStopDistance", "TickStore", "TimePassed", "TradeId", "TradeTick",
    "TrailingStopUpdated", "UnknownSchema", "ValidationError",
    "VenueError", "VenueStopPlaced", "WarningCleared", "cause_of", "client_order_id",
    "next_order_status", "next_position_status", "position_ref", "times_of",
]  # fmt: skip
