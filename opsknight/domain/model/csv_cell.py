"""Cells of exported tables: what a spreadsheet would take for a formula is made plain text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutralised(text: str) -> str:
    """Return `text` such that no spreadsheet runs it: behind an apostrophe where it begins like a formula.

    Source: OWASP, “CSV Injection”. What stands behind leading blanks counts as the beginning too.
    """
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the CSV (RFC 4180, lines end in CR LF) of `rows` under `heads`; None is an empty cell."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in (heads, *rows):
        writer.writerow([neutralised("" if cell is None else str(cell)) for cell in row])
    return written.getvalue()
