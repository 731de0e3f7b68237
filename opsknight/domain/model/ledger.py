"""The ledger's words: for every kind of fact the sentence in which a person reads it.

`data` of a fact is plain JSON. Spans are in seconds (`for_s`), people are written as
`user`/`user_id`, steps count from 1. A sentence never needs a zone: it says how long, the
timeline says when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opsknight.domain.model import ledger_monitors as of_monitors
from opsknight.domain.model.channel import face
from opsknight.domain.model.fact import (
    CALENDARS,
    CHANGE_INTEGRATIONS,
    OPSKNIGHT,
    REACHES_NOBODY,
    SCHEDULING,
    Fact,
)
from opsknight.domain.model.ledger_monitors import article
from opsknight.domain.model.speech import Sentence, later, say, to_say

__all__ = [
    "CHANGE_INTEGRATIONS",
    "OPSKNIGHT",
    "REACHES_NOBODY",
    "Fact",
    "capital",
    "lower",
    "people",
    "people_to_say",
    "sentence",
    "span",
]

Data = Mapping[str, Any]

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def sentence(kind: str, actor_name: str, data: Data) -> str:
    """Return the fact as one sentence for a person; `actor_name` is who did it.

    A kind that this version does not know is still told, by its own name.
    """
    tell = _SENTENCES.get(kind)
    return tell(actor_name, data) if tell else f"{actor_name}: {kind}."


def span(seconds: float) -> str:
    """Return a span as people say it: `45 s`, `5 min`, `1 h 30 min`, `2 d 3 h`."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return say("{count} s", count=whole)
    minutes, seconds_left = divmod(whole, _MINUTE_S)
    if whole < _HOUR_S:
        return _two(say("{count} min", count=minutes), seconds_left, later("{count} s"))
    if whole < _DAY_S:
        return _two(say("{count} h", count=minutes // 60), minutes % 60, later("{count} min"))
    return _two(say("{count} d", count=whole // _DAY_S), whole % _DAY_S // _HOUR_S, later("{count} h"))


def _two(large: str, count: int, small: str) -> str:
    return f"{large} {say(small, count=count)}" if count else large


def capital(words: str) -> str:
    """Return `words` as a sentence begins."""
    return words[:1].upper() + words[1:]


def lower(words: str) -> str:
    """Return a sentence as it stands within another."""
    return words[:1].lower() + words[1:]


def people(names: list[str]) -> str:
    """Return names as a list in a sentence: `Ada`, `Ada and Bo`, `Ada, Bo and Cy`."""
    return str(people_to_say(names))


def people_to_say(names: list[str]) -> str | Sentence:
    """Return the same, to be told later."""
    if len(names) < 2:
        return names[0] if names else to_say("nobody")
    return to_say("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])


def _via(data: Data) -> str:
    return f" by {via}" if (via := data.get("via")) else ""


def _for(data: Data) -> str:
    return f" for {span(for_s)}" if (for_s := data.get("for_s")) else ""


def _after(data: Data) -> str:
    return f" after {span(for_s)}" if (for_s := data.get("for_s")) else ""


def _until_clear(data: Data) -> str:
    return "" if data.get("cause") else " until its alert resolves"


def _because(data: Data) -> str:
    return f": {reason}" if (reason := data.get("reason")) else ""


def _heartbeat(data: Data) -> str:
    return str(data.get("name", "A heartbeat"))


def _noticed(data: Data) -> str:
    return f"; noticed {span(late_s)} late" if (late_s := data.get("late_s")) else ""


def _words(data: Data) -> str:
    """Return the provider's own words, in quotes."""
    return f": “{detail}”" if (detail := data.get("detail")) else ""


def _late(data: Data) -> str:
    return f", {span(late_s)} late" if (late_s := data.get("late_s")) else ""


def _note(data: Data) -> str:
    """Return what a person wrote, in quotes."""
    return f": “{note}”" if (note := data.get("note")) else ""


def _message(data: Data) -> str:
    channel = str(data.get("channel", "message"))
    label = f" ({label})" if (label := data.get("label")) else ""
    return f"{face(channel).word} to {data.get('user', 'somebody')}{label}"


def _sent_message(data: Data) -> str:
    text = _message(data)
    return text[0].upper() + text[1:]


def _opened(actor: str, data: Data) -> str:
    urgency = f", {data['urgency']} urgency" if "urgency" in data else ""
    severity = f" as {data['severity']}{urgency}" if "severity" in data else ""
    times = f" ({data['count']} at once)" if data.get("count", 1) > 1 else ""
    return f"{actor} opened the incident{severity}{times}."


def _alert_resolved(actor: str, data: Data) -> str:
    left = data.get("open_alerts", 0)
    return f"{actor} reports “{data.get('title', 'an alert')}” as cleared{_left(left)}."


def _alert_expired(_actor: str, data: Data) -> str:
    title, left = data.get("title", "an alert"), data.get("open_alerts", 0)
    return f"“{title}” has expired: its monitor stopped repeating it{_left(left)}."


def _changed(actor: str, data: Data) -> str:
    summary = f": “{told}”" if (told := data.get("summary")) else ""
    return f"{actor} reports a change of {data.get('name', 'a service')}{summary}."


def _left(left: int) -> str:
    return "" if not left else "; 1 alert is still open" if left == 1 else f"; {left} alerts are still open"


def _resolved(actor: str, data: Data) -> str:
    firing = data.get("firing")
    return f"{actor} resolved it{_via(data)}" + (" while its monitor was still firing." if firing else ".")


def _reopened(actor: str, data: Data) -> str:
    left = data.get("left", 0)
    note = f"; {left} of its alerts had opened again elsewhere and stay there" if left else ""
    return f"{actor} reopened it{note}; paging starts at the first step."


def _reassigned(actor: str, data: Data) -> str:
    note = _note(data)
    if data.get("user") == actor:
        previous = f" from {data['from_user']}" if data.get("from_user") else ""
        return f"{actor} took it over{previous}{note}."
    return f"{actor} reassigned it to {data.get('user', 'somebody')}{note}."


def _step_fired(_actor: str, data: Data) -> str:
    lap = f", round {data['lap'] + 1}" if data.get("lap") else ""
    return f"Step {data.get('step', '?')}{lap} paged {people(list(data.get('people', ())))}{_late(data)}."


def _step_skipped(_actor: str, data: Data) -> str:
    reason = data.get("reason") if data.get("unmet") else f"it reached nobody{_because(data)}"
    return f"Step {data.get('step', '?')} was skipped, {reason}."


def _exhausted(_actor: str, data: Data) -> str:
    if data.get("reason") == REACHES_NOBODY:
        return f"The escalation policy has come to its end{_because(data)}."
    return "Nobody acknowledged: the escalation policy has come to its end."


def _ruled(_actor: str, data: Data) -> str:
    was = data.get("was", {})
    told = [f"the title was “{was['title']}”"] if "title" in was else []
    told += [f"the severity was {was['severity']}"] if "severity" in was else []
    return f"The rule “{data.get('rule', '')}” {people(list(data.get('did', ())))}" + (
        f" ({people(told)})." if told else "."
    )


def _events(data: Data) -> str:
    count = data.get("count", 1)
    return f"{'an event' if count == 1 else f'{count} events'} of {data.get('name', 'an integration')}"


def _role(data: Data) -> str:
    return article(str(data.get("role", "member")))


def _as_role(data: Data) -> str:
    return f" as {_role(data)}" if data.get("role") else ""


def _retrying(_actor: str, data: Data) -> str:
    again = f"; again in {span(data['for_s'])}" if "for_s" in data else "; trying again"
    again = "; another carrier takes it" if data.get("elsewhere") else again
    return f"{_sent_message(data)} did not go through{_words(data)}{again}."


_SENTENCES: dict[str, Callable[[str, Data], str]] = {
    Fact.OPENED: _opened,
    Fact.OPENED_BY_HAND: lambda actor, _: f"{actor} opened the incident by hand.",
    Fact.OCCURRED: lambda actor, d: f"{actor} has reported it {d.get('count', 'several')} times so far.",
    Fact.ALERT_RESOLVED: _alert_resolved,
    Fact.ALERT_EXPIRED: _alert_expired,
    **of_monitors.SENTENCES,
    Fact.RULED: _ruled,
    Fact.DROPPED: lambda _, d: f"The rule “{d.get('rule', '')}” dropped {_events(d)}.",
    Fact.COUNTED: lambda _, d: (
        f"The rule “{d.get('rule', '')}” counted {_events(d)}; too few came to open an incident."
    ),
    Fact.ACKNOWLEDGED: lambda actor, d: f"{actor} acknowledged it{_via(d)}.",
    Fact.ACKNOWLEDGED_IN_PART: lambda actor, d: (
        f"{actor} acknowledged it{_via(d)}; {people(list(d.get('left', ())))} must still."
    ),
    Fact.UNACKNOWLEDGED: lambda actor, d: f"{actor} unacknowledged it{_because(d)}; paging starts at the first step.",
    Fact.SNOOZED: lambda actor, d: f"{actor} snoozed it{_for(d)}.",
    Fact.WOKEN: lambda actor, d: f"{actor} woke it{_because(d)}; paging starts at the first step.",
    Fact.SUPPRESSED: lambda actor, d: f"{actor} suppressed it{_for(d) or _until_clear(d)}{_because(d)}.",
    Fact.RESOLVED: _resolved,
    Fact.REOPENED: _reopened,
    Fact.REASSIGNED: _reassigned,
    Fact.ESCALATED: lambda actor, _: f"{actor} escalated it: the next step is paged now.",
    Fact.UNDONE: lambda actor, d: f"{actor} took back: {d.get('verb', 'the last change')}.",
    Fact.ASKED: lambda _, d: f"{d.get('user', 'The owner')} was asked: still on it?",
    Fact.STILL_ON_IT: lambda actor, _: f"{actor} is still on it.",
    Fact.HELP_ASKED: lambda actor, d: f"{actor} asked {people(list(d.get('people', ())))} to help{_note(d)}.",
    Fact.HELP_ANSWERED: lambda actor, d: f"{actor} {d.get('answer', 'answered')} to help{_note(d)}.",
    Fact.WATCHED: lambda actor, _: f"{actor} watches it.",
    Fact.UNWATCHED: lambda actor, _: f"{actor} watches it no more.",
    Fact.WATCHERS_TOLD: lambda _, d: f"{people(list(d.get('people', ())))}, watching, are told.",
    Fact.STEP_FIRED: _step_fired,
    Fact.STEP_SKIPPED: _step_skipped,
    Fact.PAGED: lambda _, d: f"{d.get('user', 'Somebody')} was paged{_because(d)}{_late(d)}.",
    Fact.NOT_PAGED: lambda _, d: f"{d.get('user', 'Somebody')} could not be paged{_because(d)}.",
    Fact.EXHAUSTED: _exhausted,
    Fact.SAFETY_NET: lambda _, d: f"The safety net paged {people(list(d.get('people', ())))}{_because(d)}.",
    Fact.STOOD_IN: lambda _, d: (
        f"{d.get('by', 'Somebody')} was paged instead of {d.get('user', 'somebody')}, who is not to be disturbed."
    ),
    Fact.HELD: lambda _, d: f"What {d.get('user', 'somebody')} is sent is held{_for(d)}: quiet hours.",
    Fact.CAME_ON_CALL: lambda _, d: (
        f"{d.get('user', 'Somebody')} came on call{_because(d)} while the incident waits on their step, and was paged."
    ),
    Fact.HAND_OVER_ASKED: lambda _, d: (
        f"{d.get('user', 'The owner')} was asked to hand over: their shift is over{_because(d)}."
    ),
    Fact.TIMER_DIED: lambda _, d: f"A timer gave up after {d.get('attempts', 'several')} tries{_because(d)}.",
    Fact.TIMER_REPAIRED: lambda _, d: (
        f"The auditor {'armed' if d.get('armed', True) else 'took away'} a timer{_because(d)}."
    ),
    Fact.SENT: lambda _, d: f"{_sent_message(d)} was accepted{_words(d)}.",
    Fact.DELIVERED: lambda _, d: f"{_sent_message(d)} was delivered.",
    Fact.SEEN: lambda _, d: f"{_sent_message(d)} was seen.",
    Fact.RETRYING: _retrying,
    Fact.NOT_REACHED: lambda _, d: (
        f"{_sent_message(d)} still does not go through{_words(d)}; it counts as not reached."
    ),
    Fact.FAILED: lambda _, d: f"{_sent_message(d)} failed{_words(d)}.",
    Fact.AMBIGUOUS: lambda _, d: f"{_sent_message(d)} was perhaps sent{_words(d)}.",
    Fact.SUPERSEDED: lambda _, d: f"{_sent_message(d)} was not sent{_because(d)}.",
    Fact.HELD_BACK: lambda _, d: f"{_sent_message(d)} waits{_for(d)}{_because(d)}.",
    Fact.BUNDLED: lambda _, d: f"{_sent_message(d)} went together with that of #{d.get('number', '?')}.",
    Fact.UNBUNDLED: lambda _, d: f"{_sent_message(d)} goes alone: the message it went with was not sent.",
    Fact.CHANGED: _changed,
    Fact.HEARTBEAT_UP: lambda _, d: f"{_heartbeat(d)} reports{' again' if d.get('again') else ' for the first time'}.",
    Fact.HEARTBEAT_DOWN: lambda _, d: f"{_heartbeat(d)} is down{_because(d)}{_noticed(d)}.",
    Fact.HEARTBEAT_PAUSED: lambda actor, d: f"{actor} paused {_heartbeat(d)}{_for(d)}.",
    Fact.HEARTBEAT_RESUMED: lambda actor, d: f"{actor} resumed {_heartbeat(d)}.",
    Fact.MAINTENANCE_PLANNED: lambda actor, d: f"{actor} planned maintenance: {d.get('name', 'a window')}.",
    Fact.MAINTENANCE_CHANGED: lambda actor, d: (
        f"{actor} changed the maintenance {d.get('name', 'of a service')}{_because(d)}."
    ),
    Fact.FLAPPING_STARTED: lambda _, d: (
        f"“{d.get('title', 'Its alert')}” is flapping: {d.get('count', 'many')} changes in {span(d.get('for_s', 0))}."
        " While it flaps it pages nobody."
    ),
    Fact.FLAPPING_STOPPED: lambda _, d: f"“{d.get('title', 'Its alert')}” has stopped flapping.",
    **dict.fromkeys(SCHEDULING, lambda actor, d: f"{actor} {d.get('did', 'changed who is on call')}."),
    **dict.fromkeys(CALENDARS, lambda actor, d: f"{actor} {d.get('did', 'changed a calendar')}."),
    Fact.API_TOKEN_MADE: lambda actor, d: f"{actor} {d.get('did', 'made an API token')}.",
    Fact.API_TOKEN_REVOKED: lambda actor, d: f"{actor} {d.get('did', 'revoked an API token')}.",
    Fact.HANDOFF_NOTED: lambda actor, d: f"{actor} {d.get('did', 'left a note for who comes on call')}.",
    Fact.SHIFT_ANNOUNCED: lambda _, d: f"{d.get('user', 'Somebody')} was told that their shift begins{_because(d)}.",
    Fact.GAP_TOLD: lambda _, d: (
        f"{d.get('user', 'Somebody')} was told of a gap in {d.get('name', 'a schedule')}{_because(d)}."
    ),
    Fact.OFFER_TOLD: lambda _, d: (
        f"{d.get('user', 'Somebody')} was told of an offered shift in {d.get('name', 'a schedule')}{_because(d)}."
    ),
    Fact.READINESS_TOLD: lambda _, d: (
        f"{d.get('user', 'Somebody')} was told who is not ready to be on call{_because(d)}."
    ),
    Fact.DRILL_BEGAN: lambda actor, d: f"{actor} began a drill of {d.get('about', 'somebody')}.",
    Fact.DRILL_ACKNOWLEDGED: lambda _, d: f"{d.get('user', 'Somebody')} acknowledged a drill{_after(d)}{_via(d)}.",
    Fact.DRILL_ENDED: lambda _, d: (
        f"The drill of {d.get('about', 'somebody')} is over: "
        + (f"{people(list(silent))} did not answer." if (silent := d.get("people")) else "everybody answered.")
    ),
    Fact.WEEKLY_DRILL_SET: lambda actor, d: f"{actor} {d.get('did', 'changed the weekly drill')}.",
    Fact.WEEKLY_DRILL_LEFT_OUT: lambda _, d: f"This week's drill was left out{_because(d)}.",
    Fact.PAY_RULES_SET: lambda actor, d: f"{actor} changed what {d.get('name', 'a schedule')} pays.",
    Fact.ONE_OFF_ADDED: lambda actor, d: f"{actor} entered a one-off for {d.get('user', 'somebody')}{_because(d)}.",
    Fact.ONE_OFF_REMOVED: lambda actor, d: f"{actor} took a one-off for {d.get('user', 'somebody')} back{_because(d)}.",
    Fact.UNREADABLE: lambda actor, d: f"{actor} sent what OpsKnight cannot read{_because(d)}.",
    Fact.REPLAYED: lambda actor, d: f"{actor} sent a delivery of {d.get('name', 'an integration')} in again.",
    Fact.TEST_SENT: lambda actor, d: f"{actor} sent a test event to {d.get('name', 'an integration')}.",
    Fact.CONFIGURED: lambda actor, d: f"{actor} changed {d.get('name', 'the configuration')}.",
    Fact.KEY_MADE: lambda actor, d: (
        f"{actor} made a new key for {d.get('name', 'an integration')}; the former one works until it is ended."
    ),
    Fact.KEY_ENDED: lambda actor, d: f"{actor} ended the former key of {d.get('name', 'an integration')}.",
    Fact.SERVICE_ARCHIVED: lambda actor, d: (
        f"{actor} archived the service {d.get('name', 'unknown')}"
        + (f", which ended {people(list(ended))}." if (ended := d.get("ended")) else ".")
    ),
    Fact.SERVICE_RESTORED: lambda actor, d: f"{actor} brought the service {d.get('name', 'unknown')} back.",
    Fact.SIGNED_IN: lambda actor, _: f"{actor} signed in.",
    Fact.SIGNED_OUT: lambda actor, d: (
        f"{actor} signed {user} out." if (user := d.get("user")) else f"{actor} signed out."
    ),
    Fact.SIGN_IN_LINK_MADE: lambda actor, d: f"{actor} made a sign-in link for {d.get('user', 'somebody')}.",
    Fact.PERSON_INVITED: lambda actor, d: f"{actor} invited {d.get('user', 'somebody')}{_as_role(d)}.",
    Fact.PERSON_CHANGED: lambda actor, d: f"{actor} changed {d.get('user', 'somebody')}{_because(d)}.",
    Fact.ROLE_CHANGED: lambda actor, d: f"{actor} made {d.get('user', 'somebody')} {_role(d)}.",
    Fact.PERSON_DEACTIVATED: lambda actor, d: f"{actor} deactivated {d.get('user', 'somebody')}.",
    Fact.PERSON_REACTIVATED: lambda actor, d: f"{actor} reactivated {d.get('user', 'somebody')}.",
    Fact.ADDRESS_ASKED: lambda actor, d: (
        f"{actor} asked for {d.get('label', 'another')} as the mail address of {d.get('user', 'somebody')}."
    ),
    Fact.ADDRESS_CHANGED: lambda actor, d: (
        f"{actor} changed the mail address of {d.get('user', 'somebody')}: "
        f"{d.get('was', 'the former')} is {d.get('label', 'another')} now."
    ),
    Fact.METHOD_ADDED: lambda actor, d: f"{actor} added a contact method: {_message(d)}.",
    Fact.METHOD_VERIFIED: lambda actor, d: f"{actor} verified a contact method: {_message(d)}.",
    Fact.METHOD_REMOVED: lambda actor, d: f"{actor} removed a contact method: {_message(d)}.",
    Fact.METHOD_DISABLED: lambda _, d: f"A contact method was switched off: {_message(d)}{_words(d)}.",
    Fact.QUIET_HOURS_SET: lambda actor, d: f"{actor} set quiet hours{_because(d)}.",
    Fact.UNDISTURBED: lambda actor, d: f"{actor} is not to be disturbed{_for(d)}{_because(d)}.",
    Fact.DISTURBED_AGAIN: lambda actor, _: f"{actor} can be disturbed again.",
    Fact.DEVICE_SILENT: lambda _, d: f"A device gives no sign of life{_for(d)}: {_message(d)}.",
    Fact.DEVICE_HEARD: lambda _, d: f"A device gives signs of life again: {_message(d)}.",
    Fact.HEARD_AGAIN: lambda _, d: (
        f"{OPSKNIGHT} hears its monitors again{_after(d)}; what was silent meanwhile is given one grace to report."
    ),
    Fact.BLIND: lambda _, d: f"{OPSKNIGHT} was blind{_for(d)}: nothing proves that pages went out in that time.",
    Fact.DISK_LOW: lambda _, d: f"Little room is left on a disk, {d.get('name', 'somewhere')}{_because(d)}.",
    Fact.DISK_ROOMY: lambda _, d: f"There is room again on a disk, {d.get('name', 'somewhere')}{_because(d)}.",
    Fact.RETENTION: lambda _, d: f"Retention removed {d.get('count', 0)} old rows of {d.get('name', 'raw data')}.",
    Fact.STARTED: lambda _, __: f"{OPSKNIGHT} started.",
    Fact.ARMED: lambda actor, d: f"{actor} armed this restored copy, which had paged nobody{_for(d)}.",
}
