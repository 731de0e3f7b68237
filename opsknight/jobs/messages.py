"""The words of each message, and the signed tokens in it. The first line says severity, service and cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from opsknight import crypto
from opsknight.domain.model.attempt import Attempt, IncidentNow
from opsknight.domain.model.ledger import span
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, AcknowledgeClaims, receipt_claims
from opsknight.domain.model.notification import ALONE, PageKind
from opsknight.jobs.channels.channel import Address, Message


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages in the name of one installation, whose links begin with `address`."""

    address: str
    secret: bytes = field(repr=False)

    def message(self, attempt: Attempt, *, now: datetime) -> Message:
        """Return what `attempt` says, with an acknowledge link where there is something to acknowledge."""
        incident = attempt.incident
        token = None if incident is None else self._acknowledge_token(attempt, incident, now=now)
        title, lines = _words(attempt, incident, now=now)
        return Message(
            notification_id=attempt.notification_id,
            kind=attempt.kind,
            subject=_marked(title, attempt),
            title=title,
            body="\n".join([*_remarks(attempt), *lines]),
            url=f"{self.address}/incidents/{incident.number}" if incident else f"{self.address}/me",
            urgency=attempt.urgency,
            to_name=attempt.user_name,
            incident_id=incident.id if incident else None,
            number=incident.number if incident else None,
            acknowledge_token=token,
            acknowledge_url=f"{self.address}/ack/{token}" if token else None,
            receipt_token=self._receipt_token(attempt, now=now),
            possible_repeat=attempt.possible_repeat,
            late_by=attempt.late,
            drill=attempt.kind in ALONE,
        )

    def _acknowledge_token(self, attempt: Attempt, incident: IncidentNow, *, now: datetime) -> str:
        link = AcknowledgeClaims(attempt.user_id, incident.id, attempt.generation, attempt.notification_id)
        return crypto.sign(self.secret, link.to_json(now=now), purpose=ACKNOWLEDGE)

    def _receipt_token(self, attempt: Attempt, *, now: datetime) -> str:
        return crypto.sign(self.secret, receipt_claims(attempt.notification_id, now=now), purpose=RECEIPT)


def address_of(attempt: Attempt) -> Address:
    """Return where the message of `attempt` goes."""
    return Address(attempt.address, attempt.secret)


def _marked(title: str, attempt: Attempt) -> str:
    """Return the first line with what its reader must know before anything else."""
    late = f" ({span(attempt.late.total_seconds())} late)" if attempt.late else ""
    repeat = "Possible repeat: " if attempt.possible_repeat else ""
    return f"{repeat}{title}{late}"


def _remarks(attempt: Attempt) -> list[str]:
    remarks: list[str] = []
    if attempt.possible_repeat:
        remarks.append("You may have had this message already: its delivery was never confirmed.")
    if attempt.late:
        remarks.append(f"This message is {span(attempt.late.total_seconds())} late.")
    return remarks


def _words(attempt: Attempt, incident: IncidentNow | None, *, now: datetime) -> tuple[str, list[str]]:
    if incident is None:
        return _of_oneself(attempt)
    title, lines = _TEXTS[attempt.kind](attempt, incident, now)
    lines.append(f"Service {incident.service}, {incident.severity}, {attempt.urgency} urgency.")
    if attempt.why_paged:
        lines.append(f"Why you: {attempt.why_paged}.")
    if attempt.why_now:
        lines.append(f"Why now: {attempt.why_now}.")
    if incident.runbook_url:
        lines.append(f"Runbook: {incident.runbook_url}")
    return title, lines


def _cause(incident: IncidentNow) -> str:
    return f"{incident.severity.upper()} {incident.service}: {incident.title} (#{incident.number})"


def _open_for(incident: IncidentNow, now: datetime) -> str:
    return f"Open for {span(max(0.0, (now - incident.opened_at).total_seconds()))}."


def _page(_attempt: Attempt, incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    return _cause(incident), [incident.title, _open_for(incident, now)]


def _assigned(_attempt: Attempt, incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    lines = [incident.title, "It was assigned to you.", _open_for(incident, now)]
    return f"Assigned to you: {_cause(incident)}", lines


def _still_on_it(_attempt: Attempt, incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    since = incident.acknowledged_at or incident.opened_at
    ago = f"You acknowledged it {span((now - since).total_seconds())} ago."
    ask = "Acknowledge again to say that you are on it; without an answer in 5 min it is paged from the first step."
    return f"Still on it? {_cause(incident)}", [incident.title, ago, ask]


def _safety_net(_attempt: Attempt, incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    lines = [incident.title, "Nobody acknowledged it: the safety net pages you.", _open_for(incident, now)]
    return f"Nobody answers: {_cause(incident)}", lines


def _of_oneself(attempt: Attempt) -> tuple[str, list[str]]:
    what = attempt.label or attempt.channel
    if attempt.kind is PageKind.CONFIRM:
        return "OpsKnight pages you here from now on", [f"{what} was added to your contact methods."]
    lines = [f"This is the test page you asked for. A real one reaches you here too ({what}).", "Nothing is wrong."]
    return "Test page from OpsKnight", lines


_TEXTS: Final[dict[PageKind, Callable[[Attempt, IncidentNow, datetime], tuple[str, list[str]]]]] = {
    PageKind.PAGE: _page,
    PageKind.ASSIGNED: _assigned,
    PageKind.STILL_ON_IT: _still_on_it,
    PageKind.SAFETY_NET: _safety_net,
}
