"""The words of each message, and the signed tokens in it. The first line says severity, service and cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from opsknight import crypto
from opsknight.domain.model.amendment import Amendment, Standing
from opsknight.domain.model.attempt import Attempt, IncidentNow, Other
from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import MARK as DRILL_MARK
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import span
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, AcknowledgeClaims, DrillClaims, receipt_claims
from opsknight.domain.model.notification import ASKED_FOR, TO_THE_OWNER, TOLD, PageKind
from opsknight.domain.model.speech import later, say, say_many
from opsknight.jobs.channels.channel import Address, Message
from opsknight.mail_back import MailBack

_UNANSWERED: Final = frozenset({PageKind.CODE, PageKind.CONFIRM})
AGE_WORTH_TELLING: Final = timedelta(minutes=1)
LISTED: Final = 20
"""Incidents that a summary names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages in the name of one installation, whose links begin with `address`.

    What concerns its mails comes to `back`, where it has that. Where it is `discreet`, people are sent no titles.
    """

    address: str
    secret: bytes = field(repr=False)
    back: MailBack | None = None
    discreet: bool = False

    def message(self, attempt: Attempt, *, now: datetime) -> Message:
        """Return what `attempt` says, with an acknowledge link where there is something to acknowledge."""
        if self.discreet and attempt.user_id is not None:
            attempt = _untitled(attempt)
        incident = attempt.incident
        alone = incident is not None and not attempt.others  # a summary acknowledges nothing by one press
        # Whoever reads a room presses its button as themselves, or signs in.
        asks = alone and attempt.kind is not PageKind.WATCH
        token = self._token(attempt, incident if asks else None, now=now)
        back = self.back.address(attempt.notification_id) if self.back and attempt.channel == "email" else ""
        code = crypto.six_digits(self.secret, str(attempt.page_id)) if attempt.kind is PageKind.CODE else ""
        words = _of_a_code(code) if code else _words(attempt, incident, now=now)
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
            status=incident.status if incident and alone else None,
            acknowledge_token=token,
            acknowledge_url=f"{self.address}/ack/{token}" if token else None,
            receipt_token=self._receipt_token(attempt, now=now),
            possible_repeat=attempt.possible_repeat,
            late_by=_latest(attempt),
            drill=attempt.kind in ASKED_FOR or attempt.kind is PageKind.DRILL,
            tried_by=attempt.tried_by,
            refused_by=attempt.refused_by,
            home=self.address,
            carries=len(attempt.others),
            why_now=str(attempt.why_now) if alone and not attempt.held else "",
            bounces_to=back,
            # Who was sent a code has not shown yet that the address is theirs; a room's answers are nobody's.
            replies_to=back if attempt.user_id is not None and attempt.kind not in _UNANSWERED else "",
            code=code,
        )

    def amended(self, amendment: Amendment, *, now: datetime) -> Message:
        """Return what a message says now that its incident has moved on; nobody is called by it."""
        if amendment.all_of_them:
            return self._summary_amended(amendment)
        incident = amendment.incident
        if self.discreet and amendment.user_id is not None:
            incident = replace(incident, title="")
        cause = _cause_of(incident)
        wanted = incident.status is Status.OPEN and not amendment.outdated
        token = self._token(amendment, incident, now=now) if wanted else None
        return Message(
            notification_id=amendment.notification_id,
            kind=amendment.kind,
            subject=f"{amendment.head}: {cause}",
            title=f"{amendment.head}: {_named(incident)}",
            body=_circumstances(incident, amendment.urgency),
            url=f"{self.address}/incidents/{incident.number}",
            urgency=amendment.urgency,
            to_name=amendment.user_name,
            incident_id=incident.id,
            number=incident.number,
            status=incident.status,
            acknowledge_token=token,
            acknowledge_url=f"{self.address}/ack/{token}" if token else None,
            home=self.address,
            became=incident.status,
            outdated=amendment.outdated,
        )

    def _summary_amended(self, amendment: Amendment) -> Message:
        """Return what a summary says now: how each stands of which it told."""
        all_of_them = amendment.all_of_them
        if self.discreet and amendment.user_id is not None:
            all_of_them = tuple(replace(one, title="") for one in all_of_them)
        shown = [f"#{one.number} {_cause(one)}: {one.head}" for one in all_of_them[:LISTED]]
        if (more := len(all_of_them) - LISTED) > 0:
            shown.append(say("and {count} more", count=more))
        still_open = sum(one.status is Status.OPEN for one in all_of_them)
        none_open = say("None of these {count} is open any more", count=len(all_of_them))
        some_open = say_many(
            "{count} of these {of} is open", "{count} of these {of} are open", count=still_open, of=len(all_of_them)
        )
        title = some_open if still_open else none_open
        return Message(
            notification_id=amendment.notification_id,
            kind=amendment.kind,
            subject=title,
            title=title,
            body="\n".join(shown),
            url=f"{self.address}/incidents",
            urgency=amendment.urgency,
            to_name=amendment.user_name,
            home=self.address,
            carries=len(all_of_them) - 1,
            became=amendment.became,
            outdated=amendment.over,
        )

    def _url(self, attempt: Attempt, incident: IncidentNow | None) -> str:
        if incident is None:
            return f"{self.address}{_PLACES.get(attempt.kind, '/me')}"
        return f"{self.address}/incidents" if attempt.others else f"{self.address}/incidents/{incident.number}"

    def _token(self, sent: Attempt | Amendment, incident: IncidentNow | None, *, now: datetime) -> str | None:
        if sent.user_id is None:
            return None
        if sent.kind is PageKind.DRILL:
            drill = DrillClaims(sent.user_id, sent.notification_id)
            return crypto.sign(self.secret, drill.to_json(now=now), purpose=ACKNOWLEDGE)
        if incident is None:
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
    first = f"{title}{_late(_latest(attempt))}"
    if not attempt.possible_repeat:
        return first
    if attempt.kind is PageKind.DRILL:  # whoever is woken by it reads first that nothing is wrong
        return say("{what} (possible repeat)", what=first)
    return say("Possible repeat: {what}", what=first)


def _latest(attempt: Attempt) -> timedelta | None:
    """Return how late the most belated of what a message tells is, None where nothing is late."""
    return max((late for late in (attempt.late, *(other.late for other in attempt.others)) if late), default=None)


def _remarks(attempt: Attempt) -> list[str]:
    remarks: list[str] = []
    if attempt.possible_repeat:
        remarks.append(say("You may have had this message already: its delivery was never confirmed."))
    if (late := _latest(attempt)) is not None:
        remarks.append(say("This message is {span} late.", span=span(late.total_seconds())))
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
    what, lines = _TEXTS[attempt.kind](incident, now)
    if attempt.stands_in and attempt.kind is PageKind.ASSIGNED:
        what = later("Assigned to whom you stand in for: {what}")
    cause, open_for = _cause_of(incident), now - incident.opened_at
    if attempt.kind is PageKind.WATCH:
        return _Words(say(what, what=cause), say(what, what=_named(incident)), [str(attempt.why_paged), *lines])
    if attempt.kind not in TO_THE_OWNER and open_for >= AGE_WORTH_TELLING:
        lines.append(say("Open for {span}.", span=span(open_for.total_seconds())))
    lines.append(_circumstances(incident, attempt.urgency))
    if attempt.why_paged:
        lines.append(say("Why you: {reason}.", reason=attempt.why_paged))
    if attempt.why_now:
        lines.append(say("Why now: {reason}.", reason=attempt.why_now))
    if incident.runbook_url:
        lines.append(say("Runbook: {url}", url=incident.runbook_url))
    return _Words(say(what, what=cause), say(what, what=_named(incident)), lines)


def _cause_of(incident: IncidentNow) -> str:
    title = f": {incident.title}" if incident.title else ""
    return f"{say(_LOUD[incident.severity])} {incident.service}{title} (#{incident.number})"


def _named(incident: IncidentNow) -> str:
    return incident.title or say("Incident {number}", number=incident.number)


def _untitled(attempt: Attempt) -> Attempt:
    """Return `attempt` without the titles of what it tells."""
    incident = None if attempt.incident is None else replace(attempt.incident, title="")
    return replace(attempt, incident=incident, others=tuple(replace(one, title="") for one in attempt.others))


def _circumstances(incident: IncidentNow, urgency: Urgency) -> str:
    parts = {"service": incident.service, "severity": say(_PLAIN[incident.severity]), "urgency": say(_HOW[urgency])}
    return say("Service {service}, {severity}, {urgency}.", **parts)


def _summary(attempt: Attempt, incident: IncidentNow) -> _Words:
    """Return one message for several incidents: how many, then each, worst first, with how late it is."""
    told = str(attempt.why_paged) if attempt.kind is PageKind.WATCH else ""
    own = Other(incident.number, incident.title, incident.severity, incident.service, attempt.late, told)
    ranks = tuple(Severity)
    all_of_them = sorted((own, *attempt.others), key=lambda one: (ranks.index(one.severity), one.number))
    shown = [f"#{each.number} {_cause(each)}{_late(each.late)}{_told(each)}" for each in all_of_them[:LISTED]]
    if (more := len(all_of_them) - LISTED) > 0:
        shown.append(say("and {count} more", count=more))
    services = {one.service for one in all_of_them}
    where = later("{count} open in {service}") if len(services) == 1 else later("{count} open for you")
    what, ask = _SUMMARIES.get(attempt.kind, (where, later("Open OpsKnight to take them.")))
    title = say(what, count=len(all_of_them), service=own.service)
    worst = _cause(all_of_them[0])
    subject = say("{title}: {worst} and {count} more", title=title, worst=worst, count=len(all_of_them) - 1)
    return _Words(subject, title, [*shown, say(ask)])


def _cause(one: Other | Standing) -> str:
    return f"{say(_LOUD[one.severity])} {one.service}{f': {one.title}' if one.title else ''}"


def _told(one: Other) -> str:
    return f". {one.told}" if one.told else ""


def _late(late: timedelta | None) -> str:
    if not late:
        return ""
    how_late = say("{span} late", span=span(late.total_seconds()))
    return f" ({how_late})"


def _page(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return "{what}", []


def _assigned(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return later("Assigned to you: {what}"), []


def _still_on_it(incident: IncidentNow, now: datetime) -> tuple[str, list[str]]:
    since = incident.acknowledged_at or incident.opened_at
    ago = say("You acknowledged it {span} ago.", span=span((now - since).total_seconds()))
    ask = say(
        "Acknowledge again to say that you are on it; without an answer in 5 min it is paged from the first step."
    )
    return later("Still on it? {what}"), [ago, ask]


def _safety_net(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return later("Nobody answers: {what}"), [say("Nobody acknowledged it: the safety net pages you.")]


def _help(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return later("Can you help? {what}"), [say("Say on its page whether you can: accept or decline.")]


def _hand_over(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return later("Hand over? {what}"), [say("Your shift is over and you own it: hand it over, or keep it.")]


def _joined(_incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return later("More alerts: {what}"), [say("You own it; nobody else is told.")]


def _watch(incident: IncidentNow, _now: datetime) -> tuple[str, list[str]]:
    return _BECAME[incident.status], [say("You watch it; nothing is asked of you.")]


def _of_a_code(code: str) -> _Words:
    says = say(
        "Type it in where you added this contact method, within ten minutes. Somebody else asked? Then ignore it."
    )
    return _Words(say("{code} is your OpsKnight code", code=code), say("{code} is your code", code=code), [says])


def _of_oneself(attempt: Attempt) -> _Words:
    if attempt.kind in TOLD:
        title, *lines = str(attempt.why_paged).splitlines() or [""]
        return _Words(title, title, lines)
    what = attempt.label or say(face(attempt.channel).label)
    if attempt.kind is PageKind.DRILL:
        ask = say("Acknowledge it here as you would a real page: only that shows that one reaches you.")
        return _Words(say(DRILL_MARK), say(DRILL_MARK), [f"{attempt.why_paged}. {ask}"])
    if attempt.user_id is None:
        return _of_a_room(attempt)
    if attempt.kind is PageKind.CONFIRM:
        title = say("OpsKnight pages you here from now on")
        return _Words(title, title, [say("{what} was added to your contact methods.", what=what)])
    if attempt.kind is PageKind.CHECK:
        title = say("OpsKnight still reaches you here")
        return _Words(title, title, [say("Nothing is asked of you: {what} was not heard of for a while.", what=what)])
    title = say("Test page from OpsKnight")
    asked = say("You asked for it, and nothing is wrong. Real pages reach you here too: {what}.", what=what)
    return _Words(title, title, [asked])


def _of_a_room(attempt: Attempt) -> _Words:
    if attempt.kind is PageKind.CANARY:
        title = say("Canary from OpsKnight")
        return _Words(title, title, [say("It shows that messages go out here. Nobody need read it.")])
    if attempt.kind is PageKind.CONFIRM:
        title = say("OpsKnight posts here from now on")
        return _Words(title, title, [say("Steps of escalation policies may post their incidents here.")])
    title = say("Test message from OpsKnight")
    return _Words(title, title, [say("Somebody asked for it, and nothing is wrong. Incidents are posted here too.")])


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
"""What is said of the cause, and what is said first, for each kind of page."""
_PLACES: Final = {
    PageKind.SHIFT: "/oncall",
    PageKind.GAP: "/oncall",
    PageKind.READINESS: "/readiness",
    PageKind.DRILL: "/drills",
}
"""Where messages of no incident lead; others to one's own page."""
_SUMMARIES: Final = {
    PageKind.HAND_OVER: (
        later("{count} of yours to hand over"),
        later("Your shift is over: hand them over, or say that you keep them."),
    ),
    PageKind.STILL_ON_IT: (
        later("Still on it? {count} of yours"),
        later("Acknowledge them again to say that you are; without an answer in 5 min they are paged anew."),
    ),
    PageKind.WATCH: (later("{count} that you watch have changed"), later("You watch them; nothing is asked of you.")),
}
"""What a summary of such pages counts, and how it ends."""
_LOUD: Final = {
    Severity.CRITICAL: later("CRITICAL"),
    Severity.ERROR: later("ERROR"),
    Severity.WARNING: later("WARNING"),
    Severity.INFO: later("INFO"),
}
_PLAIN: Final = {
    Severity.CRITICAL: later("critical"),
    Severity.ERROR: later("error"),
    Severity.WARNING: later("warning"),
    Severity.INFO: later("info"),
}
_HOW: Final = {Urgency.HIGH: later("high urgency"), Urgency.LOW: later("low urgency")}
_BECAME: Final = {
    Status.OPEN: later("Now open: {what}"),
    Status.ACKNOWLEDGED: later("Now acknowledged: {what}"),
    Status.SNOOZED: later("Now snoozed: {what}"),
    Status.SUPPRESSED: later("Now suppressed: {what}"),
    Status.RESOLVED: later("Now resolved: {what}"),
}
