"""Figures and how they are written: percentiles, tables, the machine and the versions they belong to."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version

PACKAGES = ("fastapi", "uvicorn", "uvloop", "asyncpg", "sqlalchemy", "nicegui", "orjson")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of `values` lie; not a number where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers to the right."""
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join(" --- " if not n else " ---: " for n in range(len(head))) + "|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def ms(value: float) -> str:
    """Return milliseconds as people read them."""
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def rate(value: float) -> str:
    """Return a number a second."""
    return f"{value:,.0f}/s"


def surroundings() -> str:
    """Return what the figures belong to: cores, memory, versions, the release."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    busy = os.getloadavg()[0]
    others = f" Other work kept {busy:.1f} cores' worth of the machine busy when the run began." if busy > 0.5 else ""
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, Python"
        f" {platform.python_version()}, PostgreSQL 18 (embedded), {packages};"
        f" commit {commit.strip() or 'unknown'}.{others}"
    )
