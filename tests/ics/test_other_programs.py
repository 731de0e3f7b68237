"""Our calendars in the library of other programs: libical, by which GNOME's and KDE's calendars read."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsknight.ics.writing import Entry, calendar_file
from tests.clock import NOON

DAY = timedelta(days=1)
DEBIANS_PYTHON = "/usr/bin/python3"
TITLES = (
    "Ada on call: Primary",
    "Bo; “Bobby”, on call: Über\\Ops",
    "Łucja Ærøskøbing-" + "Żółć" * 40 + " on call: 夜勤",
    "BEGIN:VEVENT on call: a\tb",
)


def libical(raw: bytes) -> dict[str, Any]:
    """Return what libical makes of a calendar; skip where it is not installed, which the tests' installer does."""
    run = subprocess.run(
        [DEBIANS_PYTHON, Path(__file__).with_name("by_libical.py")], input=raw, capture_output=True, check=False
    )
    if b"ICalGLib" in run.stderr or b"No module named 'gi'" in run.stderr:
        pytest.skip("Debian's gir1.2-ical-3.0 is not installed: run tests/install.sh")
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


def test_libical_reads_our_calendar_without_an_error_and_as_it_was_meant():
    entries = [
        Entry(
            NOON + number * DAY,
            NOON + (number + 1) * DAY,
            f"shift-{number}",
            "here",
            title,
            "By the layer A, B; C.\nSo.",
        )
        for number, title in enumerate(TITLES)
    ]

    found = libical(calendar_file("On call: Über, Ops; 夜勤", entries, stamp=datetime(2026, 1, 1, tzinfo=UTC)))

    assert found["errors"] == 0
    assert found["events"] == [
        [
            int(one.start_at.timestamp()),
            int(one.end_at.timestamp()),
            one.uid,
            " ".join(one.summary.split()),
            one.description,
        ]
        for one in entries
    ]


def test_libical_takes_a_calendar_without_events():
    found = libical(calendar_file("On call", (), stamp=datetime(2026, 1, 1, tzinfo=UTC)))

    assert (found["errors"], found["events"]) == (0, [])
