"""Where an event belongs once rules may send it to another service, or under another key.

Its own place (the service and key by which its monitor knows it) is looked up before any rule is heard: what is open
there, or where it was sent, gets the event. Only a trigger that finds nothing open goes where the rules say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import asyncpg

from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.commands.rulings import Rulings
from opsknight.domain.model.event import MAX_DEDUP_KEY, Action, Event, Unreadable, dedup_sha
from opsknight.domain.model.intake import OWN_KEYS
from opsknight.domain.model.rule_set import Ruling
from opsknight.domain.model.ruled import RuledEvent, ruled
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import ruling as sql
from opsknight.domain.store.arrivals import columns

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Own: TypeAlias = tuple[int, bytes]
"""The service of an event's integration, and the hash of the key that its monitor gave it."""
_HASH_LENGTH: Final = 64


@dataclass(slots=True)
class _Standing:
    """What is open at an event's own place, and where it was sent."""

    own_open: bool = False
    service_id: int | None = None
    dedup_key: str = ""
    sent_open: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether it was ever sent elsewhere."""
        return self.service_id is not None


async def placed(connection: Connection, rulings: Rulings) -> Rulings:
    """Put every event of the batch where it belongs."""
    owns = [
        (delivery.integration.service_id, dedup_sha(event.dedup_key))
        for delivery in rulings.deliveries
        if delivery.integration.reroutes
        for event in delivery.events
        if isinstance(event, Event)
    ]
    rows = await connection.fetch(sql.SENT, *columns(list(dict.fromkeys(owns)), 2))
    standings = {
        (row["service_id"], row["sha"]): _Standing(
            row["own_open"], row["to_service_id"], row["dedup_key"] or "", row["sent_open"]
        )
        for row in rows
    }
    rulings.deliveries = [
        _delivery(delivery, standings, rulings) if delivery.integration.reroutes else delivery
        for delivery in rulings.deliveries
    ]
    return rulings


def _delivery(delivery: Delivery, standings: dict[Own, _Standing], rulings: Rulings) -> Delivery:
    events = [_event(event, delivery.integration, standings, rulings) for event in delivery.events]
    return replace(delivery, events=tuple(events))


def _event(
    event: Event | Unreadable, integration: Integration, standings: dict[Own, _Standing], rulings: Rulings
) -> Event | Unreadable:
    if isinstance(event, Unreadable) or event.dedup_key.startswith(OWN_KEYS):
        return event
    own = integration.service_id, dedup_sha(event.dedup_key)
    standing = standings.setdefault(own, _Standing())
    is_trigger = event.action is Action.TRIGGER
    if is_trigger and not standing.own_open and not standing.sent_open:
        _send(event, integration, standing)
        if standing.is_sent:
            rulings.sent[own] = (standing.service_id or 0, dedup_sha(standing.dedup_key), standing.dedup_key)
    goes_elsewhere = standing.is_sent and not standing.own_open and _is_known(standing, integration)
    if event.action is Action.RESOLVE:
        standing.own_open = standing.sent_open = False
    return _moved(event, standing, integration) if goes_elsewhere else event


def _send(event: Event, integration: Integration, standing: _Standing) -> None:
    """Note where a trigger goes that finds nothing open.

    One that is dropped opens nothing there, nor does one that is counted, but for the one that reaches the number:
    which that is shows only later, so what follows it in its batch goes where the rules say of itself.
    """
    place = _place(event, integration)
    standing.service_id, standing.dedup_key = place or (None, "")
    opens = not (isinstance(event, RuledEvent) and (event.ruling.dropped or event.ruling.countings))
    standing.sent_open, standing.own_open = opens and place is not None, opens and place is None


def _place(event: Event, integration: Integration) -> tuple[int, str] | None:
    """Return the service and key that rules give an event, None where they leave both."""
    if not isinstance(event, RuledEvent):
        return None
    ruling, own_key = event.ruling, event.said.dedup_key
    to = ruling.service_id if ruling.service_id in integration.elsewhere else None
    if ruling.event.dedup_key != own_key:
        return to or integration.service_id, _bounded(f"rule:{ruling.event.dedup_key}")
    if to is None or to == integration.service_id:
        return None
    return to, _bounded(f"from:{integration.service_id}:{own_key}")


def _bounded(key: str) -> str:
    if len(key) <= MAX_DEDUP_KEY:
        return key
    return key[: MAX_DEDUP_KEY - _HASH_LENGTH] + dedup_sha(key).hex()


def _is_known(standing: _Standing, integration: Integration) -> bool:
    return standing.service_id == integration.service_id or standing.service_id in integration.elsewhere


def _moved(event: Event, standing: _Standing, integration: Integration) -> RuledEvent:
    known = event if isinstance(event, RuledEvent) else ruled(event, Ruling(event))
    to = None if standing.service_id == integration.service_id else standing.service_id
    return replace(known, dedup_key=standing.dedup_key, service_id=to)


def any_reroutes(deliveries: Sequence[Delivery]) -> bool:
    """Return whether an event of the batch may belong elsewhere."""
    return any(delivery.integration.reroutes for delivery in deliveries)
