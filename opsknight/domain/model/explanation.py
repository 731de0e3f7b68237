"""Why somebody was paged, or was not: what the ledger and the outbox say of it, told for one person.

From the event over the rules, the step and whoever was on call to the messages, in the order in which it happened.
A kind of fact has its own words here where they differ for the person who asks (`_TELL`); every other is told as
the timeline tells it, so that a new kind needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.channel import face
from opsknight.domain.model.escalation import Policy, TargetKind
from opsknight.domain.model.ledger import Fact, capital, lower, people, span
from opsknight.domain.model.paging import BY_DEFAULT, BY_RULES, RULES_UNUSABLE

_SAME: Final = timedelta(milliseconds=1)
"""A page and the fact of its step are of one instant; what tells of it in between may round it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact; `sentence` is the timeline's."""

    at: datetime
    kind: str
    sentence: str
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def get(self, name: str) -> Any:
        """Return what the fact says of `name`, None where it says nothing."""
        return self.data.get(name)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a page; `sentence` is the provider's words, or why it was not sent; `attempts` how often tried.

    Quiet hours hold it until `held_until`.
    """

    channel: str
    status: str
    sentence: str = ""
    attempts: int = 0
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """That somebody was to be reached; `step` counts from 1, None where no step decided it.

    `chosen_by` is why they get these messages, as `paging.plan` gives it; `until` when their shift ended.
    """

    user_id: int | None
    user: str
    at: datetime
    reason: str
    step: int | None = None
    kind: str = "page"
    chosen_by: str = ""
    until: datetime | None = None
    messages: tuple[Message, ...] = ()

    @property
    def held_until(self) -> datetime | None:
        """When the quiet hours end that hold it, None where none do."""
        return min((one.held_until for one in self.messages if one.held_until is not None), default=None)


@dataclass(frozen=True, slots=True)
class Rota:
    """A schedule that a step asks: who was on call at the instant that counts, and who takes turns at all."""

    name: str
    on_call: tuple[tuple[int, str, str], ...] = ()
    """Person, their name, the layer."""
    members: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of an incident, for one person; facts and pages the oldest first.

    `you` says that it is told to themselves; `next_step` is the step that is due at `due_at`, from 0.
    """

    user_id: int
    user: str
    you: bool
    zone: ZoneInfo
    status: str
    policy: Policy
    rotas: Mapping[int, Rota]
    facts: Sequence[Told]
    pages: Sequence[Page]
    next_step: int | None = None
    due_at: datetime | None = None

    @property
    def mine(self) -> tuple[Page, ...]:
        """The pages of the person."""
        return tuple(page for page in self.pages if page.user_id == self.user_id)

    def who(self, user_id: int | None, name: str) -> str:
        """Return how somebody is called: “you” where it is told to themselves."""
        return "you" if self.you and user_id == self.user_id else name

    @property
    def they(self) -> str:
        """The person as the subject of a sentence within it."""
        return "you" if self.you else self.user

    @property
    def are(self) -> str:
        """The person with “are” or “is”."""
        return "you are" if self.you else f"{self.user} is"

    @property
    def were(self) -> str:
        """The person with “were” or “was”."""
        return "you were" if self.you else f"{self.user} was"


