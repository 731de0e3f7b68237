"""/integrations/{id}: what an integration is, how its monitor is told to send, and what it sent lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.deliveries import SHOWN, StoredDelivery
from opsknight.domain.queries.integrations import Keyed
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.frame import frame
from opsknight.ui.integration.body import Body
from opsknight.ui.integration.log import Log
from opsknight.ui.integration.reading import Received, read_body, read_integration, read_received
from opsknight.ui.integration.setup import show_setup
from opsknight.ui.parts.button import button, post_button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import choice
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.senders import NO_MONITORS, Sender, sender, test_event
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps, Monitor

PATH: Final = "/integrations"
AGAIN_EVERY_S: Final = 2.0
"""How often the page asks whether something has arrived: one look into an index."""
STYLES: Final = "integration.css"


@dataclass(frozen=True, slots=True)
class Reads:
    """How the page reads again: the deliveries since those that are known, and one raw body."""

    received: Callable[[Received | None, bool], Awaitable[Received]]
    body: Callable[[str], Awaitable[StoredDelivery]]


def mount(deps: Deps) -> None:
    """Serve the page of each integration under its id."""

    @ui.page(PATH + "/{integration_id}")
    async def integration_page(integration_id: str) -> None:
        viewer = await signed_in(deps)
        may = viewer.may(Need.CONFIGURE)
        try:
            line = await read_integration(deps, _number(integration_id), with_keys=may)
        except NotFound as refusal:
            _absent(viewer, refusal.sentence)
            return

        async def received(known: Received | None, refused: bool) -> Received:  # noqa: FBT001  # called by position
            await still_signed_in(deps)
            return await read_received(deps, line["id"], refused=refused, known=known)

        async def body(delivery_id: str) -> StoredDelivery:
            await still_signed_in(deps)
            return await read_body(deps, line["id"], delivery_id)

        first = await read_received(deps, line["id"])
        with frame(title(line), viewer, path="/services"):
            show(
                viewer,
                line,
                first,
                reads=Reads(received, body),
                base_url=deps.settings.address,
                monitors=deps.monitors,
            )


def title(line: Keyed) -> str:
    """Return what the page is called."""
    return line["name"] or line["provider"]


def show(
    viewer: Viewer,
    line: Keyed,
    first: Received,
    *,
    reads: Reads,
    base_url: str,
    monitors: Mapping[str, Monitor] = NO_MONITORS,
) -> None:
    """Build the page and keep it true; `base_url` is the address under which monitors reach OpsKnight."""
    ui.add_head_html(f'<link rel="stylesheet" href="{asset(STYLES)}">')
    how = sender(line["provider"], monitors)
    with heading(title(line)):
        if line["key"] is not None:
            said = "Sent: an incident opens on the board. Resolve it when you have seen it."
            path, sample = test_event(line["provider"], line["key"], monitors)
            post_button("Send a test event", path, sample, said=said, icon="send")
    with tag("p", classes="ok-integration-of"):
        tag("span", f"{how.name} for ")
        tag("a", line["service"], href=f"/services#service-{line['service_id']}")
    parts = [partial(_deliveries, viewer, line, first, reads), partial(_setup, line, how, base_url)]
    for part in parts if first.deliveries else reversed(parts):  # what is to be done first stands first
        part()


def _setup(line: Keyed, how: Sender, base_url: str) -> None:
    with section("Set-up", "What to paste on the monitor's side."):
        show_setup(line, how, base_url)


def _deliveries(viewer: Viewer, line: Keyed, first: Received, reads: Reads) -> None:
    may = viewer.may(Need.CONFIGURE)
    says = f"The last {SHOWN}, each with what it did. Raw bodies are kept as they were received."
    with section("Deliveries", says, anchor="deliveries"):
        which = choice("ok-which", {"all": "All", "refused": "Refused"}, chosen="all", label="Which deliveries")
        body = Body(reads.body)
        log = Log(first.deliveries, integration_id=line["id"], may_see_bodies=may, show_body=body.show)
    known: list[Received | None] = [first]
    refused = [False]

    async def again() -> None:
        try:
            now = await reads.received(known[0], refused[0])
        except SignInRequired:
            timer.deactivate()
            return
        if now is not known[0]:
            known[0] = now
            log.show(now.deliveries, nothing="Nothing was refused." if refused[0] else "Nothing has arrived yet.")

    async def choose(refused_only: bool) -> None:  # noqa: FBT001  # called by position
        refused[0], known[0] = refused_only, None
        await again()

    which.on("change", lambda event: choose(event.args == "refused"), js_handler="(e) => emit(e.target.value)")
    timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


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
