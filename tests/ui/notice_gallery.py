"""The gallery's wall and ledger, and what readiness is told to find while pages are open."""

from __future__ import annotations

import time

from fastapi import APIRouter
from nicegui import core, ui

from opsknight.domain.queries.ledger import LedgerLine, LedgerPage
from opsknight.ui import frame, ledger, notices, wall
from tests.ui import samples

routes = APIRouter()


@routes.post("/notices")
async def have_found(words: list[str]) -> None:
    """Have readiness find just this, all of it bad."""
    notices.tell([notices.Notice(one, "bad") for one in words])


@routes.post("/missed")
async def miss() -> None:
    """Tell by a beat that there was more than the pages have heard."""
    await core.sio.emit("beat", {"now": time.time(), "rev": "a.1.8"})


@ui.page("/wall/all")
def wall_page() -> None:
    """Show the display, whose board nothing fills."""
    wall.show("all", samples.a_viewer())


@ui.page("/ledger")
def ledger_page() -> None:
    """Show what an admin reads, of a day on which much was changed."""
    said = (
        ("armed", "Ada Okafor armed this restored copy, which had paged nobody."),
        ("role changed", "Grace Imoto made Bo Lindqvist a manager."),
        (
            "contact method disabled",
            "OpsKnight switched off bo@example.org: the mail server of example.org refuses it.",
        ),
        ("schedule changed", "Ada Okafor changed “Primary”: its handoff is on Mondays at 09:00 now, 10:00 before."),
        ("key made", "Ada Okafor made a new key for Prometheus; the former one works until it is ended."),
        ("signed in", "Ada Okafor signed in."),
    )
    facts = [
        LedgerLine(at=time.time() - 40_000 * n, kind=kind, actor="", actor_name="", subject="", sentence=what, data={})
        for n, (kind, what) in enumerate(said)
    ]
    with frame.frame("Ledger", samples.a_viewer(), path="/people"):
        ledger.show(
            LedgerPage(facts=facts, more="1.2.3"), ledger.Asked(about="access"), people={"user:1": "Ada Okafor"}
        )
