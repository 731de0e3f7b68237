"""Reading a calendar in a process of its own, within limits of time and memory.

A few lines of a stranger's calendar can cost minutes of computing. The pager's process must not pay for it, so
a child reads, is given no environment and no secret, and is killed when it takes too long.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from opsknight.domain.model.imported_shift import Attendee, Occurrence, Reading
from opsknight.ics.reading import MAX_BYTES, MAX_OCCURRENCES, Unreadable, read

WITHIN_S: Final = 20.0
AT_ONCE: Final = 2
"""Children at the same time; more wait."""
_MEMORY: Final = 1 << 30
_TURN: Final = asyncio.Semaphore(AT_ONCE)


async def read_apart(
    raw: bytes, *, zone: ZoneInfo, start: datetime, end: datetime, within_s: float = WITHIN_S
) -> Reading:
    """Return what `reading.read` does, without holding anybody up.

    Raises:
        Unreadable: it is no calendar, too large, takes too long, or something in it cannot be understood.
    """
    if len(raw) > MAX_BYTES:  # need not travel
        raise Unreadable(f"The calendar has {len(raw):,} bytes; {MAX_BYTES:,} are allowed.")
    told = await _asked(raw, [zone.key, start.isoformat(), end.isoformat()], within_s)
    if told is None:
        raise Unreadable(
            f"Working out the calendar takes too much time or memory. It may have {MAX_OCCURRENCES:,} events at most;"
            " look for rules that never come to an end."
        )
    if "refused" in told:
        raise Unreadable(told["refused"])
    return Reading(
        told["name"],
        tuple(_occurrence(one) for one in told["occurrences"]),
        {date.fromisoformat(day): title for day, title in told["days"].items()},
    )


async def _asked(raw: bytes, words: list[str], within_s: float) -> dict[str, Any] | None:
    """Return what the child says, None where it has come to nothing in time."""
    paths = os.pathsep.join(path for path in sys.path if path)
    system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Windows cannot do without
    async with _TURN:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": paths, **system},
        )
        try:
            async with asyncio.timeout(within_s):
                said, _ = await child.communicate(raw)
        except TimeoutError:
            return None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    return orjson.loads(said) if child.returncode == 0 else None


def _occurrence(one: dict[str, Any]) -> Occurrence:
    return Occurrence(
        datetime.fromisoformat(one["start_at"]),
        datetime.fromisoformat(one["end_at"]),
        one["uid"],
        one["summary"],
        tuple(Attendee(**attendee) for attendee in one["attendees"]),
        tuple(one["people"]),
    )


def main() -> None:
    """Read the calendar on standard input and write what stands in it, or why it is refused."""
    _limit_memory()
    zone, start, end = sys.argv[1:]
    try:
        found = read(
            sys.stdin.buffer.read(),
            zone=ZoneInfo(zone),
            start=datetime.fromisoformat(start),
            end=datetime.fromisoformat(end),
        )
    except Unreadable as refused:
        told: dict[str, Any] = {"refused": str(refused)}
    except Exception as failure:  # noqa: BLE001  # of strangers' files nobody knows all that can be wrong
        told = {"refused": f"The calendar cannot be read ({type(failure).__name__})."}
    else:
        told = dataclasses.asdict(found)
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS, default=str))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows; the time limit holds there too
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.nice(10)


if __name__ == "__main__":
    main()
