"""Integrations: how what a monitor sends is understood, and by which secret it is believed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from opsknight.domain.commands.authority import require, require_for_service, require_team
from opsknight.domain.commands.integration_keys import KEY_BYTES
from opsknight.domain.commands.live_services import live_service
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import IntegrationRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MAPPED: Final = "generic"
"""The provider whose JSON may be anybody's; the others' format is known."""
MAX_NAME: Final = 100
MAILED: Final = "email"
"""The provider whose events are mails."""


@dataclass(frozen=True, slots=True)
class Added:
    """A new integration, its key, and the sentence that says so."""

    id: int
    key: str
    sentence: str


async def add(uow: UnitOfWork, service_id: int, *, provider: str, name: str) -> Added:
    """Let a monitor of the kind `provider` speak for a service, by a key of its own; whoever calls knows the kinds.

    Raises:
        NotFound: there is no such service.
        Conflict: it is archived.
        Invalid: the name cannot be used.
    """
    await require(uow, Need.MANAGE_TEAM)
    service = await live_service(uow, service_id)
    if service is None:
        raise NotFound("There is no such service.")
    await require_team(uow, await uow.session.get_one(TeamRow, service.team_id))
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"An integration needs a name of at most {MAX_NAME} characters, such as “Prometheus, Frankfurt”.")
    row = IntegrationRow(service_id=service_id, provider=provider, name=name, key=secrets.token_hex(KEY_BYTES))
    row.created_at = uow.now
    uow.session.add(row)
    await uow.session.flush()
    _record(uow, row, f"the integration {name} of {service.name} (new)")
    return Added(row.id, row.key, f"“{name}” can send events for “{service.name}” now.")


async def map_fields(uow: UnitOfWork, integration_id: int, mapping: Mapping[str, Any]) -> None:
    """Find our fields in what `integration_id` receives by `mapping` from now on; {} is the generic format itself.

    Raises:
        NotFound: there is no such integration.
        Conflict: its provider has a format of its own.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, integration_id)
    if row.provider != MAPPED:
        raise Conflict(f"“{row.name}” has the format of {row.provider}; only generic integrations have a mapping.")
    if row.mapping == mapping:
        return
    row.mapping = dict(mapping)
    _record(uow, row, f"the field mapping of {row.name}")


async def set_mail_conditions(uow: UnitOfWork, integration_id: int, conditions: Mapping[str, Any]) -> None:
    """Read the mails of `integration_id` by `conditions` from now on; {} leaves the words that everybody uses.

    Raises:
        NotFound: there is no such integration.
        Conflict: it takes no mail.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, integration_id)
    if row.provider != MAILED:
        raise Conflict(f"“{row.name}” takes no mail, so it has no conditions for mails.")
    if row.mapping == conditions:
        return
    row.mapping = dict(conditions)
    _record(uow, row, f"the conditions for mails of {row.name}")


async def set_secret(uow: UnitOfWork, integration_id: int, secret: str, *, keep_former: bool = False) -> None:
    """Believe what `integration_id` receives only with `secret` from now on; "" ends that nothing else is believed.

    With `keep_former` the secret that it had counts as well, until `end_former_secret` or the next
    call without: so that the monitor can be given the new one without a gap. The ledger says that
    it changed, never to what.

    Raises:
        NotFound: there is no such integration.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, integration_id)
    former = ""
    if secret and keep_former:
        former = row.former_secret if secret == row.secret else row.secret
    if (row.secret, row.former_secret) == (secret, former):
        return
    row.secret, row.former_secret = secret, former
    kept = "; the former one still counts" if former else ""
    _record(uow, row, f"the secret of {row.name}{kept if secret else ': there is none now, so nothing is checked'}")


async def end_former_secret(uow: UnitOfWork, integration_id: int) -> None:
    """Believe what `integration_id` receives only with its current secret from now on.

    Raises:
        NotFound: there is no such integration.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, integration_id)
    if row.former_secret:
        row.former_secret = ""
        _record(uow, row, f"the secret of {row.name}: the former one counts no more")


async def _locked(uow: UnitOfWork, integration_id: int) -> IntegrationRow:
    held = select(IntegrationRow).where(IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None))
    row = await uow.session.scalar(held.with_for_update(key_share=True))
    if row is None:
        raise NotFound("There is no such integration.")
    await require_for_service(uow, row.service_id)
    return row


def _record(uow: UnitOfWork, row: IntegrationRow, name: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"integration:{row.id}", name=name)
