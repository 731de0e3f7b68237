"""Getting a calendar over HTTP: from where one may, as much as one may, and told in words where it fails."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from opsknight.ics import fetching
from opsknight.ics.fetching import NotFetched, fetch, https_of
from tests.peers.calendar_server import CalendarServer, calendar_server, ics


@pytest.fixture
async def server() -> AsyncIterator[CalendarServer]:
    async with calendar_server() as running:
        yield running


async def refused(url: str, *, allow_private: bool = True, within_s: float = 5) -> str:
    with pytest.raises(NotFetched) as refusal:
        await fetch(url, allow_private=allow_private, within_s=within_s)
    return str(refusal.value)


async def test_a_calendar_is_fetched_and_not_again_while_it_is_the_same(server: CalendarServer):
    server.body, server.etag = ics(), '"one"'

    first = await fetch(server.url, allow_private=True)
    second = await fetch(server.url, etag=first.etag, allow_private=True)

    assert (first.raw, first.etag) == (ics().encode(), '"one"')
    assert (second.raw, second.etag) == (None, '"one"')
    assert server.asked == ["", '"one"']


async def test_a_redirect_is_followed_and_an_endless_one_is_not(server: CalendarServer):
    server.body, server.moved_to = ics(), "/moved.ics"
    assert (await fetch(server.url, allow_private=True)).raw == ics().encode()

    server.moved_to = "/again.ics"
    assert await refused(server.url) == "localhost sends us on and on: more than 4 redirects."


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/a.ics", "Only https addresses are called."),
        ("file:///etc/passwd", "The address needs a host"),
        ("https://127.0.0.1/a.ics", "The address lies inside a private network"),
        ("https://[::ffff:10.0.0.1]/a.ics", "The address lies inside a private network"),
        ("https://169.254.169.254/latest", "The address lies inside a private network"),
        ("https://2130706433/a.ics", "Write the number of the address in four plain parts"),
        ("https://calendar.internal/a.ics", "The address lies inside a private network"),
        ("https://user:secret@example.org/a.ics", "The address needs a host, and no user name"),
    ],
)
async def test_what_lies_inside_or_is_no_https_is_never_called(url: str, why: str):
    assert (await refused(url, allow_private=False)).startswith(why)


async def test_a_public_name_that_leads_inside_is_refused_when_the_connection_is_made(
    server: CalendarServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "refusal", lambda *_, **__: None)  # as a name that passes it and resolves to us

    why = await refused(server.url, allow_private=False)

    assert why == "The address leads into a private network; only public addresses are called."
    assert server.asked == []


async def test_a_redirect_inside_is_refused_with_both_told(server: CalendarServer, monkeypatch: pytest.MonkeyPatch):
    server.moved_to = "https://10.0.0.1/a.ics"
    judge = fetching.refusal
    monkeypatch.setattr(
        fetching, "refusal", lambda url, **_: None if url == server.url else judge(url, allow_private=False)
    )

    assert (await refused(server.url)).startswith("localhost sends us elsewhere. The address lies inside a private")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, "localhost answered 404 (there is nothing there)."),
        (403, "localhost answered 403 (it is not public)."),
        (500, "localhost answered 500."),
        (302, "localhost answered 302."),
    ],
)
async def test_an_answer_without_a_calendar_is_told_without_the_secret_path(
    server: CalendarServer, status: int, why: str
):
    server.status = status

    assert await refused(server.url) == why


async def test_what_is_too_large_too_slow_or_away_is_told(server: CalendarServer):
    server.body = b"x" * 1_000_001
    assert await refused(server.url) == "The calendar is larger than 1,000,000 bytes."

    server.hangs = True
    assert await refused(server.url, within_s=0.2) == "localhost did not give the calendar within 0 s."

    assert (await refused("http://localhost:1/a.ics")).startswith("localhost cannot be reached")


async def test_a_packed_calendar_is_unpacked_as_far_as_a_calendar_may_go(server: CalendarServer):
    server.packing, server.body = "gzip", gzip.compress(ics().encode())
    assert (await fetch(server.url, allow_private=True)).raw == ics().encode()

    server.body = gzip.compress(bytes(100_000_000))
    assert await refused(server.url) == "The calendar is larger than 1,000,000 bytes."

    server.body = b"no gzip"
    assert await refused(server.url) == "The calendar comes packed, and cannot be unpacked."
    server.packing = "br"
    assert await refused(server.url) == "The calendar comes packed as “br”, which was not asked for."


def test_a_webcal_address_is_an_https_one():
    assert https_of(" webcal://example.org/a.ics") == "https://example.org/a.ics"
    assert https_of("https://example.org/webcal:x") == "https://example.org/webcal:x"
