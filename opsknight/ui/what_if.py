"""/what-if: an event and an instant, and everything that would follow from it as long as nobody acknowledges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.ui.assets import asset
from opsknight.ui.foresight import SCRIPT, STYLES, ask_button, ask_when, foreseen
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import choice, field, select
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import read_services
from opsknight.ui.viewer import signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/what-if"
EXAMPLE: Final = '{\n  "title": "Disk full on db-1",\n  "severity": "critical",\n  "tags": {"env": "production"}\n}'
URGENCIES: Final[Mapping[str, str]] = {"": "As the service says", "high": "High", "low": "Low"}


def mount(deps: Deps) -> None:
    """Serve the page at /what-if."""

    @page(PATH, title="What if")
    async def what_if_page(service: str = "") -> None:
        viewer = await signed_in(deps)
        services = {str(one["id"]): one["name"] for one in await read_services(deps, with_keys=False)}
        ui.add_head_html(head())
        with frame("What if", viewer, path="/people"):
            show(services, chosen=service)


def head() -> str:
    """Return what stands in the head of the page besides."""
    return f'<link rel="stylesheet" href="{asset(STYLES)}"><script defer src="{asset(SCRIPT)}"></script>'


def show(services: Mapping[str, str], *, chosen: str = "") -> None:
    """Build the page; `services` are names by id, `chosen` is the one to begin with."""
    says = (
        "Rules, maintenance, support hours, schedules and policies decide as they would then. Nothing is sent,"
        " and nothing is kept."
    )
    with heading("What if", says):
        pass
    if not services:
        with empty("No service yet", "Events belong to a service: make one first.", icon_name="services"):
            ui.link("To the services", "/services")
        return
    with tag("section", classes="ok-foresight ok-foresight-page", id="ok-foresight", aria_label="What would happen"):
        with tag("form", classes="ok-foresight-form", novalidate=""):
            select("foresight-service", "The event is sent to", services, chosen=chosen)
            field(
                "foresight-event",
                "The event, in the generic format",
                long=True,
                rows="7",
                value=EXAMPLE,
                spellcheck="false",
                autocomplete="off",
                says="title, severity, source, component, dedup_key, tags and details; all of it may be left out.",
            ).classes("ok-foresight-event")
            ask_when()
            choice("foresight-urgency", URGENCIES, chosen="", label="Urgency")
            with tag("div", classes="ok-buttons"):
                ask_button()
        with tag("div", classes="ok-foresight-answer"):
            foreseen()
