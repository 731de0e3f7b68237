"""The pages of schedules in the gallery, and what they read."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from nicegui import ui

from opsknight.ui import frame
from opsknight.ui.schedules import components as schedule_parts
from opsknight.ui.schedules import listed as schedules_list
from opsknight.ui.schedules import page as schedules
from tests.ui import handoff_samples, samples, schedule_samples

routes = APIRouter()


@routes.get("/api/v1/schedules/1")
def a_schedule() -> object:
    return {"schedule": schedule_samples.document()}


@routes.get("/api/v1/schedules/1/timeline")
def a_timeline(request: Request) -> object:
    asked = request.query_params
    return {"timeline": schedule_samples.timeline(float(asked["from"]), float(asked["to"]))}


@routes.post("/api/v1/schedules/preview")
async def preview_schedule(draft: dict[str, Any]) -> object:
    return schedule_samples.preview(draft["from_at"], draft["to_at"])


@routes.get("/api/v1/temporary-schedules/{number}")
def a_temporary_schedule(number: int) -> object:
    return {"temporary": schedule_samples.temporary(number)}


@routes.post("/api/v1/schedules/1/temporary/preview")
async def preview_temporary(wish: dict[str, Any]) -> object:
    told = schedule_samples.preview(wish["start_at"], wish["end_at"])
    return {"timeline": told["timeline"], "undone": told["undone"]}


@routes.post("/api/v1/schedules/1/overrides/preview")
async def preview_override(wish: dict[str, Any]) -> object:
    return schedule_samples.override_preview(wish)


@routes.get("/api/v1/swaps")
def every_swap() -> object:
    return {"swaps": schedule_samples.swaps()}


@routes.post("/api/v1/leaves/preview")
async def preview_leave(wish: dict[str, Any]) -> object:
    return schedule_samples.leave_preview(wish)


@routes.get("/api/v1/leaves")
def every_leave() -> object:
    return {"leaves": schedule_samples.leaves()}


@ui.page("/schedules")
def schedules_page() -> None:
    schedule_parts.style()
    with frame.frame("Schedules", samples.a_viewer()):
        schedules_list.show(samples.a_viewer(), schedule_samples.overviews(), may_make=True)


@ui.page("/schedules/{key}")
def schedule_page(key: str) -> None:
    if key == "new":
        schedules.edit(samples.a_viewer(), None, teams={1: "Platform", 2: samples.LONG_WORD})
    else:
        ui.add_head_html(schedules.head())
        schedules.show(
            samples.a_viewer(),
            schedule_samples.LINE,
            people=[*schedule_samples.NAMES],
            sources=schedule_samples.imported(),
            links=schedule_samples.links(),
            replaced=schedule_samples.replaced(),
            may_change=key == "1",
            **handoff_samples.history(),
        )


@ui.page("/schedules/{key}/edit")
def edit_page(key: str) -> None:
    line = {**schedule_samples.LINE, "id": int(key)}
    schedules.edit(samples.a_viewer(), line, teams={1: "Platform", 2: samples.LONG_WORD})  # type: ignore[arg-type]


@ui.page("/schedules/{key}/temporary")
def temporary_page(key: str) -> None:
    schedules.replace(samples.a_viewer(), {**schedule_samples.LINE, "id": int(key)})


@ui.page("/schedules/{key}/temporary/{number}")
def edit_temporary_page(key: str, number: str) -> None:
    line = {**schedule_samples.LINE, "id": int(key)}
    schedules.replace(samples.a_viewer(), line, schedule_samples.temporary(int(number)))  # type: ignore[arg-type]
