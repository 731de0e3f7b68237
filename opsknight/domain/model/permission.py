"""Who may do what: one pure function for routes, commands, links and ingest keys alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person is in this installation."""

    ADMIN = "admin"
    MANAGER = "manager"
    RESPONDER = "responder"
    OBSERVER = "observer"


class Need(StrEnum):
    """What a route or command asks of the one who calls it."""

    NOTHING = "nothing"
    """Open to anyone: health, the sign-in pages, the manifest and the assets."""
    SIGNED_IN = "signed in"
    """Any active person, about their own account: sign out, who am I."""
    OWN_METHODS = "own contact methods"
    """Any active person: their own contact methods, push subscriptions and a test page to themselves."""
    SEE = "see"
    """Read the board, incidents, services and people."""
    RESPOND = "respond"
    """Every verb on an incident."""
    ACKNOWLEDGE = "acknowledge"
    """The one verb that a link in a page may do as well, for its own incident."""
    OPEN_INCIDENT = "open an incident"
    PLAN_MAINTENANCE = "plan maintenance"
    """Windows in which what is planned to break pages nobody."""
    ARRANGE_COVER = "arrange cover"
    """Overrides, swaps and leave: who is on call instead."""
    SEND_EVENTS = "send events"
    """What an integration's key is for."""
    CONFIGURE = "configure"
    """Services, policies, schedules and integrations; of whose team a policy or schedule is, `permits_team` decides."""
    MANAGE_TEAM = "manage a team"
    """A team's members and its services; who is no admin must manage that team, which `permits_team` decides."""
    ADMINISTER = "administer"
    """People, roles, settings, the ledger's checks and the metrics of the installation."""


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Somebody who has not signed in."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user; one who is not active may do nothing."""

    id: int
    role: Role
    active: bool = True


@dataclass(frozen=True, slots=True)
class IngestKey:
    """The bearer of an integration's key."""

    integration_id: int


@dataclass(frozen=True, slots=True)
class AcknowledgeLink:
    """The bearer of a link or button that a page of this incident carried to `user_id`."""

    incident_id: UUID
    user_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class Machine:
    """OpsKnight itself: a timer, the auditor, the command line on the server."""

    name: str


Actor = Anonymous | Person | IngestKey | AcknowledgeLink | Machine


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is permitted; when it is not, `sentence` says why and what now, for a person."""

    permitted: bool
    sentence: str = ""
    sign_in: bool = False

    def __bool__(self) -> bool:
        """Be true when it is permitted."""
        return self.permitted


_YES = Decision(permitted=True)
_EVERYONE = frozenset(Role)
_RESPONDERS = frozenset({Role.ADMIN, Role.MANAGER, Role.RESPONDER})
_ROLES: dict[Need, frozenset[Role]] = {
    Need.SIGNED_IN: _EVERYONE,
    Need.OWN_METHODS: _EVERYONE,
    Need.SEE: _EVERYONE,
    Need.RESPOND: _RESPONDERS,
    Need.ACKNOWLEDGE: _RESPONDERS,
    Need.OPEN_INCIDENT: _RESPONDERS,
    Need.PLAN_MAINTENANCE: _RESPONDERS,
    Need.ARRANGE_COVER: _RESPONDERS,
    Need.SEND_EVENTS: frozenset(),
    Need.CONFIGURE: frozenset({Role.ADMIN, Role.MANAGER}),
    Need.MANAGE_TEAM: frozenset({Role.ADMIN, Role.MANAGER}),
    Need.ADMINISTER: frozenset({Role.ADMIN}),
}
_WISHES: dict[Need, str] = {
    Need.SIGNED_IN: "use this page",
    Need.OWN_METHODS: "change contact methods",
    Need.SEE: "see incidents",
    Need.RESPOND: "respond to incidents",
    Need.ACKNOWLEDGE: "acknowledge incidents",
    Need.OPEN_INCIDENT: "open incidents",
    Need.PLAN_MAINTENANCE: "plan maintenance",
    Need.ARRANGE_COVER: "change who is on call",
    Need.SEND_EVENTS: "send events",
    Need.CONFIGURE: "change services, policies and schedules",
    Need.MANAGE_TEAM: "change teams and what they own",
    Need.ADMINISTER: "administer OpsKnight",
}


def permits(actor: Actor, need: Need, *, incident_id: UUID | None = None) -> Decision:
    """Decide whether `actor` may do what `need` names, on `incident_id` where it is about one.

    An ingest key sends events and does nothing else; an acknowledge link acknowledges its own
    incident and does nothing else; OpsKnight itself may do all but what needs an account.
    """
    if need is Need.NOTHING:
        return _YES
    match actor:
        case Person():
            return _person(actor, need)
        case Anonymous():
            return Decision(permitted=False, sentence=f"Sign in to {_WISHES[need]}.", sign_in=True)
        case IngestKey():
            return _only(need is Need.SEND_EVENTS, f"An integration key can only send events, not {_WISHES[need]}.")
        case AcknowledgeLink():
            return _only(
                need is Need.ACKNOWLEDGE and incident_id == actor.incident_id,
                "This link acknowledges one incident only; sign in to do more.",
            )
        case Machine():
            return _only(
                need not in (Need.SIGNED_IN, Need.OWN_METHODS), f"Only a person can {_WISHES[need]}, not {actor.name}."
            )


def permits_team(actor: Actor, team: str, *, manages: bool, need: Need = Need.MANAGE_TEAM) -> Decision:
    """Decide whether `actor` may do what `need` names to the team called `team` or to what it owns.

    `manages` says that the team is theirs: managers change what their own teams own, admins all.
    """
    decision = permits(actor, need)
    if not decision or not isinstance(actor, Person) or actor.role is Role.ADMIN or manages:
        return decision
    return Decision(
        permitted=False, sentence=f"You do not manage the team {team}; ask one of its managers or an admin."
    )


def may_manage(role: Role) -> bool:
    """Say whether somebody of this role can be a manager of a team."""
    return role in _ROLES[Need.MANAGE_TEAM]


def _person(person: Person, need: Need) -> Decision:
    if not person.active:
        return Decision(permitted=False, sentence="This account is deactivated; ask an admin to activate it.")
    roles = _ROLES[need]
    if person.role in roles:
        return _YES
    if not roles:
        return Decision(permitted=False, sentence="Events are sent with an integration key, not with a sign-in.")
    return Decision(
        permitted=False,
        sentence=f"{_article(person.role)} cannot {_WISHES[need]}; ask {_who(roles)}.",
    )


def _only(permitted: bool, sentence: str) -> Decision:  # noqa: FBT001  # reads as: only if … else …
    return _YES if permitted else Decision(permitted=False, sentence=sentence)


def _article(role: Role) -> str:
    return f"An {role}" if role in (Role.ADMIN, Role.OBSERVER) else f"A {role}"


def _who(roles: frozenset[Role]) -> str:
    """Return the least of `roles` in words: whom to ask."""
    if Role.RESPONDER in roles:
        return "a responder"
    return "a manager" if Role.MANAGER in roles else "an admin"
