"""Reading in a process of its own: the same answer, no secret handed over, and an end to what has none."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from opsknight.ics import apart
from opsknight.ics.apart import read_apart
from opsknight.ics.reading import Unreadable, read

GOLDEN = Path(__file__).parent / "golden"
BERLIN = ZoneInfo("Europe/Berlin")
FROM, UNTIL = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["google.ics", "outlook.ics", "apple.ics"])
async def test_it_reads_what_is_read_here(name: str):
    raw = (GOLDEN / name).read_bytes()

    assert await read_apart(raw, zone=BERLIN, start=FROM, end=UNTIL) == read(raw, zone=BERLIN, start=FROM, end=UNTIL)


async def test_a_refusal_is_the_same_sentence():
    with pytest.raises(Unreadable, match="This is no calendar"):
        await read_apart(b"<html>", zone=BERLIN, start=FROM, end=UNTIL)


async def test_rules_that_never_come_to_an_end_are_ended_and_no_process_is_left():
    endless = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART:19700101T000000Z\r\nDTEND:19700101T010000Z\r\n"
        "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30\r\nEND:VEVENT\r\n"
        for number in range(50)
    )
    raw = f"BEGIN:VCALENDAR\r\n{endless}END:VCALENDAR\r\n".encode()
    began = time.monotonic()

    with pytest.raises(Unreadable, match="takes too much time"):
        await read_apart(raw, zone=BERLIN, start=FROM, end=UNTIL, within_s=1.5)

    assert time.monotonic() - began < 30
    children = [" ".join(child.cmdline()) for child in psutil.Process().children()]
    assert [words for words in children if apart.__name__ in words] == []


async def test_the_child_has_none_of_our_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPSKNIGHT_DATABASE_URL", "postgresql://planted")
    seen: dict[str, str] = {}
    start = apart.asyncio.create_subprocess_exec

    async def watched(*words: str, env: dict[str, str], **more: object):
        seen.update(env)
        return await start(*words, env=env, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(apart.asyncio, "create_subprocess_exec", watched)
    with pytest.raises(Unreadable):
        await read_apart(b"", zone=BERLIN, start=FROM, end=UNTIL)

    assert seen.keys() <= {"PYTHONPATH", "SYSTEMROOT"}
