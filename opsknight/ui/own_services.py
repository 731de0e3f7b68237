"""Services of whose monitors, heartbeats and rules a reader may change something: those of the teams they manage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsknight.domain.model.permission import Need
from opsknight.ui.reading import read_services, read_teams
from opsknight.ui.services import their_teams
from opsknight.ui.viewer import Viewer

if TYPE_CHECKING:
    from opsknight.deps import Deps


async def read_own_services(deps: Deps, viewer: Viewer) -> Mapping[str, str]:
    """Return their names by their ids; an admin may change every service."""
    if not viewer.may(Need.CONFIGURE):
        return {}
    theirs = their_teams(viewer, await read_teams(deps))
    lines = await read_services(deps, with_keys=False)
    return {str(line["id"]): line["name"] for line in lines if str(line["team_id"]) in theirs}
