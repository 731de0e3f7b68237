"""Asking others to help: people by name, a team, whoever is on call on a schedule, or the first step of a policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from opsknight.domain.commands import still_on_it
from opsknight.domain.commands.authority import require
from opsknight.domain.commands.held import Held, hold
from opsknight.domain.commands.incidents import Done
from opsknight.domain.commands.outbox import Outbox, Page
from opsknight.domain.commands.steps import Steps
from opsknight.domain.model.escalation import Policy, Step, Target, TargetKind
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.model.ledger import Fact, people, span
from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import to_say
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Reachable
from opsknight.domain.queries.people import name_of
from opsknight.domain.queries.policies import policies
from opsknight.domain.store.tables import ResponderRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid, NotFound

AT_MOST: Final = 50
"""People who are asked at once."""
LONGEST_NOTE: Final = 1000

_STOP: Final = text("""
    UPDATE notifications n SET status = 'superseded', finished_at = :now, reason = 'this person has answered',
        lease_until = NULL, worker = NULL
    FROM pages p WHERE p.id = n.page_id AND p.kind = 'help' AND n.incident_id = :id AND n.user_id = :user_id
        AND n.status = 'queued'
""")


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who is asked: `user_ids`, and besides the asker and the owner those who stand behind a name.

    That is who is on call on a schedule now, whom the first step of a policy asks now, and the members of a team.
    """

    user_ids: tuple[int, ...] = ()
    schedule_id: int | None = None
    policy_id: int | None = None
    team_id: int | None = None