@dataclass(frozen=True, slots=True)
class Because:
    """One link of the chain: what happened then, in a sentence, and the kind of fact that says so."""

    at: datetime
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer in short, and the chain behind it, the oldest first."""

    paged: bool
    summary: str
    chain: tuple[Because, ...]


def explain(case: Case) -> Explanation:
    """Return why the person of `case` was paged or was not."""
    chain = [
        Because(fact.at, fact.kind, sentence)
        for fact in case.facts
        if (sentence := (_TELL.get(fact.kind) or _as_it_is)(case, fact))
    ]
    return Explanation(bool(_sent(case)), summary(case), tuple(chain))


def summary(case: Case) -> str:
    """Return the answer in short."""
    if case.mine:
        return capital(_paged(case) if _sent(case) else _nothing_sent(case))
    refused = next((fact for fact in case.facts if fact.kind == Fact.NOT_PAGED and _theirs(case, fact)), None)
    if refused is not None:
        return capital(
            f"{case.were} not paged, though {_asked_by(case)}: {refused.get('reason') or 'nobody knows why'}."
        )
    stood_in = [fact for fact in case.facts if fact.kind == Fact.STOOD_IN and _theirs(case, fact)]
    if stood_in:
        by = stood_in[-1].get("by") or "somebody else"
        return capital(f"{case.were} not paged: {by} was instead, for {case.were} not to be disturbed.")
    run = _last_run(case.facts)
    fired = [fact for fact in run if fact.kind == Fact.STEP_FIRED]
    if not fired:
        return capital(f"{case.were} not paged{_nobody(case, run)}")
    parts = [_step_asked(case, fact) for fact in fired[:3]]
    return capital(f"{case.were} not paged: {'; '.join([*parts, _place(case, fired), _end(case, run, fired)])}.")


def _paged(case: Case) -> str:
    """Tell the newest page of which something was sent."""
    page = _sent(case)[-1]
    if not any(message.attempts for message in page.messages):
        return f"{case.were} paged together with other incidents, in one message: {page.reason}."
    by = f" by step {page.step}" if page.step else ""
    reached = [message for message in page.messages if message.status in ("accepted", "delivered", "seen")]
    told = [_message(message) for message in (reached or [one for one in page.messages if one.attempts])]
    times = f"; it was the {_ordinal(len(case.mine))} page" if len(case.mine) > 1 else ""
    return f"{case.were} paged{by} ({page.reason}{_until(case, page)}). {capital(people(told))}{times}."


def _nothing_sent(case: Case) -> str:
    page = case.mine[-1]
    why = next((message.sentence for message in page.messages if message.sentence), "")
    if page.held_until is not None:
        until = _clock(case, page.held_until)
        return f"{case.are} paged when quiet hours end: {page.reason}; held until {until}, quiet hours."
    if any(message.status in ("queued", "sending") for message in page.messages):
        return f"{case.are} about to be paged: {page.reason}; the first message waits for its turn."
    told = f": {lower(why)}" if why else "."
    return f"{case.were} to be paged ({page.reason}), and nothing was sent any more{told}"


def _nobody(case: Case, run: Sequence[Told]) -> str:
    """Say why no step has paged anybody."""
    skipped = [fact for fact in run if fact.kind == Fact.STEP_SKIPPED]
    others = [fact for fact in run if fact.kind in (Fact.PAGED, Fact.SAFETY_NET)]
    quiet = [fact for fact in run if fact.kind in _ENDS]
    if not quiet and case.status == "suppressed":  # a rule let it rest, before anything else could
        quiet = [fact for fact in run if fact.kind == Fact.RULED]
    if skipped:
        told = [f"step {fact.get('step')} was skipped, {_reason(fact)}" for fact in skipped[:3]]
        return f": {'; '.join([*told, _place(case, skipped)])}."
    if others:
        return f": {others[0].sentence.rstrip('.')}; {_place(case, [])}."
    if quiet:
        return f", and nobody was by a step: {quiet[0].sentence}"
    if case.due_at is not None and case.next_step is not None:
        return f" yet: step {case.next_step + 1} is due at {_clock(case, case.due_at)}; {_place(case, [])}."
    return ": no step of the policy has fired."


def _step_asked(case: Case, fact: Told) -> str:
    asked = [page for page in _pages_at(case, fact) if page.step == fact.get("step")]
    told = [f"{case.who(page.user_id, page.user)} ({page.reason}{_until(case, page)})" for page in asked]
    return f"step {fact.get('step')} asked {people(told or list(fact.get('people') or ()))}"


def _place(case: Case, fired: Sequence[Told]) -> str:
    """Say where the person stands in the policy."""
    asked_by = [number for number, _ in enumerate(case.policy.steps) if _asks(case, number)]
    done = {int(fact.get("step") or 0) for fact in fired}
    later = next((number for number in asked_by if number + 1 not in done), None)
    name = f"the policy {case.policy.name}" if case.policy.name else "the policy"
    if later is not None:
        waits = sum((step.wait for step in case.policy.steps[:later]), timedelta(0))
        due = f", due {span(waits.total_seconds())} after the first" if later else ""
        return f"{case.are} asked by step {later + 1}{due}"
    if asked_by:
        return f"{case.are} asked by step {asked_by[0] + 1}"
    for step in case.policy.steps:
        for target in step.targets:
            rota = case.rotas.get(target.id) if target.kind is TargetKind.SCHEDULE else None
            if rota is not None and case.user_id in rota.members:
                turn = people([name for _, name, _ in rota.on_call])
                verb = "take" if case.you else "takes"
                return f"{case.they} {verb} turns in {rota.name}, and it was the turn of {turn}"
    return f"{name} does not ask {case.they}"


def _asks(case: Case, number: int) -> bool:
    for target in case.policy.steps[number].targets:
        if target.kind is TargetKind.USER and target.id == case.user_id:
            return True
        rota = case.rotas.get(target.id) if target.kind is TargetKind.SCHEDULE else None
        if rota is not None and any(user == case.user_id for user, _, _ in rota.on_call):
            return True
    return False


def _asked_by(case: Case) -> str:
    number = next((number for number, _ in enumerate(case.policy.steps) if _asks(case, number)), None)
    return "it was asked for" if number is None else f"step {number + 1} asks {case.they}"


def _end(case: Case, run: Sequence[Told], fired: Sequence[Told]) -> str:
    """Say what has stopped the escalation, or what comes next."""
    since = fired[0].at
    ended = next((fact for fact in run if fact.at >= fired[-1].at and fact.kind in _ENDS), None)
    if ended is not None:
        actor = ended.actor or "somebody"
        return f"{actor} {_ENDS[ended.kind]} after {span((ended.at - since).total_seconds())}"
    if case.status != "open":
        return f"the incident is {case.status}"
    if case.due_at is not None and case.next_step is not None:
        return f"nobody has acknowledged yet, and step {case.next_step + 1} is due at {_clock(case, case.due_at)}"
    return "nobody has acknowledged yet"


_ENDS: Final[Mapping[str, str]] = {
    Fact.ACKNOWLEDGED: "acknowledged",
    Fact.RESOLVED: "resolved it",
    Fact.SNOOZED: "snoozed it",
    Fact.SUPPRESSED: "silenced it",
}
_BEGINS: Final = frozenset({Fact.WOKEN, Fact.REOPENED, Fact.UNACKNOWLEDGED, Fact.REASSIGNED})
_HOW: Final[Mapping[str, str]] = {
    BY_RULES: "as {their} notification rules for this urgency say",
    BY_DEFAULT: "over every verified contact method, push first and a minute apart, without rules of {their} own",
    RULES_UNUSABLE: "over every verified contact method, for {their} own rules name none that can be used",
}


def _last_run(facts: Sequence[Told]) -> Sequence[Told]:
    """Return the facts since paging last began at its first step."""
    begins = max((place for place, fact in enumerate(facts) if fact.kind in _BEGINS), default=0)
    return facts[begins:]


def _sent(case: Case) -> list[Page]:
    """Return the pages of which something was handed over, or else those that went out with other incidents."""
    handed_over = [page for page in case.mine if any(one.attempts for one in page.messages)]
    return handed_over or [page for page in case.mine if any(one.status == "bundled" for one in page.messages)]


# --- the chain -----------------------------------------------------------------------------------------------------


def _as_it_is(case: Case, fact: Told) -> str:
    """Tell a fact in the timeline's words; one about somebody else's messages is left out."""
    return fact.sentence if fact.get("user_id") is None or _theirs(case, fact) else ""


def _word_by_word(_case: Case, fact: Told) -> str:
    return fact.sentence


def _nothing(_case: Case, _fact: Told) -> str:
    return ""


def _fired(case: Case, fact: Told) -> str:
    asked = _pages_at(case, fact)
    mine = next((page for page in asked if page.user_id == case.user_id), None)
    if mine is None:
        told = _step_asked(case, fact) if fact.kind == Fact.STEP_FIRED else lower(fact.sentence).rstrip(".")
        return f"{capital(told)}, not {case.they}."
    who = f"Step {mine.step}" if mine.step else "The safety net" if fact.kind == Fact.SAFETY_NET else "OpsKnight"
    return f"{who} asked {case.they} ({mine.reason}{_until(case, mine)}).{_chosen(case, mine)}"


def _chosen(case: Case, page: Page) -> str:
    how = _HOW.get(page.chosen_by)
    if how is None:
        return ""
    channels = people([face(message.channel).word for message in page.messages])
    held = "" if page.held_until is None else f" They are held until {_clock(case, page.held_until)}, quiet hours."
    return f" The messages were planned as {channels}, {how.format(their='your' if case.you else 'their')}.{held}"


def _not_paged(case: Case, fact: Told) -> str:
    if not _theirs(case, fact):
        return ""
    return f"{capital(case.they)} could not be paged: {fact.get('reason') or 'nobody knows why'}."


_TELL: Final[Mapping[str, Callable[[Case, Told], str]]] = {
    Fact.STEP_FIRED: _fired,
    Fact.PAGED: _fired,
    Fact.SAFETY_NET: _fired,
    Fact.NOT_PAGED: _not_paged,
    Fact.REASSIGNED: _word_by_word,
    Fact.HELD: _nothing,
    Fact.OCCURRED: _nothing,
    Fact.ALERT_JOINED: lambda _, fact: fact.sentence if fact.get("quiet") else "",
    Fact.LATE_COPY: _nothing,
    Fact.CHANGED: _nothing,
}


def _pages_at(case: Case, fact: Told) -> list[Page]:
    return [page for page in case.pages if abs(page.at - fact.at) <= _SAME]


def _theirs(case: Case, fact: Told) -> bool:
    return fact.get("user_id") == case.user_id


def _message(message: Message) -> str:
    channel = face(message.channel).word
    said = f" ({lower(message.sentence).rstrip('.')})" if message.sentence else ""
    return f"the {channel} {_OUTCOMES.get(message.status, 'is ' + message.status)}{said}"


_OUTCOMES: Final[Mapping[str, str]] = {
    "accepted": "was accepted by its provider",
    "delivered": "was delivered",
    "seen": "was seen",
    "failed": "failed",
    "superseded": "was not sent any more",
    "ambiguous": "was perhaps sent",
    "queued": "is tried again",
}


def _reason(fact: Told) -> str:
    return str(fact.get("reason") or "it reached nobody")


def _until(case: Case, page: Page) -> str:
    return f", until {_clock(case, page.until)}" if page.until is not None else ""


def _clock(case: Case, at: datetime) -> str:
    return f"{at.astimezone(case.zone):%a %H:%M %Z}"


def _ordinal(count: int) -> str:
    return {2: "second", 3: "third"}.get(count, f"{count}th")
