"""The shelf: what is the same for everyone is asked of the app once, packed once, and nothing else is kept."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from opsknight.api.shelf import Shelf

CSS = "a { color: red; }" * 100
PUBLIC = {"Cache-Control": "public, max-age=86400"}


class Counted:
    """An app that answers whatever it is told to, and counts how often it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.times, self.waiting_for = 0, 0
        self._all_here = asyncio.Event()
        self._answer = {"content": CSS, "media_type": "text/css", "headers": PUBLIC, **answer}
        self.app = Router([Route("/{path:path}", self._serve, methods=["GET", "HEAD", "POST"])])

    async def _serve(self, _: Request) -> Response:
        self.times += 1
        if self.times >= self.waiting_for:
            self._all_here.set()
        await self._all_here.wait()
        return Response(**self._answer)

    async def asked(
        self, *paths: str, method: str = "GET", room: int = 1_000_000, **headers: str
    ) -> list[httpx.Response]:
        """Return the answers to requests that a shelf in front of the app is asked, one after the other."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(Shelf(self.app, room=room))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return [await client.request(method, path, headers=said) for path in paths]


async def test_a_file_is_asked_of_the_app_once_and_comes_packed_to_who_takes_that():
    app = Counted()

    first, second = await app.asked("/assets/a.css?v=1", "/assets/a.css?v=1", accept_encoding="gzip, br")

    assert (app.times, first.text, second.text) == (1, CSS, CSS)
    assert (second.headers["content-encoding"], second.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(second.headers["content-length"]) == len(gzip.compress(CSS.encode())) < len(CSS) / 10


async def test_who_takes_nothing_packed_gets_it_as_it_is():
    _, second = await Counted().asked("/assets/a.css", "/assets/a.css", accept_encoding="identity")

    assert second.text == CSS
    assert (second.headers.get("content-encoding"), second.headers["vary"]) == (None, "Accept-Encoding")


@pytest.mark.parametrize("answer", [{"headers": {"Cache-Control": "no-store"}}, {"headers": {}}, {"status_code": 404}])
async def test_what_is_not_for_everyone_is_asked_each_time(answer: dict[str, Any]):
    app = Counted(**answer)

    await app.asked("/assets/a.css", "/assets/a.css")

    assert app.times == 2


async def test_what_sets_a_cookie_is_asked_each_time():
    app = Counted(headers={**PUBLIC, "Set-Cookie": "who=ada"})

    await app.asked("/assets/a.css", "/assets/a.css")

    assert app.times == 2


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/incidents", {}),
        ("HEAD", "/assets/a.css", {}),
        ("POST", "/assets/a.css", {}),
        ("GET", "/assets/a.css", {"range": "bytes=0-9"}),
        ("GET", "/assets/a.css", {"if_none_match": '"1"'}),
    ],
)
async def test_pages_parts_and_conditions_are_the_apps_own_matter(method: str, path: str, headers: dict[str, str]):
    app = Counted()

    await app.asked(path, path, method=method, **headers)

    assert app.times == 2


async def test_nobody_fills_the_shelf_by_marks_and_words_of_their_own():
    app = Counted()

    await app.asked("/assets/a.css?v=1", "/assets/a.css?v=2", "/assets/a.css", "/assets/a.css?v=3", "/assets/a.css")
    assert app.times == 2

    await app.asked("/assets/a.css?x=1", "/assets/a.css?x=1")
    assert app.times == 4


async def test_a_file_that_many_ask_for_at_once_takes_the_room_of_one():
    app = Counted(media_type="image/png", content=b"x" * 400)
    transport = httpx.ASGITransport(Shelf(app.app, room=900))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        app.waiting_for = 5
        await asyncio.gather(*(client.get("/assets/a.png") for _ in range(5)))
        await client.get("/assets/b.png")
        asked_before = app.times

        await client.get("/assets/b.png")

    assert (asked_before, app.times) == (6, 6)


async def test_what_finds_no_room_is_served_all_the_same():
    app = Counted()

    first, second = await app.asked("/assets/a.css", "/assets/a.css", room=10)

    assert (app.times, first.text, second.text) == (2, CSS, CSS)


async def test_a_picture_is_not_packed_again():
    app = Counted(content=b"\x89PNG" * 500, media_type="image/png")

    _, second = await app.asked("/assets/a.png", "/assets/a.png", accept_encoding="gzip")

    assert (app.times, second.content, second.headers.get("content-encoding")) == (1, b"\x89PNG" * 500, None)
