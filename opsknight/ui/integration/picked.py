"""What was picked for a field mapping so far: each part with what can be changed of it, and removable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from nicegui import ui
from nicegui.events import GenericEventArguments

from opsknight.ui.integration.draft import LISTED, TAG, Draft, read, test_of, words_of, written
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field as text_field
from opsknight.ui.parts.field import select
from opsknight.ui.parts.tag import tag

FIELDS: Final[Mapping[str, str]] = {
    "title": "Title",
    "dedup_key": "Dedup key",
    "action": "Status",
    "severity": "Severity",
    "source": "Source",
    "component": "Component",
}
ALL: Final[Mapping[str, str]] = {**FIELDS, "tags": "Tags", "links": "Links", "details": "Details"}
ACTIONS: Final[Mapping[str, str]] = {
    "trigger": "trigger",
    "acknowledge": "acknowledge",
    "resolve": "resolve",
    "ignore": "nothing at all",
}
SEVERITIES: Final = ("critical", "error", "warning", "info")
MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "action": {"": "as it says", **ACTIONS},
    "severity": {"": "as it says", **{name: name for name in SEVERITIES}},
}
TESTS: Final = {"is": "is one of", "is_not": "is none of", "there": "is there", "not_there": "is not there"}
SEVERAL: Final = {"first": "the first that is there", "joined": "all, joined by “:”"}
MOST_WORDS: Final = 12
"""Different words of one field for which a meaning can be chosen here."""
PLACE: Final = "ok-picked"
"""The id of the whole, which takes the focus when something in it is removed."""
_VALUE: Final = "(e) => emit(e.target.value)"


class Changes(Protocol):
    """Who is told that the draft has changed."""

    def rebuild(self, *, focus: str = PLACE) -> None:
        """Show the draft as it is, and put the focus on the element with the id `focus`."""

    def noted(self) -> None:
        """Take note of a change that shows already."""

    def whole(self) -> None:
        """Make one event of a payload again."""


class Picked:
    """Shows a draft. `seen` returns the words that stood at a path lately.

    Only what a change concerns is built anew: whatever else has the focus, or is on its way to us, stays.
    """

    def __init__(self, draft: Draft, *, seen: Callable[[str], Sequence[str]], changes: Changes) -> None:
        """Build it here."""
        self._draft = draft
        self._seen = seen
        self._changes = changes
        self._places = {build: tag("div") for build in (self._rows, self._conditions, self._all_meanings)}
        self._told: dict[Callable[[], None], str] = {}
        self.refresh()
        self._defaults()

    def refresh(self) -> None:
        """Show the draft as it is."""
        for build, told in self._tells().items():
            if self._told.get(build) != told:
                place = self._places[build]
                place.clear()
                with place:
                    build()
        self.keep()

    def keep(self) -> None:
        """Take what is shown for the draft as it is."""
        self._told = self._tells()

    def _tells(self) -> dict[Callable[[], None], str]:
        """Return what each part is built of."""
        draft = self._draft
        picked = {name: (draft.paths(name), draft.is_joined(name)) for name in MEANINGS}
        return {
            self._rows: json.dumps([draft.events, draft.fields, draft.links]),
            self._conditions: json.dumps([draft.events, draft.conditions]),
            self._all_meanings: json.dumps([draft.events, picked]),
        }

    def _rows(self) -> None:
        draft = self._draft
        with tag("dl", classes="ok-facts ok-picked"):
            if draft.events:
                self._row("One event for each of", draft.events, self._changes.whole)
            for name in draft.fields:
                self._tag(name) if name.startswith(TAG) else self._field(name)
            for place, link in enumerate(draft.links):
                self._link(place, link)

    def _conditions(self) -> None:
        if not self._draft.conditions:
            return
        tag("p", "The first condition that holds decides, before the status does.", classes="ok-where")
        with tag("ol", classes="ok-conditions", aria_label="Conditions, in the order in which they are tried"):
            for place, condition in enumerate(self._draft.conditions):
                self._condition(place, condition)

    def _all_meanings(self) -> None:
        for name in MEANINGS:
            self._meanings(name)

    def _row(self, words: str, path: str, drop: Callable[[], None]) -> None:
        tag("dt", words)
        with tag("dd"), tag("div", classes="ok-picked-path"):
            self._path(words, path, drop)

    def _path(self, words: str, path: str, drop: Callable[[], None]) -> None:
        tag("code", path)
        remove = button("Remove", kind="quiet", small=True, aria_label=f"Remove {words}: {path}")
        remove.on("click", drop, args=[])

    def _field(self, name: str) -> None:
        words, paths = ALL.get(name, name), self._draft.paths(name)
        tag("dt", words)
        with tag("dd"):
            for path in paths:
                with tag("div", classes="ok-picked-path"):
                    self._path(words, path, partial(self._drop, name, path))
            if len(paths) > 1 and name not in LISTED:
                chosen = "joined" if self._draft.is_joined(name) else "first"
                several = select(f"ok-several-{name}", f"{words} is", SEVERAL, chosen=chosen)
                several.on("change", partial(self._join, name), js_handler=_VALUE)

    def _tag(self, name: str) -> None:
        short, held = name.removeprefix(TAG), [name]
        tag("dt", "Tag")
        with tag("dd", classes="ok-picked-named"):
            control = text_field(f"ok-{name}", "Name", value=short, maxlength="100")
            control.on("change", partial(self._name_tag, held), js_handler=_VALUE)
            for path in self._draft.paths(name):
                self._path(f"the tag {short}", path, lambda path=path: self._drop(held[0], path))

    def _link(self, place: int, link: Mapping[str, Any]) -> None:
        tag("dt", "Link")
        with tag("dd", classes="ok-picked-named"):
            words = str(link.get("text", ""))
            control = text_field(
                f"ok-link-{place}", "Words to show", value=words, placeholder="its address", maxlength="100"
            )
            control.on("change", partial(self._name_link, place), js_handler=_VALUE)
            self._path("the link", str(link["path"]), partial(self._drop_one, "links", place))

    def _condition(self, place: int, condition: Mapping[str, Any]) -> None:
        path, test, name = str(condition["path"]), test_of(condition), f"ok-when-{place}"
        with tag("li", classes="ok-condition"):
            with tag("div", classes="ok-condition-head"):
                tag("span", "When ")
                tag("code", path)
                if place:
                    up = button(
                        "Try earlier", kind="quiet", small=True, aria_label=f"Try the condition on {path} earlier"
                    )
                    up.on("click", partial(self._earlier, place), args=[])
                remove = button("Remove", kind="quiet", small=True, aria_label=f"Remove the condition on {path}")
                remove.on("click", partial(self._drop_one, "when", place), args=[])
            asked = select(f"{name}-test", "Compared", TESTS, chosen=test)
            asked.on("change", partial(self._test, place, f"{name}-test"), js_handler=_VALUE)
            if test in ("is", "is_not"):
                self._words(name, place, condition, path)
            then = select(f"{name}-then", "Then it is", ACTIONS, chosen=str(condition["then"]))
            then.on("change", partial(self._decide, place), js_handler=_VALUE)

    def _words(self, name: str, place: int, condition: Mapping[str, Any], path: str) -> None:
        seen = written([word[:60] for word in self._seen(path)[:MOST_WORDS]])
        says = f"Whole words, commas between. Seen lately: {seen}" if seen else "Whole words, commas between."
        control = text_field(
            f"{name}-words", "Words", value=written(words_of(condition)), says=says, spellcheck="false"
        )
        control.on("change", partial(self._ask, place), js_handler=_VALUE)

    def _meanings(self, name: str) -> None:
        """Offer a meaning for each word that has been seen where `name` is taken from."""
        if self._draft.is_joined(name) and len(self._draft.paths(name)) > 1:
            return
        chosen = self._draft.meanings(name)
        seen = {word for path in self._draft.paths(name) for word in self._seen(path)}
        with tag("div", classes="ok-meanings"):
            for place, word in enumerate(sorted(seen | set(chosen))[:MOST_WORDS]):
                label = f"{FIELDS[name]} “{word[:60]}” means"
                meant = select(f"ok-{name}-{place}", label, MEANINGS[name], chosen=str(chosen.get(word, "")))
                meant.on("change", partial(self._mean, name, word), js_handler=_VALUE)

    def _defaults(self) -> None:
        with tag("details", classes="ok-more", open=True if self._draft.mapping.get("defaults") else None):
            tag("summary", "What to say where nothing is found")
            with tag("div", classes="ok-meanings"):
                for name, words in FIELDS.items():
                    value, label = self._draft.default(name), f"{words}, if nothing is found"
                    control: ui.element
                    if name in MEANINGS:
                        options = {**MEANINGS[name], "": "nothing"}
                        control = select(f"ok-default-{name}", label, options, chosen=value)
                    else:
                        control = text_field(f"ok-default-{name}", label, value=value, maxlength="200")
                    control.on("change", partial(self._fall_back, name), js_handler=_VALUE)

    def _drop(self, name: str, path: str) -> None:
        self._draft.drop(name, path)
        self._changes.rebuild()

    def _drop_one(self, part: str, place: int) -> None:
        self._draft.drop_one(part, place)
        self._changes.rebuild()

    def _join(self, name: str, event: GenericEventArguments) -> None:
        if event.args in SEVERAL:
            self._draft.join(name, joined=event.args == "joined")
            self._changes.rebuild(focus=f"ok-several-{name}")

    def _name_tag(self, held: list[str], event: GenericEventArguments) -> None:
        """Call a tag otherwise; what it is called now is `held` for its other deeds, so that nothing is built anew."""
        before = held[0]
        held[0] = self._draft.name_tag(before, str(event.args))
        if held[0] == before:
            self._told.pop(self._rows, None)
            self._changes.rebuild(focus=f"ok-{before}")  # its name as it was
        else:
            self._changes.noted()

    def _name_link(self, place: int, event: GenericEventArguments) -> None:
        self._draft.name_link(place, str(event.args))
        self._changes.noted()

    def _test(self, place: int, focus: str, event: GenericEventArguments) -> None:
        if event.args in TESTS:
            seen = self._seen(str(self._draft.conditions[place]["path"]))
            self._draft.test(place, event.args, word=seen[0] if seen else "true")
            self._changes.rebuild(focus=focus)

    def _ask(self, place: int, event: GenericEventArguments) -> None:
        self._draft.ask(place, read(str(event.args)))
        self._changes.noted()

    def _decide(self, place: int, event: GenericEventArguments) -> None:
        if event.args in ACTIONS:
            self._draft.decide(place, event.args)
            self._changes.noted()

    def _earlier(self, place: int) -> None:
        self._draft.earlier(place)
        self._changes.rebuild(focus=f"ok-when-{place - 1}-test")

    def _mean(self, name: str, word: str, event: GenericEventArguments) -> None:
        if event.args in MEANINGS[name]:
            self._draft.mean(name, word, event.args)
            self._changes.noted()

    def _fall_back(self, name: str, event: GenericEventArguments) -> None:
        if name not in MEANINGS or event.args in MEANINGS[name]:
            self._draft.fall_back(name, str(event.args))
            self._changes.noted()
