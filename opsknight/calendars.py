"""Bringing other people's calendars here: fetched or uploaded, read in a process apart, matched with our people."""

from __future__ import annotations

from dataclasses import dataclass

from opsknight.deps import Deps
from opsknight.domain.commands import calendar_sources as commands
from opsknight.domain.commands.arranging import Done
from opsknight.domain.commands.calendar_sources import Brings, Copy
from opsknight.domain.model.cron import BadCron, zone_of
from opsknight.domain.model.imported_shift import AHEAD, BEFORE, HOLIDAYS_AHEAD, Imported, matched
from opsknight.domain.queries.calendar_feeds import people
from opsknight.domain.queries.calendar_sources import Source
from opsknight.errors import Invalid
from opsknight.ics.apart import read_apart
from opsknight.ics.fetching import NotFetched, fetch
from opsknight.ics.reading import Unreadable


@dataclass(frozen=True, slots=True)
class Obtained:
    """A calendar as it stands now: its own name, and its shifts with what is to be said of them, or its holidays."""

    name: str
    copy: Copy


async def obtain(
    deps: Deps, *, url: str = "", content: str = "", zone: str, brings: Brings = Brings.SHIFTS
) -> Obtained:
    """Return the calendar at `url`, or the one that `content` is, for its shifts or for its whole days.

    Raises:
        Invalid: it cannot be fetched or understood; the sentence says what and where.
    """
    try:
        raw, etag = await _raw(deps, url, content)
        return await _read(deps, raw, etag, zone, brings)
    except (NotFetched, Unreadable, BadCron) as refused:
        raise Invalid(str(refused)) from refused


async def read_again(deps: Deps, source: Source, *, actor: str) -> Done:
    """Read an imported calendar again and let its schedule have what it brings; where that fails, keep the last.

    Raises:
        NotFound: the calendar was removed meanwhile.
    """
    brings = Brings.HOLIDAYS if source.brings_holidays else Brings.SHIFTS
    try:
        fetched = await fetch(source.url, etag=source.etag, allow_private=deps.settings.calendars_allow_private)
        found = None if fetched.raw is None else await _read(deps, fetched.raw, fetched.etag, source.zone, brings)
    except (NotFetched, Unreadable, BadCron) as refused:
        async with deps.engine_commands(actor) as uow:
            return await commands.fail(uow, source.id, str(refused))
    async with deps.engine_commands(actor) as uow:
        if found is None:
            return await commands.keep(uow, source.id)
        return await commands.renew(uow, source.id, found.copy)


async def _raw(deps: Deps, url: str, content: str) -> tuple[bytes, str]:
    if not url:
        return content.encode("utf-8", "replace"), ""
    fetched = await fetch(url, allow_private=deps.settings.calendars_allow_private)
    return fetched.raw or b"", fetched.etag


async def _read(deps: Deps, raw: bytes, etag: str, zone: str, brings: Brings) -> Obtained:
    now = deps.clock.now()
    if brings is Brings.HOLIDAYS:
        found = await read_apart(raw, zone=zone_of(zone), start=now - BEFORE, end=now + HOLIDAYS_AHEAD)
        return Obtained(found.name, Copy(Imported(()), etag, dict(sorted(found.days.items()))))
    reading = await read_apart(raw, zone=zone_of(zone), start=now - BEFORE, end=now + AHEAD)
    async with deps.reading() as session:
        imported = matched(reading, await people(session))
    return Obtained(reading.name, Copy(imported, etag))
