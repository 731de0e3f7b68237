"""Who may do what: one pure function for routes, commands, links and ingest keys alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from opsknight.domain.model.speech import later, say


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
    """The one verb that whoever was paged may do as well, for that incident, by whatever answers the page."""
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
    """People, settings, the ledger's checks and the metrics of the installation."""
    LET_IN = "let in"
    """Who can sign in, by which mail address and in which role: what a token must not do, for it would outlive it."""


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
class TokenBearer:
    """The bearer of an API token: may do what its person may, but nothing to their account, and lets nobody in."""

    person: Person


@dataclass(frozen=True, slots=True)
class IngestKey:
    """The bearer of an integration's key."""

    integration_id: int


@dataclass(frozen=True, slots=True)
class AcknowledgeLink:
    """Whoever answers a page of this incident that went to `user_id`: by link, button, text or key in a call."""

    incident_id: UUID
    user_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class Machine:
    """OpsKnight itself: a timer, the auditor, the command line on the server."""

    name: str


Actor = Anonymous | Person | TokenBearer | IngestKey | AcknowledgeLink | Machine


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is permitted; when it is not, `sentence` says why and what now, in the language spoken here."""

    permitted: bool
    sentence: str = ""
    sign_in: bool = False

    def __bool__(self) -> bool:
        """Be true when it is permitted."""
        return self.permitted


_YES = Decision(permitted=True)
_EVERYONE = frozenset(Role)
_OWN = frozenset({Need.SIGNED_IN, Need.OWN_METHODS})
"""What is about the account of whoever asks."""
_IN_PERSON = _OWN | {Need.LET_IN}
"""What no token does: whoever finds one could sign in by it, and have the pages of its person sent elsewhere."""
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
    Need.LET_IN: frozenset({Role.ADMIN}),
}
_WISHES: dict[Need, str] = {
    Need.SIGNED_IN: later("use this page"),
    Need.OWN_METHODS: later("change contact methods"),
    Need.SEE: later("see incidents"),
    Need.RESPOND: later("respond to incidents"),
    Need.ACKNOWLEDGE: later("acknowledge incidents"),
    Need.OPEN_INCIDENT: later("open incidents"),
    Need.PLAN_MAINTENANCE: later("plan maintenance"),
    Need.ARRANGE_COVER: later("change who is on call"),
    Need.SEND_EVENTS: later("send events"),
    Need.CONFIGURE: later("change services, policies and schedules"),
    Need.MANAGE_TEAM: later("change teams and what they own"),
    Need.ADMINISTER: later("administer OpsKnight"),
    Need.LET_IN: later("decide who signs in here, and in which role"),
}
_CANNOT: dict[Role, str] = {
    Role.ADMIN: later("An admin cannot {wish}; ask {whom}."),
    Role.MANAGER: later("A manager cannot {wish}; ask {whom}."),
    Role.RESPONDER: later("A responder cannot {wish}; ask {whom}."),
    Role.OBSERVER: later("An observer cannot {wish}; ask {whom}."),
}


def permits(actor: Actor, need: Need, *, incident_id: UUID | None = None) -> Decision:
    """Decide whether `actor` may do what `need` names, on `incident_id` where it is about one.

    An API token does what its person may, but nothing to their account, and lets nobody in; who finds one cannot have
    their pages sent elsewhere. An ingest key sends events and does nothing else; an acknowledge link acknowledges its
    own incident and does nothing else; OpsKnight itself may do all but what needs an account.
    """
    if need is Need.NOTHING:
        return _YES
    match actor:
        case Person():
            return _person(actor, need)
        case TokenBearer():
            return _by_token(actor.person, need)
        case Anonymous():
            return Decision(permitted=False, sentence=say("Sign in to {wish}.", wish=say(_WISHES[need])), sign_in=True)
        case IngestKey() if need is not Need.SEND_EVENTS:
            return _no(say("An integration key can only send events, not {wish}.", wish=say(_WISHES[need])))
        case AcknowledgeLink() if need is not Need.ACKNOWLEDGE or incident_id != actor.incident_id:
            return _no(say("This link acknowledges one incident only; sign in to do more."))
        case Machine() if need in _OWN:
            return _no(say("Only a person can {wish}, not {name}.", wish=say(_WISHES[need]), name=actor.name))
        case IngestKey() | AcknowledgeLink() | Machine():
            return _YES


def permits_team(actor: Actor, team: str, *, manages: bool, need: Need = Need.MANAGE_TEAM) -> Decision:
    """Decide whether `actor` may do what `need` names to the team called `team` or to what it owns.

    `manages` says that the team is theirs: managers change what their own teams own, admins all.
    """
    decision, person = permits(actor, need), actor.person if isinstance(actor, TokenBearer) else actor
    if not decision or not isinstance(person, Person) or person.role is Role.ADMIN or manages:
        return decision
    return _no(say("You do not manage the team {team}; ask one of its managers or an admin.", team=team))


def may_manage(role: Role) -> bool:
    """Say whether somebody of this role can be a manager of a team."""
    return role in _ROLES[Need.MANAGE_TEAM]


def may_respond(role: Role) -> bool:
    """Say whether somebody of this role can act on an incident, whether or not they were paged for it."""
    return role in _ROLES[Need.RESPOND]


def _person(person: Person, need: Need) -> Decision:
    if not person.active:
        return _no(say("This account is deactivated; ask an admin to activate it."))
    roles = _ROLES[need]
    if person.role in roles:
        return _YES
    if not roles:
        return _no(say("Events are sent with an integration key, not with a sign-in."))
    return _no(say(_CANNOT[person.role], wish=say(_WISHES[need]), whom=_who(roles)))


def _by_token(person: Person, need: Need) -> Decision:
    if need is Need.SIGNED_IN:
        return _no(say("An API token cannot touch the account of its person; sign in to do it."))
    if need in _IN_PERSON:
        return _no(say("An API token cannot {wish}; sign in to do it.", wish=say(_WISHES[need])))
    return _person(person, need)


def _no(sentence: str) -> Decision:
    return Decision(permitted=False, sentence=sentence)


def _who(roles: frozenset[Role]) -> str:
    """Return the least of `roles` in words: whom to ask."""
    if Role.RESPONDER in roles:
        return say("a responder")
    return say("a manager") if Role.MANAGER in roles else say("an admin")
