"""What the gallery answers to the lists that dialogs read, and to browsers that want the assets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from opsknight.api.pwa import KEEP_FOR_EVER
from tests.ui import samples, schedule_samples

routes = APIRouter(prefix="/api/v1")


@routes.get("/teams")
def every_team() -> object:
    return {"teams": samples.teams()}


@routes.get("/schedules")
def every_schedule() -> object:
    return {"schedules": [schedule_samples.LINE]}


class Assets(StaticFiles):
    """The assets as the product gives them out, so that a browser asks for each once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers.update(KEEP_FOR_EVER)
        return answer
