"""Facts: the kinds of what can happen, and which of them others go by."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Fact(StrEnum):
    """What can have happened; the value is stored and never changes its meaning."""

    # what monitors say: title, severity, urgency, count, alert_id, dedup_key, quiet (why nobody is paged for it)
    OPENED = "opened"
    OPENED_BY_HAND = "opened by hand"
    ALERT_JOINED = "alert joined"
    OCCURRED = "occurred"
    ALERT_RESOLVED = "alert resolved"
    ALERT_EXPIRED = "alert expired"
    LATE_COPY = "late copy"
    RECORDED = "recorded"
    RAISED = "urgency raised"
    BY_HOURS = "support hours decided"
    # rules: rule, rule_id, did (ends of a sentence), was (title, severity), count, name
    RULED = "ruled"
    DROPPED = "dropped"
    COUNTED = "counted"
    # verbs: via, for_s, user, user_id, from_user, alerts, left (names), note
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGED_IN_PART = "acknowledged in part"
    UNACKNOWLEDGED = "unacknowledged"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"
    UNDONE = "undone"
    ASKED = "asked"
    STILL_ON_IT = "still on it"
    HELP_ASKED = "help asked"
    HELP_ANSWERED = "help answered"
    WATCHED = "watched"
    UNWATCHED = "unwatched"
    WATCHERS_TOLD = "watchers told"
    # the engine: step, lap, people (names), reason, unmet, user, user_id, by (a name), late_s
    STEP_FIRED = "step fired"
    STEP_SKIPPED = "step skipped"
    PAGED = "paged"
    NOT_PAGED = "not paged"
    EXHAUSTED = "policy exhausted"
    SAFETY_NET = "safety net"
    TIMER_DIED = "timer died"
    TIMER_REPAIRED = "timer repaired"
    STOOD_IN = "stood in"
    HELD = "held"
    CAME_ON_CALL = "came on call"
    HAND_OVER_ASKED = "hand over asked"
    # notifications: channel, label, user, user_id, detail, attempt, notification_id, into, number
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"
    RETRYING = "retrying"
    NOT_REACHED = "not reached"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    SUPERSEDED = "superseded"
    HELD_BACK = "held_back"
    BUNDLED = "bundled"
    UNBUNDLED = "unbundled"
    # heartbeats: name, again, reason, late_s, for_s; a run that starts is no fact, its ping is kept with the heartbeat
    HEARTBEAT_UP = "heartbeat up"
    HEARTBEAT_DOWN = "heartbeat down"
    HEARTBEAT_PAUSED = "heartbeat paused"
    HEARTBEAT_RESUMED = "heartbeat resumed"
    # what keeps quiet: name, for_s, count, reason, title
    MAINTENANCE_PLANNED = "maintenance planned"
    MAINTENANCE_CHANGED = "maintenance changed"
    FLAPPING_STARTED = "flapping started"
    FLAPPING_STOPPED = "flapping stopped"
    # schedules: did (the end of a sentence), name; before and after of what was changed
    SCHEDULE_MADE = "schedule made"
    SCHEDULE_CHANGED = "schedule changed"
    SCHEDULE_DELETED = "schedule deleted"
    OVERRIDDEN = "overridden"
    OVERRIDE_CHANGED = "override changed"
    OVERRIDE_WITHDRAWN = "override withdrawn"
    SWAP_ASKED = "swap asked"
    SWAP_TAKEN = "swap taken"
    SWAP_ENDED = "swap ended"
    LEAVE_TAKEN = "leave taken"
    LEAVE_CHANGED = "leave changed"
    LEAVE_WITHDRAWN = "leave withdrawn"
    # told before it matters: user, user_id, name (of the schedule), reason
    SHIFT_ANNOUNCED = "shift announced"
    GAP_TOLD = "gap told"
    OFFER_TOLD = "offer told"
    READINESS_TOLD = "readiness told"
    # handoffs: did (the end of a sentence), name (of the schedule), before and after of the note
    HANDOFF_NOTED = "handoff noted"
    # drills: about (who was asked), people, user, user_id, for_s, via, did (the end of a sentence), reason
    DRILL_BEGAN = "drill began"
    DRILL_ACKNOWLEDGED = "drill acknowledged"
    DRILL_ENDED = "drill ended"
    WEEKLY_DRILL_SET = "weekly drill set"
    WEEKLY_DRILL_LEFT_OUT = "weekly drill left out"
    # calendars: did (the end of a sentence), name, of (whose shifts, or which schedule)
    CALENDAR_LINK_MADE = "calendar link made"
    CALENDAR_LINK_REVOKED = "calendar link revoked"
    CALENDAR_IMPORTED = "calendar imported"
    CALENDAR_CHANGED = "calendar changed"
    CALENDAR_FAILING = "calendar failing"
    CALENDAR_READ_AGAIN = "calendar read again"
    CALENDAR_REMOVED = "calendar removed"
    # API tokens: did (the end of a sentence), name
    API_TOKEN_MADE = "api token made"  # noqa: S105  # the name of a fact
    API_TOKEN_REVOKED = "api token revoked"  # noqa: S105
    # pay: name (of the schedule), user, user_id, reason, before, after
    PAY_RULES_SET = "pay rules set"
    ONE_OFF_ADDED = "one-off added"
    ONE_OFF_REMOVED = "one-off removed"
    # the house itself: name, user, reason, count, role
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    REPLAYED = "replayed"
    TEST_SENT = "test event sent"
    CONFIGURED = "configured"
    KEY_MADE = "key made"
    KEY_ENDED = "key ended"
    # services: name, ended (what it let in or kept quiet, in words)
    SERVICE_ARCHIVED = "service archived"
    SERVICE_RESTORED = "service restored"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    SIGN_IN_LINK_MADE = "sign-in link made"
    PERSON_INVITED = "person invited"
    PERSON_CHANGED = "person changed"
    ROLE_CHANGED = "role changed"
    PERSON_DEACTIVATED = "person deactivated"
    PERSON_REACTIVATED = "person reactivated"
    ADDRESS_ASKED = "address asked"
    ADDRESS_CHANGED = "address changed"
    METHOD_ADDED = "contact method added"
    METHOD_VERIFIED = "contact method verified"
    METHOD_REMOVED = "contact method removed"
    METHOD_DISABLED = "contact method disabled"
    QUIET_HOURS_SET = "quiet hours set"
    UNDISTURBED = "undisturbed"
    DISTURBED_AGAIN = "disturbed again"
    DEVICE_SILENT = "device silent"
    DEVICE_HEARD = "device heard"
    HEARD_AGAIN = "heard again"
    BLIND = "blind"
    DISK_LOW = "disk low"
    DISK_ROOMY = "disk roomy"
    RETENTION = "retention"
    STARTED = "started"
    ARMED = "armed"


CHANGE_INTEGRATIONS = frozenset(
    {
        Fact.CONFIGURED,
        Fact.KEY_MADE,
        Fact.KEY_ENDED,
        Fact.SERVICE_ARCHIVED,
        Fact.SERVICE_RESTORED,
        Fact.MAINTENANCE_PLANNED,
        Fact.MAINTENANCE_CHANGED,
    }
)
"""After which what ingest knows of the integrations is out of date."""
SCHEDULING = frozenset(
    {Fact.SCHEDULE_MADE, Fact.SCHEDULE_CHANGED, Fact.SCHEDULE_DELETED}
    | {Fact.OVERRIDDEN, Fact.OVERRIDE_CHANGED, Fact.OVERRIDE_WITHDRAWN}
    | {Fact.SWAP_ASKED, Fact.SWAP_TAKEN, Fact.SWAP_ENDED}
    | {Fact.LEAVE_TAKEN, Fact.LEAVE_CHANGED, Fact.LEAVE_WITHDRAWN}
)
"""After which others may be on call than before."""
CALENDARS = frozenset(fact for fact in Fact if fact.startswith("calendar "))
"""Links to calendars, and calendars from which shifts are taken."""
OPSKNIGHT = "OpsKnight"
REACHES_NOBODY: Final = "the whole policy reaches nobody"
"""The reason for which a policy came to its end without having paged anybody."""
