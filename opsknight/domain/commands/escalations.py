"""Firing timers: what an incident's wait was for happens now, for many incidents in one unit.

Everything is read set-wise, decided by the model, and written set-wise. A timer that was armed
anew since it was claimed (its fence rose) is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opsknight.domain.commands import silences
from opsknight.domain.commands.firings import Held, Outcome, Rest, hold, rest_on, write
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.commands.silences import Standing
from opsknight.domain.commands.steps import Steps
from opsknight.domain.model.escalation import (
    ANSWER_WITHIN,
    LAP_AT_LEAST,
    Move,
    TargetKind,
    Why,
    net_now,
    net_round,
    next_move,
)
from opsknight.domain.model.incident import PAGE_ASSIGNEE, Status, Verb, transition
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import Sentence, to_say
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Leads, Reachable
from opsknight.domain.store.claims import ClaimedTimer
from opsknight.domain.store.unit_of_work import UnitOfWork

LATE = timedelta(seconds=60)
"""A timer later than this counts as missed, and its page says by how much."""
GATHERING = timedelta(seconds=1)
"""How long messages that go together wait for those of the next batch, where one batch is not all."""
A_BATCH = 100
"""Timers of a batch that is perhaps not all that is due."""
_ENDS = frozenset({"pause", "snooze_end", "suppress_end"})
"""Timers that end a rest, if nothing else keeps quiet then."""
MAX_SKIPS = 200
"""Steps that one firing passes over at most; more than any policy has in all its laps."""


async def fire(uow: UnitOfWork, timers: Sequence[ClaimedTimer]) -> None:
    """Do what each of `timers` was armed for. All belong to incidents and were claimed by the caller."""
    held = await hold(uow, timers)
    firing = await Firing.prepare(uow, held)
    for each in held:
        firing.fire(each)
    await write(uow, firing.out, firing.outbox)
    await firing.steps.write()
    await rest_on(uow, firing.out)


class Firing:
    """Decides for each held incident; reads nothing any more. What it decides stands in `out` and `outbox`."""

    def __init__(
        self,
        uow: UnitOfWork,
        people: Mapping[int, Reachable],
        steps: Steps,
        leads: Mapping[int, Leads],
        resting: Mapping[UUID, Standing],
        *,
        many: bool,
    ) -> None:
        """Take all that is known at the unit's instant; with `many` at once, messages wait for those of the next."""
        self._uow = uow
        self._resting = resting
        self._people = people
        self._leads = leads
        self._held_back = GATHERING if many else timedelta()
        self.steps = steps
        self.out = Outcome()
        self.outbox = Outbox(uow.now, people)

    @classmethod
    async def prepare(cls, uow: UnitOfWork, held: Sequence[Held]) -> Firing:
        """Read, once for all, everybody whom these firings could reach."""
        stepping = [each for each in held if each.timer.kind == "escalation"]  # the safety net must need nothing else
        steps = await Steps.prepare(uow, stepping)
        leads = await reading.leads(uow.session, {each.team_id for each in held})
        targets = {target for each in stepping for step in each.policy.steps for target in step.targets}
        ids = {target.id for target in targets if target.kind is TargetKind.USER} | steps.everybody()
        ids |= {each.incident.assignee_id for each in held if each.incident.assignee_id is not None}
        ids |= {user_id for of_team in leads.values() for user_id in (*of_team.managers, *of_team.admins)}
        resting = await silences.standings(uow, [each.incident.id for each in held if each.timer.kind in _ENDS])
        people = await reading.people(uow.session, ids)
        return cls(uow, people, steps, leads, resting, many=len(held) >= A_BATCH)

    def fire(self, held: Held) -> None:
        """Do what the timer of `held` was for; one that means nothing any more is dropped."""
        incident, kind = held.incident, held.timer.kind
        if held.timer.generation != incident.generation and kind in ("escalation", "safety_net"):
            self.out.drop.append(held.timer.id)
        elif kind == "escalation" and incident.status is Status.OPEN:
            self._escalate(held)
        elif kind == "safety_net" and incident.status is Status.OPEN:
            self._catch(held)
        elif kind == "ack_timeout" and incident.status is Status.ACKNOWLEDGED:
            self._ask(held)
        elif kind == "ack_reminder" and incident.status is Status.ACKNOWLEDGED:
            self._move(held, Verb.UNACKNOWLEDGE, Fact.UNACKNOWLEDGED, "no answer to “still on it?”")
        elif kind == "snooze_end" and incident.status is Status.SNOOZED:
            self._end_rest(held, "the snooze is over")
        elif kind == "suppress_end" and incident.status is Status.SUPPRESSED:
            self._end_rest(held, "its silence is over")
        elif kind == "pause" and incident.status is Status.SUPPRESSED:
            self._end_rest(held, "its alert still fires after the pause")
        else:
            self.out.drop.append(held.timer.id)

    def _escalate(self, held: Held) -> None:
        """Fire the step that is due, passing over steps that reach nobody, and arm what follows."""
        lap_is_over = held.incident.next_step == 0
        move = net_now(held.policy, self._uow.now) if held.in_vain and lap_is_over else self._fire_steps(held)
        self._advance(held, move.next_step, move.lap)
        self._rearm(held, "safety_net" if move.to_net else "escalation", move.due_at)

    def _fire_steps(self, held: Held) -> Move:
        """Fire steps until one reaches somebody or the next must wait; return what follows."""
        at, started_at = self._uow.now, held.lap_started_at
        step, lap, passed = held.incident.next_step, held.incident.lap, 0
        # Who escalates what they have acknowledged begins a generation in the middle of a lap, which has paged already.
        before = at - LAP_AT_LEAST if step > 0 else None
        while True:
            reached = self._fire_step(held, step, lap)
            in_vain = held.in_vain and lap == held.incident.lap and not reached
            since = None if in_vain else started_at or (None if reached else before)
            move = next_move(held.policy, next_step=step, lap=lap, reached=reached, at=at, lap_started_at=since)
            started_at = None if move.lap != lap else started_at or (at if reached else None)
            before = before if move.lap == lap else None
            step, lap, passed = move.next_step, move.lap, passed + 1
            if reached or move.to_net or move.due_at > at or passed == MAX_SKIPS:
                return move

    def _fire_step(self, held: Held, step: int, lap: int) -> bool:
        """Page everybody whom the step reaches; return whether that is anybody."""
        if step == PAGE_ASSIGNEE:
            return self._page_assignee(held, lap)
        if held.policy.step_at(step, lap) is None:
            return False
        number = step + 1
        if (unmet := self.steps.unmet(held, step)) is not None:
            self._record(held, Fact.STEP_SKIPPED, step=number, lap=lap, reason=unmet, unmet=True)
            return False
        paged, nobody = self._ask_step(held, step, lap)
        posted = self._post(held, step, lap)
        if not paged and not posted:
            self._record(held, Fact.STEP_SKIPPED, step=number, lap=lap, reason=nobody)
            return False
        asked = [*(self._people[one].name for one in paged), *posted]
        self._record(held, Fact.STEP_FIRED, step=number, lap=lap, people=asked)
        asks_all = held.policy.steps[step].everyone
        held.everyone = held.everyone.asked(paged if asks_all else ())
        if step or lap:
            self.out.stepped.append(held.incident.id)
        return True

    def _ask_step(self, held: Held, step: int, lap: int) -> tuple[list[int], str]:
        """Page whom the step asks, the next in turn where it takes turns; return them, and why it is nobody."""
        nobody = "nobody is on call"
        for offset, asked in self.steps.candidates(held.policy, step):
            whom = {user: why for user, why in asked.items() if not self._answered(held, user)}
            got = (self._page(held, step, lap, PageKind.PAGE, user, why) for user, why in whom.items())
            paged = list(dict.fromkeys(user for user in got if user is not None))
            if paged:
                self.steps.took(held.policy, step, offset)
                return paged, ""
            nobody = self._why_nobody(whom) if whom else "all have acknowledged already" if asked else nobody
        return [], nobody

    def _post(self, held: Held, step: int, lap: int) -> list[str]:
        """Post in the rooms of the step; return their names."""
        posted: list[str] = []
        for room in self.steps.rooms(held.policy, step):
            why = to_say("step {number} posts in {room}", number=step + 1, room=room.name)
            page = self._a_page(held, step, lap, PageKind.PAGE, None, why)
            refused = self.outbox.post(page, room.method)
            if refused is None:
                posted.append(room.name)
            else:
                self._record(held, Fact.NOT_PAGED, user=room.name, user_id=None, reason=refused)
        return posted

    def _page_assignee(self, held: Held, lap: int) -> bool:
        """Page the person it was given to, before any step; return whether they can be reached."""
        assignee, why = held.incident.assignee_id, to_say("the incident was reassigned")
        if assignee is None or assignee not in self._people:
            return False
        if self.outbox.goes_to(PageKind.ASSIGNED, assignee) == assignee:
            why = to_say("the incident was reassigned to them")
        paged = self._page(held, PAGE_ASSIGNEE, lap, PageKind.ASSIGNED, assignee, why)
        if paged is None:
            return False
        self._record(held, Fact.PAGED, user=self._people[paged].name, user_id=paged, reason=why.english)
        return True

    def _answered(self, held: Held, user_id: int) -> bool:
        """Whether this person, or who is paged instead, has acknowledged already where everyone must."""
        stands_in = self.outbox.goes_to(PageKind.PAGE, user_id) if user_id in self._people else user_id
        return user_id in held.everyone.answered or stands_in in held.everyone.answered

    def _why_nobody(self, whom: Collection[int]) -> str:
        names = ", ".join(self._people[user_id].name for user_id in whom if user_id in self._people)
        return f"{names or 'nobody who is still known'} cannot be reached"

    def _catch(self, held: Held) -> None:
        """Page the team's managers, then all admins, until somebody acknowledges."""
        of_team = self._leads[held.team_id]
        found = net_round(
            held.policy,
            lap=held.incident.lap,
            managers=[user_id for user_id in of_team.managers if self._reachable(user_id)],
            admins=[user_id for user_id in of_team.admins if self._reachable(user_id)],
            at=self._uow.now,
        )
        lap = held.incident.lap
        why = to_say("safety net: {why}", why=to_say(found.why))
        got = [self._page(held, 0, lap, PageKind.SAFETY_NET, user_id, why) for user_id in found.user_ids]
        reached = dict.fromkeys(user_id for user_id in got if user_id is not None)
        paged = [self._people[user_id].name for user_id in reached]
        if paged and held.incident.lap == held.policy.net_lap:
            self._record(held, Fact.EXHAUSTED, reason=Why.EXHAUSTED if held.was_reached else Why.REACHES_NOBODY)
        held.everyone = held.everyone.asked(())
        self.out.caught += [{"id": held.incident.id, "user_id": user_id} for user_id in {*reached, *found.user_ids}]
        self._record(held, Fact.SAFETY_NET, people=paged, reason=found.why)
        self._advance(held, 0, found.lap)
        self._rearm(held, "safety_net", found.again_at)

    def _ask(self, held: Held) -> None:
        """Ask the owner “still on it?”; an acknowledge without an owner is taken back at once."""
        owner = held.incident.assignee_id
        why = to_say("acknowledged long ago")
        if owner is None or self._page(held, 0, held.asked + 1, PageKind.STILL_ON_IT, owner, why) is None:
            self._move(
                held, Verb.UNACKNOWLEDGE, Fact.UNACKNOWLEDGED, "acknowledged long ago, and no owner can be asked"
            )
            return
        self._record(held, Fact.ASKED, user=self._people[owner].name)
        self._rearm(held, "ack_reminder", self._uow.now + ANSWER_WITHIN, gather=False)

    def _end_rest(self, held: Held, reason: str) -> None:
        """Wake an incident whose rest is over, unless something else keeps it quiet.

        What nobody has put to rest wakes only while an alert of it fires, and not before its pause is over.
        """
        standing = self._resting[held.incident.id]
        paused_until = standing.paused_until
        if paused_until is not None and paused_until <= self._uow.now:
            paused_until = None
        by_itself = bool(standing.before) or held.timer.kind == "pause"
        if standing.silence is not None:
            self.out.rest.append(Rest(held, standing.silence, paused_until))
        elif by_itself and not standing.firing:
            self.out.rest.append(Rest(held))
        elif paused_until is not None:
            self.out.rest.append(Rest(held, None, paused_until, standing.before))
        else:
            self._move(held, Verb.WAKE, Fact.WOKEN, f"{standing.before} is over" if standing.before else reason)

    def _move(self, held: Held, verb: Verb, fact: Fact, reason: str) -> None:
        """Let the timer do what a person could: the incident is open again, from its first step."""
        after = held.incident = transition(held.incident, verb)
        self.out.move.append(
            {
                "id": after.id,
                "status": after.status,
                "generation": after.generation,
                "version": after.version,
                "assignee_id": after.assignee_id,
                "until": after.until,
                "next_step": after.next_step,
                "lap": after.lap,
                "anew": after.status is Status.OPEN,
                "now": self._uow.now,
            }
        )
        self._record(held, fact, reason=reason)
        missed = self._uow.now - held.timer.due_at > LATE  # then its page tells since when it should have come
        due_at = held.timer.due_at if missed else self._uow.now
        self._rearm(held, "escalation", due_at, gather=missed or fact is Fact.WOKEN)

    def _reachable(self, user_id: int) -> bool:
        person = self._people.get(user_id)
        return person is not None and person.can_be_reached

    def _page(self, held: Held, step: int, lap: int, kind: PageKind, user_id: int, why: Sentence) -> int | None:
        """Plan one person's notifications; return who gets them, None where nobody can be reached."""
        person = self._people.get(user_id)
        if person is None:
            return None
        refused = self.outbox.add(self._a_page(held, step, lap, kind, user_id, why))
        if refused is not None:
            self._record(held, Fact.NOT_PAGED, user=person.name, user_id=user_id, reason=refused)
            return None
        goes_to = self.outbox.goes_to(kind, user_id)
        if goes_to != user_id:
            self._record(held, Fact.STOOD_IN, user=person.name, user_id=user_id, by=self._people[goes_to].name)
        until = self.outbox.held.pop((held.incident.id, goes_to), None)
        if until is not None:
            wait_s = (until - self._uow.now).total_seconds()
            self._record(held, Fact.HELD, user=self._people[goes_to].name, user_id=goes_to, for_s=wait_s)
        return goes_to

    def _a_page(self, held: Held, step: int, lap: int, kind: PageKind, user_id: int | None, why: Sentence) -> Page:
        gather = self._gathers(held)
        return Page(
            incident_id=held.incident.id,
            generation=held.incident.generation,
            kind=kind,
            user_id=user_id,
            reason=why,
            urgency=held.incident.urgency,
            due_at=held.timer.due_at,
            step=step,
            lap=lap,
            gather=gather,
            held_back=self._held_back if gather else timedelta(),
        )

    def _gathers(self, held: Held) -> bool:
        """Whether its messages go together with others: it came with many, or was missed."""
        return held.timer.gather or self._uow.now - held.timer.due_at > LATE

    def _advance(self, held: Held, step: int, lap: int) -> None:
        policy = None if held.has_snapshot else held.policy.to_json()
        must = held.everyone.to_json()
        row = {"id": held.incident.id, "next_step": step, "lap": lap, "policy": policy, "must_acknowledge": must}
        self.out.advance.append(row)

    def _rearm(self, held: Held, kind: str, due_at: datetime, *, gather: bool | None = None) -> None:
        gather = self._gathers(held) if gather is None else gather  # what came together escalates together
        row = {"id": held.timer.id, "kind": kind, "generation": held.incident.generation, "due_at": due_at}
        self.out.rearm.append({**row, "gather": gather})

    def _record(self, held: Held, fact: Fact, **data: Any) -> None:  # plain JSON
        late = self._uow.now - held.timer.due_at
        if late > LATE and fact in (Fact.STEP_FIRED, Fact.PAGED, Fact.SAFETY_NET):
            data["late_s"] = late.total_seconds()
        self._uow.record(fact, incident_id=held.incident.id, actor=f"timer:{held.timer.kind}", **data)
