"""The words of each message, and the signed tokens in it. The first line says severity, service and cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from opsknight import crypto
from opsknight.domain.model.amendment import Amendment
from opsknight.domain.model.attempt import Attempt, IncidentNow, Other
from opsknight.domain.model.channel import face
from opsknight.domain.model.event import Severity
from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import span
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, AcknowledgeClaims, receipt_claims
from opsknight.domain.model.notification import AHEAD, ASKED_FOR, TO_THE_OWNER, TOLD, PageKind
from opsknight.jobs.channels.channel import Address, Message

AGE_WORTH_TELLING: Final = timedelta(minutes=1)
LISTED: Final = 20
"""Incidents that a summary names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages in the name of one installation, whose links begin with `address`."""

    address: str
    secret: bytes = field(repr=False)

    def message(self, attempt: Attempt, *, now: datetime) -> Message:
        """Return what `attempt` says, with an acknowledge link where there is something to acknowledge."""
        incident = attempt.incident
        alone = incident is not None and not attempt.others  # a summary acknowledges nothing by one press
        # Whoever reads a room presses its button as themselves, or signs in.
        asks = alone and attempt.kind is not PageKind.WATCH
        token = self._token(attempt, incident, now=now) if incident is not None and asks else None
        words = self._code(attempt) if attempt.kind is PageKind.CODE else _words(attempt, incident, now=now)
        return Message(
            notification_id=attempt.notification_id,
            kind=attempt.kind,
            subject=_marked(words.subject, attempt),
            title=words.title,
            body="\n".join([*_remarks(attempt), *words.lines]),
            url=self._url(attempt, incident),
            urgency=attempt.urgency,
            to_name=attempt.user_name,
            incident_id=incident.id if incident and alone else None,
            number=incident.number if incident and alone else None,
            acknowledge_token=token,
            acknowledge_url=f"{self.address}/ack/{token}" if token else None,
            receipt_token=self._receipt_token(attempt, now=now),
            possible_repeat=attempt.possible_repeat,
            late_by=_latest(attempt),
            drill=attempt.kind in ASKED_FOR,
            tried_by=attempt.tried_by,
            home=self.address,
        )

    def amended(self, amendment: Amendment, *, now: datetime) -> Message:
        """Return what a message says now that its incident has moved on; nobody is called by it."""
        incident = amendment.incident
        cause = _cause_of(incident)
        wanted = incident.status is Status.OPEN and amendment.incident_generation == amendment.generation
        token = self._token(amendment, incident, now=now) if wanted else None
        return Message(
            notification_id=amendment.notification_id,
            kind=amendment.kind,
            subject=f"{amendment.head}: {cause}",
            title=f"{amendment.head}: {incident.title}",
            body=f"Service {incident.service}, {incident.severity}, {amendment.urgency} urgency.",
            url=f"{self.address}/incidents/{incident.number}",
            urgency=amendment.urgency,
            to_name=amendment.user_name,
            incident_id=incident.id,
            number=incident.number,
            acknowledge_token=token,
            acknowledge_url=f"{self.address}/ack/{token}" if token else None,
            home=self.address,
            became=incident.status,
        )

    def _code(self, attempt: Attempt) -> _Words:
        code = crypto.six_digits(self.secret, str(attempt.page_id))
        says = (
            "Type it in where you added this contact method, within ten minutes. Somebody else asked? Then ignore it."
        )
        return _Words(f"{code} is your OpsKnight code", f"{code} is your code", [says])

    def _url(self, attempt: Attempt, incident: IncidentNow | None) -> str:
        if incident is None:
            return f"{self.address}{'/oncall' if attempt.kind in AHEAD else '/me'}"
        return f"{self.address}/incidents" if attempt.others else f"{self.address}/incidents/{incident.number}"

    def _token(self, sent: Attempt | Amendment, incident: IncidentNow, *, now: datetime) -> str | None:
        if sent.user_id is None:
            return None
        link = AcknowledgeClaims(sent.user_id, incident.id, sent.generation, sent.notification_id)
        return crypto.sign(self.secret, link.to_json(now=now), purpose=ACKNOWLEDGE)

    def _receipt_token(self, attempt: Attempt, *, now: datetime) -> str:
        return crypto.sign(self.secret, receipt_claims(attempt.notification_id, now=now), purpose=RECEIPT)


def address_of(attempt: Attempt) -> Address:
    """Return where the message of `attempt` goes."""
    return Address(attempt.address, attempt.secret)


def _marked(title: str, attempt: Attempt) -> str:
    """Return the first line with what its reader must know before anything else."""
    late = _late(_latest(attempt))
    repeat = "Possible repeat: " if attempt.possible_repeat else ""
    return f"{repeat}{title}{late}"


def _latest(attempt: Attempt) -> timedelta | None:
    """Return how late the most belated of what a message tells is, None where nothing is late."""
    return max((late for late in (attempt.late, *(other.late for other in attempt.others)) if late), default=None)


def _remarks(attempt: Attempt) -> list[str]:
    remarks: list[str] = []
    if attempt.possible_repeat:
        remarks.append("You may have had this message already: its delivery was never confirmed.")
    if (late := _latest(attempt)) is not None:
        remarks.append(f"This message is {span(late.total_seconds())} late.")
    return remarks


@dataclass(frozen=True, slots=True)
class _Words:
    """The first line, the heading of the text, and its lines."""

    subject: str
    title: str
    lines: list[str]


def _words(attempt: Attempt, incident: IncidentNow | None, *, now: datetime) -> _Words:
    if incident is None:
        return _of_oneself(attempt)
    if attempt.others:
        return _summary(attempt, incident)
    prefix, lines = _TEXTS[attempt.kind](incident, now)
    if attempt.stands_in and attempt.kind is PageKind.ASSIGNED:
        prefix = "Assigned to whom you stand in for: "
    open_for = now - incident.opened_at
    if attempt.kind is PageKind.WATCH:
        return _Words(f"{prefix}{_cause_of(incident)}", f"{prefix}{incident.title}", [attempt.why_paged, *lines])
    if attempt.kind not in TO_THE_OWNER and open_for >= AGE_WORTH_TELLING:
        lines.append(f"Open for {span(open_for.total_seconds())}.")
    lines.append(f"Service {incident.service}, {incident.severity}, {attempt.urgency} urgency.")
    if attempt.why_paged:
        lines.append(f"Why you: {attempt.why_paged}.")
    if attempt.why_now:
        lines.append(f"Why now: {attempt.why_now}.")
    if incident.runbook_url:
        lines.append(f"Runbook: {incident.runbook_url}")
    cause = _cause_of(incident)
    return _Words(f"{prefix}{cause}", f"{prefix}{incident.title}", lines)


def _cause_of(incident: IncidentNow) -> str:
    return f"{incident.severity.upper()} {incident.service}: {incident.title} (#{incident.number})"


def _summary(attempt: Attempt, incident: IncidentNow) -> _Words:
    """Return one message for several incidents: how many, then each, worst first, with how late it is."""
    told = attempt.why_paged if attempt.kind is PageKind.WATCH else ""
    own = Other(incident.number, incident.title, incident.severity, incident.service, attempt.late, told)
    ranks = tuple(Severity)
    all_of_them = sorted((own, *attempt.others), key=lambda one: (ranks.index(one.severity), one.number))
    shown = [f"#{each.number} {_cause(each)}{_late(each.late)}{_told(each)}" for each in all_of_them[:LISTED]]
    if (more := len(all_of_them) - LISTED) > 0:
        shown.append(f"and {more} more")
    what, ask = _SUMMARIES.get(attempt.kind, ("open for you", "Open OpsKnight to take them."))
    title = f"{len(all_of_them)} {what}"
    return _Words(f"{title}: {_cause(all_of_them[0])} and {len(all_of_them) - 1} more", title, [*shown, ask])


def _cause(one: Other) -> str:
    return f"{one.severity.upper()} {one.service}: {one.title}"


def _told(one: Other) -> str:
    return f". {one.told}" if one.told else ""


def _late(late: timedelta | None) -> str:
    return f" ({span(late.total_seconds())} late)" if late else ""


def _page(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "", []


def _assigned(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "Assigned to you: ", []


def _still_on_it(incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    since = incident.acknowledged_at or incident.opened_at
    ago = f"You acknowledged it {span((now - since).total_seconds())} ago."
    ask = "Acknowledge again to say that you are on it; without an answer in 5 min it is paged from the first step."
    return "Still on it? ", [ago, ask]


def _safety_net(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "Nobody answers: ", ["Nobody acknowledged it: the safety net pages you."]


def _help(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "Can you help? ", ["Say on its page whether you can: accept or decline."]


def _hand_over(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "Hand over? ", ["Your shift is over and you own it: hand it over, or keep it."]


def _joined(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "More alerts: ", ["You own it; nobody else is told."]


def _watch(incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return f"Now {incident.status}: ", ["You watch it; nothing is asked of you."]


def _of_oneself(attempt: Attempt) -> _Words:
    if attempt.kind in TOLD:
        title, *lines = attempt.why_paged.splitlines() or [""]
        return _Words(title, title, lines)
    what = attempt.label or face(attempt.channel).label
    if attempt.user_id is None:
        return _of_a_room(attempt)
    if attempt.kind is PageKind.CONFIRM:
        title = "OpsKnight pages you here from now on"
        return _Words(title, title, [f"{what} was added to your contact methods."])
    if attempt.kind is PageKind.CHECK:
        title = "OpsKnight still reaches you here"
        return _Words(title, title, [f"Nothing is asked of you: {what} was not heard of for a while."])
    title = "Test page from OpsKnight"
    return _Words(title, title, [f"You asked for it, and nothing is wrong. Real pages reach you here too: {what}."])


def _of_a_room(attempt: Attempt) -> _Words:
    if attempt.kind is PageKind.CANARY:
        title = "Canary from OpsKnight"
        return _Words(title, title, ["It shows that messages go out here. Nobody need read it."])
    if attempt.kind is PageKind.CONFIRM:
        title = "OpsKnight posts here from now on"
        return _Words(title, title, ["Steps of escalation policies may post their incidents here."])
    title = "Test message from OpsKnight"
    return _Words(title, title, ["Somebody asked for it, and nothing is wrong. Incidents are posted here too."])


_TEXTS: Final[dict[PageKind, Callable[[IncidentNow, datetime], tuple[str, list[str]]]]] = {
    PageKind.PAGE: _page,
    PageKind.ASSIGNED: _assigned,
    PageKind.STILL_ON_IT: _still_on_it,
    PageKind.SAFETY_NET: _safety_net,
    PageKind.HELP: _help,
    PageKind.HAND_OVER: _hand_over,
    PageKind.JOINED: _joined,
    PageKind.WATCH: _watch,
}
"""What stands before the cause, and what is said first, for each kind of page."""
_SUMMARIES: Final = {
    PageKind.HAND_OVER: ("of yours to hand over", "Your shift is over: hand them over, or say that you keep them."),
    PageKind.WATCH: ("that you watch have changed", "You watch them; nothing is asked of you."),
}
"""What a summary of such pages counts, and how it ends."""
