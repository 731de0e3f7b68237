"""What the gallery answers to the lists that dialogs read."""

from __future__ import annotations

from fastapi import APIRouter

from tests.ui import samples, schedule_samples

routes = APIRouter(prefix="/api/v1")


@routes.get("/teams")
def every_team() -> object:
    return {"teams": samples.teams()}


@routes.get("/schedules")
def every_schedule() -> object:
    return {"schedules": [schedule_samples.LINE]}
