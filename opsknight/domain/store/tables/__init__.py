"""The rows of every table, one file a family."""

from opsknight.domain.store.tables.base import Base
from opsknight.domain.store.tables.calendars import CalendarFeedRow, CalendarSourceRow
from opsknight.domain.store.tables.drop_ins import AlertExpiryRow, ChangeRow
from opsknight.domain.store.tables.heartbeats import HearingRow, HeartbeatPingRow, HeartbeatRow
from opsknight.domain.store.tables.incidents import (
    AlertRow,
    DeliveryRow,
    EventRow,
    IdempotencyRow,
    IncidentRow,
    ReplayRow,
    ResponderRow,
)
from opsknight.domain.store.tables.ledger import FactRow
from opsknight.domain.store.tables.paging import AttemptRow, NotificationRow, PageRow, TimerRow
from opsknight.domain.store.tables.pay import OneOffRow, PayRulesRow
from opsknight.domain.store.tables.people import (
    CommandKeyRow,
    ContactMethodRow,
    InstallationRow,
    NotificationRuleRow,
    SessionRow,
    SignInLinkRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)
from opsknight.domain.store.tables.phones import PhoneAnswerRow, PhoneTurnRow
from opsknight.domain.store.tables.rules import CountedEventRow, IncidentGroupRow, ReroutedKeyRow, RuleCountRow, RuleRow
from opsknight.domain.store.tables.schedules import (
    LayerMemberRow,
    LayerRow,
    LeaveRow,
    OverrideRow,
    RecordedShiftRow,
    ScheduleRow,
    ShiftSwapRow,
    TemporaryScheduleRow,
    ToldAheadRow,
)
from opsknight.domain.store.tables.services import (
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    EscalationTurnRow,
    IntegrationRow,
    OnCallSeenRow,
    ServiceRow,
    TurnedAwayRow,
)
from opsknight.domain.store.tables.silences import (
    FlapRow,
    InhibitionRow,
    InhibitorRow,
    MaintenanceWindowRow,
    SilenceRow,
)

__all__ = [
    "AlertExpiryRow",
    "AlertRow",
    "AttemptRow",
    "Base",
    "CalendarFeedRow",
    "CalendarSourceRow",
    "ChangeRow",
    "CommandKeyRow",
    "ContactMethodRow",
    "CountedEventRow",
    "DeliveryRow",
    "EscalationPolicyRow",
    "EscalationStepRow",
    "EscalationTargetRow",
    "EscalationTurnRow",
    "EventRow",
    "FactRow",
    "FlapRow",
    "HearingRow",
    "HeartbeatPingRow",
    "HeartbeatRow",
    "IdempotencyRow",
    "IncidentGroupRow",
    "IncidentRow",
    "InhibitionRow",
    "InhibitorRow",
    "InstallationRow",
    "IntegrationRow",
    "LayerMemberRow",
    "LayerRow",
    "LeaveRow",
    "MaintenanceWindowRow",
    "NotificationRow",
    "NotificationRuleRow",
    "OnCallSeenRow",
    "OneOffRow",
    "OverrideRow",
    "PageRow",
    "PayRulesRow",
    "PhoneAnswerRow",
    "PhoneTurnRow",
    "RecordedShiftRow",
    "ReplayRow",
    "ReroutedKeyRow",
    "ResponderRow",
    "RuleCountRow",
    "RuleRow",
    "ScheduleRow",
    "ServiceRow",
    "SessionRow",
    "ShiftSwapRow",
    "SignInLinkRow",
    "SilenceRow",
    "TeamMemberRow",
    "TeamRow",
    "TemporaryScheduleRow",
    "TimerRow",
    "ToldAheadRow",
    "TurnedAwayRow",
    "UserRow",
]
