"""/what-if: an event and an instant, and everything that would follow from it as long as nobody acknowledges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from opsknight.ui.senders import GENERIC, kinds, test_event
from opsknight.ui.viewer import signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps, Monitor
    from opsknight.domain.queries.services import ServiceLine

PATH: Final = "/what-if"
EXAMPLE: Final = '{\n  "title": "Disk full on db-1",\n  "severity": "critical",\n  "tags": {"env": "production"}\n}'
SENDER_SAYS: Final = "It is read as this kind of monitor sends it, and rules may ask for it."
EVENT_SAYS: Final = (
    "Of an integration, what its monitor sends. Else title, severity, action, source, component, dedup_key, tags and"
    " details; all of it may be left out."
)
OWN_WORDS: Final = "Nobody: it is in OpsKnight's own form"
OWN: Final = ""
"""Chosen where nobody sends it: the event is written in OpsKnight's own form."""
URGENCIES: Final[Mapping[str, str]] = {"": "As the service says", "high": "High", "low": "Low"}


@dataclass(frozen=True, slots=True)
class Senders:
    """Who may send to each service (by its id), and what each kind of monitor sends to begin with."""

    of_service: Mapping[str, Sequence[Mapping[str, object]]]
    samples: Mapping[str, str]


NOBODY: Final = Senders({}, {})


def mount(deps: Deps) -> None:
    """Serve the page at /what-if."""

    @page(PATH, title="What if")
    async def what_if_page(service: str = "") -> None:
        viewer = await signed_in(deps)
        lines = await read_services(deps, with_keys=False)
        services = {str(one["id"]): one["name"] for one in lines}
        ui.add_head_html(head())
        with frame("What if", viewer, path="/people"):
            show(services, chosen=service, senders=senders_of(lines, deps.monitors))


def senders_of(lines: Sequence[ServiceLine], monitors: Mapping[str, Monitor]) -> Senders:
    """Return who may send to the services `lines`, with a sample of each kind that does."""
    named = kinds(monitors)
    of_service = {
        str(line["id"]): [
            {"id": one["id"], "name": one["name"], "kind": one["provider"], "label": named.get(one["provider"], "")}
            for one in line["integrations"]
        ]
        for line in lines
    }
    used = {str(one["kind"]) for several in of_service.values() for one in several} - {GENERIC}
    samples = {kind: json.dumps(json.loads(test_event(kind, "", monitors)), indent=2) for kind in sorted(used)}
    return Senders(of_service, samples)


def head() -> str:
    """Return what stands in the head of the page besides."""
    return f'<link rel="stylesheet" href="{asset(STYLES)}"><script defer src="{asset(SCRIPT)}"></script>'


def show(services: Mapping[str, str], *, chosen: str = "", senders: Senders = NOBODY) -> None:
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
    with tag(
        "section",
        classes="ok-foresight ok-foresight-page",
        id="ok-foresight",
        aria_label="What would happen",
        data_senders=json.dumps(senders.of_service),
        data_samples=json.dumps(senders.samples),
    ):
        with tag("form", classes="ok-foresight-form", novalidate=""):
            select("foresight-service", "The event is sent to", services, chosen=chosen)
            select("foresight-sender", "It is sent by", {OWN: OWN_WORDS}, says=SENDER_SAYS)
            field(
                "foresight-event",
                "The event, as JSON",
                long=True,
                rows="7",
                value=EXAMPLE,
                spellcheck="false",
                autocomplete="off",
                says=EVENT_SAYS,
            ).classes("ok-foresight-event")
            ask_when()
            choice("foresight-urgency", URGENCIES, chosen="", label="Urgency")
            with tag("div", classes="ok-buttons"):
                ask_button()
        with tag("div", classes="ok-foresight-answer"):
            foreseen()
