"""What pages read; each function opens one short read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from opsknight.domain.model.period import period
from opsknight.domain.model.permission import Need
from opsknight.domain.model.person import ENGLISH
from opsknight.domain.queries import incidents, maintenance, roster
from opsknight.domain.queries.api_tokens import TokenLine, tokens
from opsknight.domain.queries.archived_services import ArchivedLine, archived_services
from opsknight.domain.queries.calendar_feeds import FeedLine, feeds
from opsknight.domain.queries.changes import ChangeLine, latest
from opsknight.domain.queries.contact_methods import (
    ContactMethodLine,
    OwnRuleLine,
    contact_methods,
    notification_rules,
)
from opsknight.domain.queries.duty import schedule_names
from opsknight.domain.queries.fairness import Fairness, fairness
from opsknight.domain.queries.heartbeats import HeartbeatLine, PingLine, heartbeats, pings
from opsknight.domain.queries.incidents import Detail, FactLine, Timeline
from opsknight.domain.queries.inhibitions import InhibitionLine, inhibitions
from opsknight.domain.queries.left_alone import LeftAlone, left_alone, substitutes
from opsknight.domain.queries.maintenance import WindowLine
from opsknight.domain.queries.oncall import Duty, begins_again, on_call_now
from opsknight.domain.queries.pages import PageLine, pages
from opsknight.domain.queries.pay import one_offs, pay_rules, sees_all_pay, zone_of_schedule
from opsknight.domain.queries.people import language_of, people
from opsknight.domain.queries.policies import policies as whole_policies
from opsknight.domain.queries.policy_lines import PolicyLine as PolicyDetail
from opsknight.domain.queries.policy_lines import policy_line, policy_lines
from opsknight.domain.queries.policy_warnings import WarningLine, every_warning, warnings
from opsknight.domain.queries.responders import Responders, responders
from opsknight.domain.queries.rooms import room_lines
from opsknight.domain.queries.roster import PersonDetail, RosterLine
from opsknight.domain.queries.rules import RuleLine, rule, rules
from opsknight.domain.queries.schedule_lines import schedule_lines
from opsknight.domain.queries.service_quiet import QuietLine, every_quiet
from opsknight.domain.queries.services import ServiceLine, services
from opsknight.domain.queries.teams import PolicyLine, TeamLine, policies, teams
from opsknight.domain.queries.watchers import WatcherLine, watchers
from opsknight.domain.queries.why import WhyLine, why
from opsknight.ui.pay import Pay
from opsknight.ui.viewer import Viewer

if TYPE_CHECKING:
    from opsknight.deps import Deps


@dataclass(slots=True)
class Told:
    """All that an incident's page tells; `more` continues the story into the past, where there is any."""

    detail: Detail
    pages: Sequence[PageLine]
    asked: Responders
    watchers: Sequence[WatcherLine]
    facts: Sequence[FactLine]
    more: str | None


async def read_incident(deps: Deps, key: str) -> Told:
    """Return the incident of number or id `key` with all that its page tells.

    Raises:
        NotFound: there is none, or the key is neither.
    """
    async with deps.reading() as session:
        incident_id = await incidents.find(session, key)
        story = await incidents.timeline(session, incident_id)
        return Told(
            detail=await incidents.detail(session, incident_id),
            pages=await pages(session, incident_id),
            asked=await responders(session, incident_id),
            watchers=await watchers(session, incident_id),
            facts=story["facts"],
            more=story["more"],
        )


async def read_story(deps: Deps, incident_id: str, *, before: str) -> Timeline:
    """Return what happened to an incident before the cursor `before`, newest first."""
    async with deps.reading() as session:
        return await incidents.timeline(session, UUID(incident_id), before=before)


async def read_why(deps: Deps, incident_id: str, *, user_id: int, viewer_id: int) -> WhyLine:
    """Return why a person was paged for an incident, or was not, told to the viewer."""
    async with deps.reading() as session:
        return await why(session, UUID(incident_id), user_id=user_id, viewer_id=viewer_id, at=deps.clock.now())


async def read_names(deps: Deps) -> Mapping[str, str]:
    """Return everybody's name by their id, in order of name, the deactivated last."""
    async with deps.reading() as session:
        return {str(line["id"]): line["name"] for line in await people(session, at=deps.clock.now(), unset=deps.unset)}


async def read_archived_services(deps: Deps) -> Sequence[ArchivedLine]:
    """Return every archived service by name."""
    async with deps.reading() as session:
        return await archived_services(session)


async def read_services(deps: Deps, *, with_keys: bool) -> Sequence[ServiceLine]:
    """Return every service with its integrations, by name; the keys only `with_keys`."""
    async with deps.reading() as session:
        return await services(session, with_keys=with_keys)


async def read_heartbeats(deps: Deps, *, with_keys: bool) -> Sequence[HeartbeatLine]:
    """Return every heartbeat by name as it stands now; the keys only `with_keys`."""
    async with deps.reading() as session:
        return await heartbeats(session, at=deps.clock.now(), with_keys=with_keys)


