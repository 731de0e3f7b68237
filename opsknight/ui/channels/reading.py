"""What the page of channels reads, in one short read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opsknight import readiness
from opsknight.domain.model.budget import Budget
from opsknight.domain.model.canary import OWN
from opsknight.domain.model.channel import ChannelKind
from opsknight.domain.model.permission import Need
from opsknight.domain.model.teams import CHANNEL
from opsknight.domain.queries.canaries import CanaryLine, SpellLine, own, spells, standings
from opsknight.domain.queries.costs import CostLine, costs, this_month
from opsknight.domain.queries.notifications import troubles
from opsknight.domain.queries.rooms import RoomLine, room_lines
from opsknight.domain.queries.sendings import SendingLine, sendings
from opsknight.domain.queries.teams import TeamLine, teams
from opsknight.ui.viewer import Viewer

if TYPE_CHECKING:
    from opsknight.deps import Deps


_APPS: Final[Mapping[str, str]] = {CHANNEL: "/api/v1/channels/teams_bot/app"}


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whether OpsKnight vouches for itself: why not (empty: it does), its newest canary, and when it was blind.

    `watched` says that somebody outside is told, and pages when nothing is heard.
    """

    doubts: str
    last_at: float | None
    took_s: float | None
    spells: Sequence[SpellLine]
    watched: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How one channel does: why it is in trouble (empty: it is not), its carriers' last hour, and its canary.

    `app` is where its reader fetches what has to be installed in the chat, empty where nothing has, or not by them.
    """

    kind: ChannelKind
    trouble: str = ""
    sendings: Sequence[SendingLine] = ()
    canary: CanaryLine | None = None
    app: str = ""


@dataclass(frozen=True, slots=True)
class Costs:
    """What texts and calls have cost: each month's, this month's by currency, and what a month may cost.

    `unpriced` are the channels of which nobody tells what a message costs, with the settings that would.
    """

    months: Sequence[CostLine]
    this_month: Mapping[str, float]
    budget: Budget | None
    unpriced: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True, slots=True)
class Told:
    """All that the page tells. `managed` (id → name) are the teams whose rooms the reader arranges.

    `costs` is None where the reader does not see them.
    """

    vouched: Vouched
    standings: Sequence[Standing]
    rooms: Sequence[RoomLine]
    managed: Mapping[int, str]
    costs: Costs | None


async def read_channels(deps: Deps, viewer: Viewer) -> Told:
    """Return all that the page tells `viewer`."""
    now, doubts = deps.clock.now(), await readiness.doubts(deps)
    async with deps.reading() as session:
        flight = await own(session)
        vouched = Vouched(
            doubts=doubts,
            last_at=flight.taken_at.timestamp() if flight is not None and flight.taken_at is not None else None,
            took_s=flight.lag.total_seconds() if flight is not None and flight.lag is not None else None,
            spells=await spells(session),
            watched=bool(deps.settings.heartbeat_url),
        )
        lately, failing = await sendings(session, at=now), await troubles(session, now=now)
        canaries = {line["channel"]: line for line in await standings(session, at=now)}
        every = [
            Standing(
                kind,
                failing.get(slug, ""),
                [line for line in lately if line["channel"] == slug],
                canaries.get(slug),
                _APPS.get(slug, "") if viewer.may(Need.ADMINISTER) else "",
            )
            for slug, kind in deps.channels.items()
            if slug != OWN
        ]
        return Told(
            vouched=vouched,
            standings=every,
            rooms=await room_lines(session),
            managed=managed(viewer, await teams(session)),
            costs=Costs(
                await costs(session, now=now),
                await this_month(session, now=now),
                deps.settings.budget,
                {slug: kind.unpriced for slug, kind in deps.channels.items() if kind.unpriced},
            )
            if viewer.may(Need.ADMINISTER)
            else None,
        )


def managed(viewer: Viewer, lines: Sequence[TeamLine]) -> Mapping[int, str]:
    """Return the teams whose rooms `viewer` arranges: an admin all, a manager their own."""
    return {
        line["id"]: line["name"]
        for line in lines
        if viewer.may(Need.ADMINISTER)
        or (
            viewer.may(Need.MANAGE_TEAM)
            and any(member["id"] == viewer.id and member["manages"] for member in line["members"])
        )
    }
