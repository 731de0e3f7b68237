"""/integrations/{id}: what an integration is, how its monitor is told to send, and what it sent lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.deliveries import SHOWN, StoredDelivery
from opsknight.domain.queries.integrations import Keyed, Refused
from opsknight.domain.queries.traffic import Hour
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.integration.body import Body
from opsknight.ui.integration.fields import Fields, Preview, Samples
from opsknight.ui.integration.keyed import Parts
from opsknight.ui.integration.keys import SAYS, show_keys
from opsknight.ui.integration.life import ASK, SCRIPT, build_life_dialogs, show_life, show_off
from opsknight.ui.integration.life import SAYS as LIFE_SAYS
from opsknight.ui.integration.log import Log
from opsknight.ui.integration.mails import Mails
from opsknight.ui.integration.payload import Sample
from opsknight.ui.integration.previews import Become
from opsknight.ui.integration.reading import (
    Received,
    become,
    read_body,
    read_integration,
    read_received,
    read_refused,
    read_samples,
    read_traffic,
)
from opsknight.ui.integration.setup import show_setup
from opsknight.ui.integration.traffic import Traffic, unproven
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import choice
from opsknight.ui.parts.note import note
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import read_teams
from opsknight.ui.senders import EMAIL, NO_MONITORS, Sender, sender, takes_tests, test_event
from opsknight.ui.services import their_teams
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps, Monitor

PATH: Final = "/integrations"
AGAIN_EVERY_S: Final = 2.0
"""How often the page asks whether something has arrived: one look into an index."""
GENERIC: Final = "generic"
"""The provider whose JSON may be anybody's, so that its fields can be picked."""
STYLES: Final = "integration.css"
NOTHING: Final = "Nothing has arrived yet."
UNPROVEN: Final = "Nothing has arrived that proved itself."


@dataclass(frozen=True, slots=True)
class Reads:
    """How the page reads again: the integration, its traffic, its deliveries since those known, one raw body."""

    keyed: Callable[[], Awaitable[Keyed]]
    traffic: Callable[[], Awaitable[Sequence[Hour]]]
    received: Callable[[Received | None, bool], Awaitable[Received]]
    body: Callable[[str], Awaitable[StoredDelivery]]
    samples: Samples
    become: Preview


def mount(deps: Deps) -> None:
    """Serve the page of each integration under its id."""

    @page(PATH + "/{integration_id}")
    async def integration_page(integration_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line = await read_integration(deps, _number(integration_id), with_keys=False)
        except NotFound as refusal:
            _absent(viewer, refusal.sentence)
            return
        theirs = their_teams(viewer, await read_teams(deps)) if viewer.may(Need.CONFIGURE) else {}
        may = str(line["team_id"]) in theirs
        if may:
            line = await read_integration(deps, line["id"], with_keys=True)

        async def keyed() -> Keyed:
            await still_signed_in(deps)
            return await read_integration(deps, line["id"], with_keys=may)

        async def traffic() -> Sequence[Hour]:
            return await read_traffic(deps, line["id"])

        async def received(known: Received | None, refused: bool) -> Received:  # noqa: FBT001  # called by position
            await still_signed_in(deps)
            return await read_received(deps, line["id"], refused=refused, known=known)

        async def body(delivery_id: str) -> StoredDelivery:
            await still_signed_in(deps)
            return await read_body(deps, line["id"], delivery_id)

        async def samples() -> Sequence[Sample]:
            await still_signed_in(deps)
            return await read_samples(deps, line["id"], line["key"] or "")

        async def preview(mapping: Mapping[str, object], received: Sequence[Sample]) -> Sequence[Become]:
            await still_signed_in(deps)
            return await become(deps, line["key"] or "", mapping, received)

        last = await samples() if may and line["provider"] == GENERIC else ()
        first, hours = await read_received(deps, line["id"]), await traffic()
        refused = None if line["active"] else await read_refused(deps, line["id"])
        with frame(title(line), viewer, path="/services"):
            show(
                viewer,
                line,
                first,
                hours,
                last,
                reads=Reads(keyed, traffic, received, body, samples, preview),
                base_url=deps.settings.address,
                mail_host=deps.settings.mail_in_host,
                monitors=deps.monitors,
                refused=refused,
                may_keep=may,
            )


def title(line: Keyed) -> str:
    """Return what the page is called."""
    return line["name"] or line["provider"]


def show(
    viewer: Viewer,
    line: Keyed,
    first: Received,
    hours: Sequence[Hour],
    last: Sequence[Sample] = (),
    *,
    reads: Reads,
    base_url: str,
    mail_host: str = "",
    monitors: Mapping[str, Monitor] = NO_MONITORS,
    refused: Refused | None = None,
    may_keep: bool = False,
) -> None:
    """Build the page and keep it true.

    `base_url` is the address under which monitors reach OpsKnight, `mail_host` what stands behind the @
    of addresses that take mail. `refused` is what came while it takes nothing. Who `may_keep` it may rename it,
    switch it off and remove it.
    """
    script = f'<script defer src="{asset(SCRIPT)}"></script>'
    ui.add_head_html(f'<link rel="stylesheet" href="{asset(STYLES)}">{script if may_keep else ""}')
    how, parts = sender(line["provider"], monitors), Parts(line)
    with heading(title(line)):
        parts.add(partial(_test, monitors=monitors), classes="ok-buttons")
    with tag("p", classes="ok-integration-of"):
        tag("span", f"{how.name} for ")
        tag("a", line["service"], href=f"/services#service-{line['service_id']}")
    if line["archived"]:
        note(
            "Nothing that comes with its keys is taken: bring its service back under Services.",
            title="Archived",
            kind="warn",
        )
    parts.add(partial(show_off, refused=refused), classes="ok-integration-off")
    if not first.deliveries:  # what is to be done first stands first
        _set_up(parts, how, base_url, mail_host)
    with section("Last 24 hours", "By the hour: what was refused in red, what was told to send again in amber."):
        traffic = Traffic(hours, newest_at=first.newest_at, read=reads.traffic)
    with section("Deliveries", f"The last {SHOWN}, each with what it did.", anchor="deliveries"):
        deliveries_again = _deliveries(viewer, line, first, reads, nothing=UNPROVEN if unproven(hours) else NOTHING)
    if first.deliveries:
        _set_up(parts, how, base_url, mail_host)
    if line["provider"] == GENERIC and line["key"] is not None:
        with section("Fields", "How the JSON of any tool is understood; try it before it counts.", anchor="fields"):
            Fields(line["id"], line["mapping"], last, read=reads.samples, preview=reads.become)
    if line["provider"] == EMAIL and line["key"] is not None:
        with section("Conditions", "How its mails are read; try it before it counts.", anchor="conditions"):
            Mails(line["id"], line["mapping"], read=reads.samples, preview=reads.become)
    _keep(parts, viewer, may_keep=may_keep)

    @in_turn
    async def again() -> None:
        try:
            parts.show(await reads.keyed())
            await traffic.again(newest_at=await deliveries_again())
        except (SignInRequired, NotFound):
            timer.deactivate()

    timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)
    for place, _ in parts.places:
        place.on("ok:posted", again, args=[])