async def ask_for_help(uow: UnitOfWork, incident_id: UUID, *, whom: Helpers, note: str = "") -> Done:
    """Page others to help with an incident, whoever has it; nobody is taken off it, and its paging goes on.

    Who was asked and has not declined is not asked again.

    Raises:
        Invalid: it asks nobody, too many, or nobody who can be reached.
        IllegalTransition: the incident is resolved.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    if len(note) > LONGEST_NOTE:
        raise Invalid(f"A note has {LONGEST_NOTE} characters at most; this one has {len(note)}.")
    held = await hold(uow, incident_id)
    title = held.before.title
    if held.before.status is Status.RESOLVED:
        raise IllegalTransition(f"Cannot ask for help with “{title}”: it is resolved. Reopen it first.")
    await still_on_it.answer(uow, held)
    asked = await _asked(uow, whom, but={uow.user_id, held.before.assignee_id})
    before = await _responders(uow, incident_id)
    new = [user for user in asked if user not in before or before[user].answer == "declined"]
    if asked and not new:
        before_now = await reading.people(uow.session, asked)
        names = people([before_now[user].name for user in asked if user in before_now])
        return Done(held.before, f"{names} {'was' if len(asked) == 1 else 'were'} asked already.", changed=False)
    known = await reading.people(uow.session, new)
    reached, waits = await _page(uow, held, [known[user] for user in new if user in known], before, note=note)
    if not reached:
        who = people([known[user].name for user in new if user in known])
        raise Invalid(f"Nobody was asked: {who} cannot be reached. Ask somebody with a verified contact method.")
    names = [known[user].name for user in reached]
    uow.record(Fact.HELP_ASKED, incident_id=incident_id, people=names, note=note)
    return Done(
        held.before, f"{people(names)} {'is' if len(names) == 1 else 'are'} asked to help with “{title}”.{waits}"
    )


async def answer_help(uow: UnitOfWork, incident_id: UUID, *, accept: bool, note: str = "") -> Done:
    """Say whether one helps; the messages that asked for it stop.

    Raises:
        NotFound: nobody has asked this person.
    """
    await require(uow, Need.RESPOND, incident_id=incident_id)
    held = await hold(uow, incident_id)
    its = (await _responders(uow, incident_id)).get(uow.user_id or 0)
    if its is None:
        raise NotFound(f"Nobody has asked you to help with “{held.before.title}”; take it over, or just help.")
    await still_on_it.answer(uow, held)
    answer = "accepted" if accept else "declined"
    told = f"You {'help' if accept else 'do not help'} with “{held.before.title}”."
    if its.answer == answer:
        return Done(held.before, told, changed=False)
    its.answer, its.answered_at = answer, uow.now
    await uow.session.execute(_STOP, {"id": incident_id, "user_id": uow.user_id, "now": uow.now})
    words = "agreed" if accept else "declined"
    uow.record(Fact.HELP_ANSWERED, incident_id=incident_id, answer=words, note=note[:LONGEST_NOTE])
    return Done(held.before, told)


async def _asked(uow: UnitOfWork, whom: Helpers, *, but: Collection[int | None]) -> list[int]:
    """Return who is asked, each once, having made sure that what was named exists; `but` are asked by name alone."""
    asked = dict.fromkeys(whom.user_ids)
    if whom.schedule_id is not None:
        if whom.schedule_id not in await reading.schedules(uow.session, [whom.schedule_id]):
            raise Invalid("There is no such schedule; choose one from the list.")
        nobody = "Nobody else is on call on this schedule now."
        asked |= await _of_step(uow, _one_step(TargetKind.SCHEDULE, whom.schedule_id), nobody, but=but)
    if whom.team_id is not None:
        team = (await reading.teams(uow.session, [whom.team_id]))[whom.team_id]
        if not team.name:
            raise Invalid("There is no such team; choose one from the list.")
        asked |= await _of_step(uow, _one_step(TargetKind.TEAM, whom.team_id), f"{team.name} has nobody else.", but=but)
    if whom.policy_id is not None:
        policy = (await policies(uow.session, [whom.policy_id])).get(whom.policy_id)
        if policy is None:
            raise Invalid("There is no such escalation policy; choose one from the list.")
        nobody = f"The first step of {policy.name} asks nobody else now."
        asked |= await _of_step(uow, policy, nobody, but=but)
    if not asked:
        raise Invalid("Say who shall help: people, a team, a schedule or an escalation policy.")
    if len(asked) > AT_MOST:
        raise Invalid(f"That would ask {len(asked)} people; {AT_MOST} at once are allowed. Name those you need.")
    return list(asked)


def _one_step(kind: TargetKind, number: int) -> Policy:
    return Policy((Step((Target(kind, number),), wait=timedelta()),))


async def _of_step(uow: UnitOfWork, policy: Policy, nobody: str, *, but: Collection[int | None]) -> dict[int, None]:
    """Return whom the first step of `policy` asks now, leaving out those in `but`.

    Raises:
        Invalid: that is nobody; `nobody` says so.
    """
    first = Policy(policy.steps[:1], policy.repeats, policy.id, policy.name)
    steps = await Steps.of_policies(uow, [first])
    for offset, whom in steps.candidates(first, 0) if first.steps else ():
        if asked := [user for user in whom if user not in but]:
            steps.took(first, 0, offset)
            await steps.write()
            return dict.fromkeys(asked)
    raise Invalid(nobody)


async def _responders(uow: UnitOfWork, incident_id: UUID) -> Mapping[int, ResponderRow]:
    rows = await uow.session.scalars(select(ResponderRow).where(ResponderRow.incident_id == incident_id))
    return {row.user_id: row for row in rows}


async def _page(
    uow: UnitOfWork,
    held: Held,
    asked: Sequence[Reachable],
    before: Mapping[int, ResponderRow],
    *,
    note: str,
) -> tuple[list[int], str]:
    """Page those who can be reached and remember that they were asked; return them, and for whom it is held."""
    outbox = Outbox(uow.now, {person.id: person for person in asked})
    asker = await name_of(uow.session, uow.user_id)
    reached: list[int] = []
    later: list[str] = []
    for person in asked:
        row = before.get(person.id)
        page: dict[str, Any] = {"incident_id": held.row.id, "generation": held.before.generation, "due_at": uow.now}
        why = (
            to_say("{name} asks you to help: {note}", name=asker, note=note)
            if note
            else to_say("{name} asks you to help", name=asker)
        )
        refused = outbox.add(
            Page(
                kind=PageKind.HELP,
                user_id=person.id,
                reason=why,
                urgency=Urgency(held.row.urgency),
                lap=0 if row is None else row.times,
                **page,
            )
        )
        if refused is not None:
            uow.record(Fact.NOT_PAGED, incident_id=held.row.id, user=person.name, user_id=person.id, reason=refused)
            continue
        _remember(uow, held.row.id, person.id, row, note=note)
        reached.append(person.id)
        if (until := outbox.held.get((held.row.id, person.id))) is not None:
            wait_s = (until - uow.now).total_seconds()
            later.append(f"{person.name} ({span(wait_s)})")
            uow.record(Fact.HELD, incident_id=held.row.id, user=person.name, user_id=person.id, for_s=wait_s)
    await uow.session.flush()
    await outbox.write(uow)
    return reached, f" Quiet hours hold it for {people(later)}." if later else ""


def _remember(uow: UnitOfWork, incident_id: UUID, user_id: int, row: ResponderRow | None, *, note: str) -> None:
    if row is None:
        asked = ResponderRow(incident_id=incident_id, user_id=user_id, asked_by=uow.actor, note=note, asked_at=uow.now)
        uow.session.add(asked)
        return
    row.asked_by, row.note, row.asked_at, row.times = uow.actor, note, uow.now, row.times + 1
    row.answer, row.answered_at = "asked", None