async def read_pings(deps: Deps, heartbeat_id: str) -> Sequence[PingLine]:
    """Return the pings of a heartbeat that are kept, newest first."""
    async with deps.reading() as session:
        return await pings(session, UUID(heartbeat_id))


async def read_rules(deps: Deps) -> Sequence[RuleLine]:
    """Return every rule in the order in which they are asked, those of all services first."""
    async with deps.reading() as session:
        return await rules(session)


async def read_rule(deps: Deps, rule_id: int) -> RuleLine:
    """Return one rule.

    Raises:
        NotFound: there is none.
    """
    async with deps.reading() as session:
        return await rule(session, rule_id)


async def read_windows(deps: Deps) -> Sequence[WindowLine]:
    """Return the maintenance windows that run, then those to come, then the newest that are over."""
    async with deps.reading() as session:
        return await maintenance.windows(session, at=deps.clock.now())


async def read_running(deps: Deps) -> Sequence[WindowLine]:
    """Return the maintenance windows that run now."""
    async with deps.reading() as session:
        return await maintenance.running(session, at=deps.clock.now())


async def read_scopes(deps: Deps) -> Mapping[str, str]:
    """Return what a maintenance window can be of."""
    async with deps.reading() as session:
        return await maintenance.scopes(session)


async def read_inhibitions(deps: Deps) -> Sequence[InhibitionLine]:
    """Return every rule of inhibition by name."""
    async with deps.reading() as session:
        return await inhibitions(session)


async def read_changes(deps: Deps) -> Mapping[int, Sequence[ChangeLine]]:
    """Return the last changes of each service, by its id."""
    async with deps.reading() as session:
        return await latest(session, at=deps.clock.now())


async def read_quiet(deps: Deps) -> Mapping[int, QuietLine]:
    """Return how each service pages, by its id."""
    async with deps.reading() as session:
        return await every_quiet(session)


async def read_roster(deps: Deps, *, addresses: bool) -> Sequence[RosterLine]:
    """Return everybody as the page of people shows them; whole mail addresses only with `addresses`."""
    async with deps.reading() as session:
        return await roster.roster(session, at=deps.clock.now(), unset=deps.unset, addresses=addresses)


async def read_person(deps: Deps, user_id: int, *, addresses: bool) -> PersonDetail:
    """Return one person with all that their page tells.

    Raises:
        NotFound: there is no such person.
    """
    async with deps.reading() as session:
        return await roster.person(session, user_id, at=deps.clock.now(), unset=deps.unset, addresses=addresses)


async def read_teams(deps: Deps) -> Sequence[TeamLine]:
    """Return every team with its members and what it owns."""
    async with deps.reading() as session:
        return await teams(session)


@dataclass(frozen=True, slots=True)
class Turns:
    """Who is on call `now`, gaps included, and who will be `then`, when the first of a schedule's people goes.

    `changes_at` says when that is, in epoch seconds: in a gap, when it ends. `teams` names the team of each
    schedule; `people` tells of those on call how a page reaches them.
    """

    now: Sequence[Duty]
    then: Mapping[int, Sequence[Duty]]
    changes_at: Mapping[int, float]
    teams: Mapping[int, str]
    people: Mapping[int, RosterLine]


async def read_turns(deps: Deps, *, you: int) -> Turns:
    """Return who is on call now and who is next, schedule by schedule."""
    at = deps.clock.now()
    async with deps.reading() as session:
        now = await on_call_now(session, at=at, you=you)
        ends: dict[int, float] = {}
        for duty in now:
            if (until := duty["until"]) is not None:
                ends[duty["schedule_id"]] = min(until, ends.get(duty["schedule_id"], until))
            elif (begins := await begins_again(session, duty["schedule_id"], after=at)) is not None:
                ends[duty["schedule_id"]] = begins
        then: dict[int, Sequence[Duty]] = {}
        for end in sorted(set(ends.values())):
            later = await on_call_now(session, at=datetime.fromtimestamp(end, UTC), you=you)
            for schedule_id in (one for one, its in ends.items() if its == end):
                then[schedule_id] = [duty for duty in later if duty["schedule_id"] == schedule_id]
        named = {each["id"]: line["name"] for line in await teams(session) for each in line["schedules"]}
        on_call = {duty["user_id"] for duty in now}
        lines = await roster.roster(session, at=at, unset=deps.unset, addresses=False)
        return Turns(now, then, ends, named, {line["id"]: line for line in lines if line["id"] in on_call})


async def read_team_names(deps: Deps) -> Mapping[str, str]:
    """Return every team's name by its id, as a form offers them."""
    return {str(line["id"]): line["name"] for line in await read_teams(deps)}


async def read_people_names(deps: Deps) -> Mapping[str, str]:
    """Return the name of everybody active by their id, as a form offers them."""
    async with deps.reading() as session:
        return {
            str(line["id"]): line["name"]
            for line in await people(session, at=deps.clock.now(), unset=deps.unset)
            if line["active"]
        }


