"""What if: an event and an instant, and the whole future of it, by the functions that page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.policies import Document
from opsknight.api.supposed_events import EventWish, Payload, Supposed, supposed
from opsknight.api.wishes import Id
from opsknight.deps import Deps
from opsknight.domain.commands.foreseeing import Case, Fired, Future, Message, foresee
from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import OPSKNIGHT, sentence, span
from opsknight.domain.model.permission import Need
from opsknight.domain.model.policy_check import BadPolicy, check
from opsknight.domain.queries.catalogue import Integration, sender_to
from opsknight.domain.queries.what_if import opening, with_policy
from opsknight.errors import Invalid

AHEAD: Final = timedelta(days=400)
"""How far into the future one may ask."""
_ROUNDS: Final = "The safety net goes on until then."
_NOT_SAVED: Final = -1
"""The number of a policy that has none yet: its steps take turns from the first target on."""


class Wish(BaseModel):
    """A service, an event, and when: now, unless another instant is said.

    The event stands in `event`, or in `payload` as the monitor of an integration of the service sends it: of the one
    that `integration_id` says, else of its only one. `urgency` decides instead of the service; `policy` instead of its
    policy: one that is not saved yet.
    """

    service_id: Id
    at: AwareDatetime | None = None
    event: EventWish | None = None
    payload: Payload | None = None
    integration_id: Id | None = None
    urgency: Urgency | None = None
    policy: Document | None = None


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/what-if."""
    routes = APIRouter(prefix="/api/v1/what-if", tags=["policies"])

    @routes.post("", dependencies=[needs(Need.SEE)])
    async def what_if(wish: Wish, viewer: SignedIn) -> Response:
        """Return what an event would lead to as long as nobody acknowledges it: who, when, by which channel."""
        return plain_json(await _told(deps, wish, viewer.actor))

    return routes


async def _told(deps: Deps, wish: Wish, actor: str) -> dict[str, Any]:
    now = deps.clock.now()
    at = now if wish.at is None else wish.at.astimezone(UTC)
    if not now - timedelta(minutes=5) <= at <= now + AHEAD:
        raise Invalid(f"Say an instant from now on and at most {AHEAD.days} days away.")
    if wish.event is not None and wish.payload is not None:
        raise Invalid("Send an event in OpsKnight's own form or a payload as its monitor sends it, not both.")
    async with deps.supposing(actor, at=at) as uow:
        sender = await sender_to(uow.session, wish.service_id, integration_id=wish.integration_id, at=at)
        read = supposed(wish.event or EventWish(), wish.payload, sender, at=at)
        if read.event is None or not read.triggers:
            return _quiet(read, sender, at=at)
        found = await opening(uow.session, sender=sender, event=read.event, at=at, urgency=wish.urgency)
        if wish.policy is not None:
            found = with_policy(found, _checked(wish.policy))
        told = {
            "at": at.timestamp(),
            "service": found.service,
            "read": read.read,
            "title": found.title,
            "severity": found.severity,
            "urgency": found.urgency,
            "policy": found.policy.name,
            "pages_at": None if found.pages_at is None else found.pages_at.timestamp(),
            "reasons": list(found.reasons),
        }
        if found.pages_at is None:
            return {**told, "entries": [], "goes_on": False}
        case = Case(
            title=found.title,
            urgency=found.urgency,
            policy=found.policy,
            team_id=found.team_id,
            opens_at=found.pages_at,
            priority=found.priority,
            support_hours=found.support_hours,
            gets_loud=found.gets_loud,
        )
        future = await foresee(uow, case)
    return {**told, "entries": list(_entries(future, since=found.pages_at)), "goes_on": future.goes_on}


def _quiet(read: Supposed, sender: Integration, *, at: datetime) -> dict[str, Any]:
    """Return the answer about what opens nothing."""
    return {
        "at": at.timestamp(),
        "service": sender.service,
        "read": read.read,
        "title": read.event.title if read.event else "",
        "severity": None,
        "urgency": None,
        "policy": None,
        "pages_at": None,
        "reasons": [read.quiet],
        "entries": [],
        "goes_on": False,
    }


def _checked(document: Document) -> Policy:
    policy = document.policy
    try:
        check(policy)
    except BadPolicy as refusal:
        raise Invalid(str(refusal)) from refusal
    return replace(policy, id=_NOT_SAVED)


def _entries(future: Future, *, since: datetime) -> Iterator[dict[str, Any]]:
    """Yield what a person reads, firing by firing: what is recorded, then the messages that follow from it."""
    for fired in future.fired:
        is_net = fired.kind == "safety_net"
        yield {
            "at": fired.at.timestamp(),
            "after_s": (fired.at - since).total_seconds(),
            "kind": "net" if is_net else "step",
            "step": None if is_net else fired.step + 1,
            "round": None if is_net else fired.lap + 1,
            "sentences": [
                *([_ROUNDS] if fired.goes_round else []),
                *(sentence(fact["kind"], OPSKNIGHT, fact["data"]) for fact in fired.facts),
            ],
            "messages": [_message(future, fired, message, since=since) for message in fired.messages],
        }


def _message(future: Future, fired: Fired, message: Message, *, since: datetime) -> dict[str, Any]:
    who = future.rooms[message.contact_method_id] if message.user_id is None else future.people[message.user_id]
    cut_at, cut_by = message.cut_by or (None, None)
    return {
        "user_id": message.user_id,
        "user": who.name,
        "channel": message.channel,
        "at": message.due_at.timestamp(),
        "after_s": (message.due_at - since).total_seconds(),
        "delayed": span((message.due_at - fired.at).total_seconds()) if message.due_at > fired.at else None,
        "held_until": None if message.held_until is None else message.held_until.timestamp(),
        "cut_at": None if cut_at is None else cut_at.timestamp(),
        "cut_by": cut_by,
    }
