"""What keeps OpsKnight from doing its work, above every open page for as long as it is so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight import readiness
from opsknight.domain.model.readiness import State
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

if TYPE_CHECKING:
    from opsknight.deps import Deps

AGAIN_EVERY_S: Final = 10.0
"""How long a wall that nobody touches may go on saying what is no longer so, in seconds."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something everybody must know, on every page, until it is mended; `kind` is warn or bad."""

    words: str
    kind: str = "warn"


async def read(deps: Deps) -> tuple[Notice, ...]:
    """Return what keeps OpsKnight from doing its work, the worst first."""
    found = [Notice(one.sentence, one.state.value) for one in await readiness.look(deps) if one.state is not State.GOOD]
    return tuple(sorted(found, key=lambda notice: notice.kind))


class Notices:
    """One line for each of them; nothing while there is none. Every open page's are kept in step by `tell`."""

    def __init__(self, notices: Sequence[Notice]) -> None:
        """Build them into the page that is being built."""
        self._shown: Sequence[Notice] | None = None
        self._place = tag("aside", aria_label="What needs mending")
        self.update(notices)
        _open.add(self)
        ui.context.client.on_delete(lambda: _open.discard(self))

    def update(self, notices: Sequence[Notice]) -> None:
        """Show `notices`, built anew only where they say something else."""
        if notices == self._shown:
            return
        self._shown = notices
        self._place.clear()
        self._place.props["hidden"] = not notices
        self._place.update()
        with self._place:
            for notice in notices:
                _line(notice)


_open: set[Notices] = set()


def tell(notices: Sequence[Notice]) -> None:
    """Show `notices` on every open page."""
    for one in list(_open):
        one.update(notices)


async def keep(deps: Deps) -> None:
    """Keep every open page in step, for ever."""
    while True:
        await asyncio.sleep(AGAIN_EVERY_S)
        if _open:
            tell(await read(deps))


def _line(notice: Notice) -> None:
    with tag("div", classes="ok-notice", data_kind=notice.kind):
        icon("bell")
        what, _, advice = notice.words.partition(". ")
        with tag("p"):
            tag("span", f"{what}. " if advice else f"{what} ")
            if advice:
                tag("span", f"{advice} ", classes="ok-notice-advice")
            tag("a", "Readiness", href="/readiness")
