"""“Why was I paged?”, or not: the answer in a sentence, and the chain behind it; for anybody who is chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from opsknight.domain.queries.why import WhyLine
from opsknight.errors import NotFound
from opsknight.ui.incident.story import MARKS, PLAIN
from opsknight.ui.parts.entry import entry, timeline
from opsknight.ui.parts.field import select
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

_VALUE: Final = "(e) => emit(e.target.value)"


@dataclass(frozen=True, slots=True)
class Why:
    """Whom one can ask about (name by id), and how the answer is read."""

    people: Mapping[str, str]
    read: Callable[[int], Awaitable[WhyLine]]


def show_why(why: Why, *, viewer_id: int, paged: bool) -> None:
    """Build the question, folded; it is answered when it is opened, or when somebody else is chosen."""
    with tag("details", classes="ok-more ok-why") as place:
        tag("summary", "Why was I paged?" if paged else "Why was I not paged?")
        chosen = select("why-user", "About", dict(why.people), chosen=str(viewer_id))
        with tag("div", classes="ok-why-answer", aria_live="polite") as answer:
            tag("p", "Looking it up.", classes="ok-muted")
    whom = viewer_id

    async def tell() -> None:
        asked = whom
        try:
            told = await why.read(asked)
        except NotFound as refused:
            sentence = refused.sentence
            build: Callable[[], object] = lambda: tag("p", sentence, classes="ok-error")  # noqa: E731
        else:
            build = lambda: _told(told)  # noqa: E731
        if asked == whom:  # nobody else was chosen meanwhile
            _write(answer, build)

    async def choose(event: GenericEventArguments) -> None:
        nonlocal whom
        if str(event.args) in why.people:
            whom = int(event.args)
            await tell()

    place.on("toggle", tell, args=[])
    chosen.on("change", choose, js_handler=_VALUE)


def _write(place: ui.element, build: Callable[[], object]) -> None:
    place.clear()
    with place:
        build()


def _told(told: WhyLine) -> None:
    with tag("p", classes="ok-why-summary"):
        verdict("Paged" if told["paged"] else "Not paged", "good" if told["paged"] else "none")
        tag("span", told["summary"])
    with timeline():
        for link in told["chain"]:
            mark, kind = MARKS.get(link["kind"], PLAIN)
            entry(link["at"], link["sentence"], mark=mark, kind=kind)
