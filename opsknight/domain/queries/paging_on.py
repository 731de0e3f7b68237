"""Where a page of the ledger ended, so that the next one goes on there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import literal, tuple_

from opsknight.domain.store.tables import FactRow
from opsknight.errors import Invalid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def cursor(row: Any) -> str:
    """Return the place of a fact, given by `at`, `xid` and `seq`, as text."""
    return f"{(row.at - _EPOCH) // _MICROSECOND}.{row.xid}.{row.seq}"


def placed(before: str) -> Any:
    """Return a cursor as a value to compare facts with.

    Raises:
        Invalid: it is not one of ours.
    """
    try:
        at, xid, seq = (int(part) for part in before.split("."))
        instant = _EPOCH + at * _MICROSECOND
    except (ValueError, OverflowError):
        raise Invalid("“before” is no place in this timeline; take it from “more” of the page before.") from None
    return tuple_(literal(instant), literal(xid, FactRow.xid.type), literal(seq))
