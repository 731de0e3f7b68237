"""/rules: the rules in the order in which they are asked, what each has done, and the ways to change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.rules import RuleLine
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.own_services import read_own_services
from opsknight.ui.pages import page
from opsknight.ui.parts.empty import empty
from opsknight.ui.reading import read_rule, read_rules, read_services
from opsknight.ui.rules import editor
from opsknight.ui.rules.listed import Rules, show
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/rules"
AGAIN_EVERY_S: Final = 10.0
"""How soon an open page shows that a rule has matched."""


def mount(deps: Deps) -> None:
    """Serve the list at /rules and the editor under it."""

    @page(PATH, title="Rules")
    async def rules_page(service: str = "") -> None:
        viewer = await signed_in(deps)
        names = await _names(deps)
        _scripts()
        with frame("Rules", viewer):
            own = await read_own_services(deps, viewer)
            shown = show(viewer, await read_rules(deps), services=names, own=own, wanted=_known(service, names))
        _keep_fresh(deps, shown)

    @page(PATH + "/new", title="New rule")
    async def new_page(service: str = "") -> None:
        viewer = await signed_in(deps)
        _edit(viewer, None, await _names(deps), own=await read_own_services(deps, viewer), scope=service)

    @page(PATH + "/{rule_id}")
    async def rule_page(rule_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line = await read_rule(deps, int(rule_id) if rule_id.isdecimal() and len(rule_id) < 18 else 0)
        except NotFound as refusal:
            _absent(viewer, refusal.sentence)
            return
        own = await read_own_services(deps, viewer)
        if viewer.may(Need.CONFIGURE) and line["service_id"] is not None and str(line["service_id"]) not in own:
            _absent(viewer, "The rules of a service are changed by the managers of its team and by admins; ask one.")
            return
        _edit(viewer, line, {**await _names(deps), **_archived_target(line)}, own=own, scope="")


def _keep_fresh(deps: Deps, shown: Rules) -> None:
    @in_turn
    async def again() -> None:
        try:
            await still_signed_in(deps)
        except SignInRequired:
            timer.cancel()
            return
        shown.update(await read_rules(deps))

    shown.place.on("changed", again, args=[])
    timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def _edit(
    viewer: Viewer, line: RuleLine | None, names: Mapping[str, str], *, own: Mapping[str, str], scope: str
) -> None:
    if not viewer.may(Need.CONFIGURE):
        _absent(viewer, "Rules are changed by managers and admins; ask one of them.")
        return
    _scripts()
    with frame("New rule" if line is None else line["name"], viewer, path=PATH):
        editor.show(line, services=names, own=own, scope=scope if scope in own else "")


def _absent(viewer: Viewer, sentence: str) -> None:
    with frame("Rules", viewer, path=PATH), empty("No rule here", sentence, icon_name="rules", whole_page=True):
        ui.link("To the rules", PATH)


def _scripts() -> None:
    ui.add_head_html(f'<link rel="stylesheet" href="{asset("rules.css")}">')
    ui.add_head_html(f'<script defer src="{asset("rules.js")}"></script>')


async def _names(deps: Deps) -> Mapping[str, str]:
    return {str(one["id"]): one["name"] for one in await read_services(deps, with_keys=False)}


def _archived_target(line: RuleLine) -> Mapping[str, str]:
    """Return the service that a rule moves to in vain: left out, the editor would take the move out of the rule."""
    if line["to_archived"] is None:
        return {}
    return {str(line["rule"]["set"]["service_id"]): f"{line['to_archived']} (archived)"}


def _known(service: str, names: Mapping[str, str]) -> int | None:
    return int(service) if service in names else None
