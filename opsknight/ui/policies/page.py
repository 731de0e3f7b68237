"""The routes of /policies: the list, the editor of one, and a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.policy_lines import PolicyLine
from opsknight.domain.queries.policy_warnings import WarningLine
from opsknight.errors import NotFound
from opsknight.ui.assets import asset
from opsknight.ui.foresight import SCRIPT as FORESIGHT
from opsknight.ui.foresight import STYLES as FORESEEN
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.empty import empty
from opsknight.ui.policies import editor, listed, read_only
from opsknight.ui.reading import read_askable, read_policy_line, read_policy_lines, read_services, read_teams
from opsknight.ui.services import their_teams
from opsknight.ui.viewer import Viewer, signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/policies"
_STYLES: Final = ("people.css", FORESEEN, "policies.css")
_SCRIPTS: Final = (FORESIGHT, "policies.js")


def mount(deps: Deps) -> None:
    """Serve the list at /policies and the editor under it."""

    @page(PATH, title="Policies")
    async def policies_page() -> None:
        viewer = await signed_in(deps)
        teams = await _theirs(deps, viewer)
        ui.add_head_html(head())
        with frame("Policies", viewer, path="/people"):
            listed.show(await read_policy_lines(deps), may_make=bool(teams))

    @page(PATH + "/new", title="New policy")
    async def new_page() -> None:
        viewer = await signed_in(deps)
        teams = await _theirs(deps, viewer)
        if not teams:
            _absent(viewer, "Policies are made by who manages a team, and by admins; ask one of them.")
            return
        await _edit(deps, viewer, None, (), teams)

    @page(PATH + "/{policy_id}")
    async def policy_page(policy_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            number = int(policy_id) if policy_id.isdecimal() and len(policy_id) < 18 else 0
            line, found = await read_policy_line(deps, number)
        except NotFound as refusal:
            _absent(viewer, refusal.sentence)
            return
        teams = await _theirs(deps, viewer)
        if str(line["team_id"]) in teams:
            await _edit(deps, viewer, line, found, teams)
            return
        services = await _services(deps, line)
        ui.add_head_html(head())
        with frame(line["name"], viewer, path="/people"):
            read_only.show(line, found, services=services)


def head() -> str:
    """Return what stands in the head of the page besides."""
    styles = "".join(f'<link rel="stylesheet" href="{asset(name)}">' for name in _STYLES)
    return styles + "".join(f'<script defer src="{asset(name)}"></script>' for name in _SCRIPTS)


async def _edit(
    deps: Deps, viewer: Viewer, line: PolicyLine | None, found: Sequence[WarningLine], teams: Mapping[str, str]
) -> None:
    services, askable = await _services(deps, line), await read_askable(deps)
    ui.add_head_html(head())
    with frame("New policy" if line is None else line["name"], viewer, path="/people"):
        editor.show(line, found, teams=teams, services=services, askable=askable, zone=viewer.zone)


async def _theirs(deps: Deps, viewer: Viewer) -> Mapping[str, str]:
    """Return the names of the teams whose policies `viewer` may change, by their ids."""
    return their_teams(viewer, await read_teams(deps)) if viewer.may(Need.CONFIGURE) else {}


async def _services(deps: Deps, line: PolicyLine | None) -> Mapping[str, str]:
    """Return every service's name by its id, those first that go by the policy: with them it is tried."""
    using = {used["id"] for used in line["services"]} if line else set[int]()
    every = await read_services(deps, with_keys=False)
    return {str(one["id"]): one["name"] for one in sorted(every, key=lambda one: one["id"] not in using)}


def _absent(viewer: Viewer, sentence: str) -> None:
    with (
        frame("Policies", viewer, path="/people"),
        empty("No policy here", sentence, icon_name="escalate", whole_page=True),
    ):
        ui.link("To the policies", PATH)