async def read_policies(deps: Deps) -> Sequence[PolicyLine]:
    """Return every escalation policy, as a form offers them."""
    async with deps.reading() as session:
        return await policies(session)


async def read_policy_lines(deps: Deps) -> Sequence[tuple[PolicyDetail, Sequence[WarningLine]]]:
    """Return every escalation policy as a whole, by name, each with what may go wrong with it."""
    async with deps.reading() as session:
        lines = await policy_lines(session)
        known = await whole_policies(session, [line["id"] for line in lines])
        found = await every_warning(
            session, [known[line["id"]] for line in lines], at=deps.clock.now(), unset=deps.unset
        )
        return list(zip(lines, found, strict=True))


async def read_policy_line(deps: Deps, policy_id: int) -> tuple[PolicyDetail, Sequence[WarningLine]]:
    """Return one escalation policy as a whole, with what may go wrong with it.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    async with deps.reading() as session:
        line = await policy_line(session, policy_id)
        known = await whole_policies(session, [policy_id])
        return line, await warnings(session, known[policy_id], at=deps.clock.now(), unset=deps.unset)


@dataclass(frozen=True, slots=True)
class Askable:
    """Whom a step of a policy can ask, name by id: schedules, people that are active, teams, and rooms to post in."""

    schedules: Mapping[str, str]
    people: Mapping[str, str]
    teams: Mapping[str, str]
    rooms: Mapping[str, str] = field(default_factory=dict[str, str])


async def read_askable(deps: Deps) -> Askable:
    """Return whom the step of a policy can ask."""
    async with deps.reading() as session:
        return Askable(
            schedules={str(line["id"]): line["name"] for line in await schedule_lines(session)},
            people={
                str(line["id"]): line["name"]
                for line in await people(session, at=deps.clock.now(), unset=deps.unset)
                if line["active"]
            },
            teams={str(line["id"]): line["name"] for line in await teams(session)},
            rooms={str(line["id"]): line["name"] for line in await room_lines(session)},
        )


async def read_calendar_links(deps: Deps, user_id: int) -> Sequence[FeedLine]:
    """Return the live calendar links that a person has made, newest first."""
    async with deps.reading() as session:
        return [one for one in await feeds(session, you=user_id, everybody=False) if one["yours"]]


async def read_tokens(deps: Deps, user_id: int) -> Sequence[TokenLine]:
    """Return the API tokens of a person that still count, the newest first."""
    async with deps.reading() as session:
        return await tokens(session, you=user_id, everybody=False, at=deps.clock.now())


async def read_team_links(deps: Deps, viewer: Viewer) -> Mapping[int, Sequence[FeedLine]]:
    """Return the live calendar links of teams that `viewer` may revoke, by team, the newest first."""
    async with deps.reading() as session:
        every = await feeds(session, you=viewer.id, everybody=viewer.may(Need.ADMINISTER))
    found: dict[int, list[FeedLine]] = {}
    for one in every:
        if one["team_id"] is not None:
            found.setdefault(one["team_id"], []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person is reached: contact methods and rules, when they are left alone and who could be paged instead."""

    methods: Sequence[ContactMethodLine]
    rules: Sequence[OwnRuleLine]
    left_alone: LeftAlone
    substitutes: Mapping[int, str]
    language: str = ENGLISH


async def read_reach(deps: Deps, user_id: int) -> Reach:
    """Return how a person is reached."""
    async with deps.reading() as session:
        at = deps.clock.now()
        return Reach(
            methods=await contact_methods(session, user_id, at=at),
            rules=await notification_rules(session, user_id),
            left_alone=await left_alone(session, user_id, at=at),
            substitutes=await substitutes(session, but=user_id),
            language=await language_of(session, user_id),
        )


async def read_schedule_names(deps: Deps) -> Mapping[str, str]:
    """Return every schedule's name by its id, in order of name."""
    async with deps.reading() as session:
        return await schedule_names(session)


async def read_pay(deps: Deps, user_id: int, schedule_id: int) -> Pay:
    """Return what a schedule pays, as a person may see it.

    Raises:
        NotFound: there is no such schedule.
    """
    async with deps.reading() as session:
        all_of_it = await sees_all_pay(session, user_id, schedule_id)
        once = await one_offs(session, schedule_id, only=None if all_of_it else user_id)
        return Pay(await pay_rules(session, schedule_id), once, all_of_it)


async def read_fairness(deps: Deps, *, schedule_id: int | None, since: str | None, until: str | None) -> Fairness:
    """Return what each person carried from the day `since` until before the day `until`, over one schedule or all.

    Raises:
        NotFound: there is no such schedule.
        BadPeriod: the days cannot be read, or there is nothing between them.
    """
    async with deps.reading() as session:
        zone = ZoneInfo("UTC") if schedule_id is None else await zone_of_schedule(session, schedule_id)
        start, end = period(since, until, zone=zone, now=deps.clock.now())
        return await fairness(session, start=start, end=end, schedule_id=schedule_id)