def _set_up(parts: Parts, how: Sender, base_url: str, mail_host: str) -> None:
    with section("Set-up", "What to paste on the monitor's side."):
        parts.add(partial(show_setup, how=how, base_url=base_url, mail_host=mail_host))
    if parts.line["key"] is not None:
        with section("Key", SAYS):
            parts.add(show_keys)


def _keep(parts: Parts, viewer: Viewer, *, may_keep: bool) -> None:
    if not viewer.may(Need.CONFIGURE):
        return
    with section("This integration", LIFE_SAYS if may_keep else ASK, anchor="this"):
        if may_keep:
            parts.add(show_life)
            build_life_dialogs(parts.line)


def _test(line: Keyed, *, monitors: Mapping[str, Monitor]) -> None:
    if line["key"] is not None and line["active"]:
        sample = test_event(line["provider"], line["key"], monitors)
        post_button("Send a test event", takes_tests(line["id"]), sample, icon="send")


def _deliveries(
    viewer: Viewer, line: Keyed, first: Received, reads: Reads, *, nothing: str
) -> Callable[[], Awaitable[datetime | None]]:
    """Build the log and return what makes it tell what has arrived since, and says when the newest came.

    `nothing` is said where nothing has.
    """
    which = choice("ok-which", {"all": "All", "refused": "Refused"}, chosen="all", label="Which deliveries")
    body = Body(reads.body)
    may = viewer.may(Need.CONFIGURE)
    log = Log(first.deliveries, integration_id=line["id"], may_see_bodies=may, show_body=body.show, nothing=nothing)
    known: list[Received | None] = [first]
    refused = [False]

    async def again() -> datetime | None:
        asked = refused[0]
        now = await reads.received(known[0], asked)
        if now is not known[0] and asked == refused[0]:
            known[0] = now
            log.show(now.deliveries, nothing="Nothing was refused." if asked else nothing)
        return now.newest_at

    async def choose(event: GenericEventArguments) -> None:
        refused[0], known[0] = event.args == "refused", None
        await again()

    which.on("change", choose, js_handler="(e) => emit(e.target.value)")
    return again


def _number(integration_id: str) -> int:
    """Return the id in an address.

    Raises:
        NotFound: it is none.
    """
    if integration_id.isascii() and integration_id.isdigit() and len(integration_id) < 19:
        return int(integration_id)
    raise NotFound("There is no such integration: its address ends in a number.")


def _absent(viewer: Viewer, sentence: str) -> None:
    ui.context.client.status_code = 404
    with (
        frame("No such integration", viewer, path="/services"),
        empty("No such integration", sentence, icon_name="search", whole_page=True),
    ):
        button("All services", kind="primary", href="/services")
