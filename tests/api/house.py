"""A small OpsKnight behind its guard, called in memory as a browser calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.websockets import WebSocket

from opsknight.api import health, problems, sign_in
from opsknight.api.auth import SignedIn, needs
from opsknight.api.guard import Guard
from opsknight.api.mount import serve
from opsknight.deps import Deps
from opsknight.domain.commands import sessions
from opsknight.domain.model.permission import Need
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.settings import Settings
from tests.builders import a_manager, a_user
from tests.clock import StoppedClock

ADDRESS = "http://localhost:8080"
FROM_US = {"origin": ADDRESS}
IN_BROWSER = {"accept": "text/html,*/*"}


@dataclass
class House:
    """The app under test, the mails it sent, and what its trial routes shall raise."""

    deps: Deps
    app: Guard
    routes: FastAPI
    database: Database
    clock: StoppedClock
    mails: list[tuple[str, str, str]] = field(default_factory=list)
    raising: list[Exception] = field(default_factory=list)
    from_client: tuple[str, int] = ("192.0.2.7", 5000)

    @property
    def client(self) -> httpx.AsyncClient:
        """A browser without cookies that follows no redirects."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=self.from_client), base_url=ADDRESS)

    async def signed_in(self, **person: Any) -> dict[str, str]:
        """Return the headers of a browser in which somebody is signed in.

        A manager is one of every team there is, a “stranger” a manager of none.
        """
        match person.pop("role", "responder"):
            case "manager":
                return await self.browser_of(await a_manager(self.database, **person))
            case "stranger":
                return await self.browser_of(await a_user(self.database, role="manager", **person))
            case role:
                return await self.browser_of(await a_user(self.database, role=role, **person))

    async def browser_of(self, user: UserRow) -> dict[str, str]:
        """Return the headers of a browser in which `user` is signed in."""
        async with self.deps.commands("system:test") as uow:
            token = await sessions.open_session(uow, user.id)
        return {"cookie": f"{self.deps.settings.session_cookie}={token}"}


class _App(FastAPI):
    """One that takes routes as the whole app does."""

    def include_router(self, router: APIRouter, **_: Any) -> None:
        serve(self, router)


@asynccontextmanager
async def a_house(
    database: Database, clock: StoppedClock, *, mail: bool = True, **settings: Any
) -> AsyncIterator[House]:
    """Give a house with the doors of the real one and a few trial rooms behind them."""
    deps = Deps(Settings(_env_file=None, **settings), clock)
    await deps.open(database)
    app = _App(openapi_url=None)
    house = House(deps, Guard(app, deps), app, database, clock)

    async def post(*letter: str) -> None:
        house.mails.append(letter)  # type: ignore[arg-type]

    app.include_router(sign_in.router(deps, mail=post if mail else None))
    app.include_router(health.router(deps))
    app.include_router(_rooms(house))
    problems.install(app)
    yield house


def _rooms(house: House) -> APIRouter:
    rooms = APIRouter()

    @rooms.get("/api/v1/who", dependencies=[needs(Need.SEE)])
    async def who(viewer: SignedIn) -> dict[str, object]:
        return {"id": viewer.id, "name": viewer.name, "role": viewer.role}

    @rooms.post("/api/v1/configure", dependencies=[needs(Need.CONFIGURE)])
    async def configure(viewer: SignedIn) -> str:
        return viewer.name

    @rooms.get("/api/v1/raise", dependencies=[needs(Need.SEE)])
    @rooms.get("/raise", dependencies=[needs(Need.SEE)])
    async def fail() -> None:
        raise house.raising.pop()

    @rooms.get("/api/v1/number/{number}", dependencies=[needs(Need.SEE)])
    async def number(number: int) -> int:
        return number

    @rooms.get("/page", dependencies=[needs(Need.SEE)])
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>a page</p>")

    @rooms.get("/incidents", dependencies=[needs(Need.SEE)])
    async def incidents(request: Request) -> str:
        return request.url.path

    @rooms.websocket("/_nicegui_ws/socket.io/")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.scope["state"]["viewer"].name)
        await websocket.close()

    return rooms


async def knock(house: House, headers: dict[str, str]) -> list[str]:
    """Open the screens' socket with `headers`; return the types of what came back."""
    heard: list[str] = []
    first = True

    async def receive() -> dict[str, str]:
        nonlocal first
        if first:
            first = False
            return {"type": "websocket.connect"}
        await asyncio.Event().wait()
        return {"type": "websocket.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        heard.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/_nicegui_ws/socket.io/",
        "raw_path": b"/_nicegui_ws/socket.io/",
        "root_path": "",
        "scheme": "ws",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "localhost:8080", **headers}.items()],
        "client": ("192.0.2.7", 5000),
        "server": ("localhost", 8080),
        "subprotocols": [],
    }
    await house.app(scope, receive, send)  # type: ignore[arg-type]
    return heard
