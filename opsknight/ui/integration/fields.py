"""Field picking: the last payload, a click on a value for each of our fields, and a preview before it counts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from opsknight.domain.model.path import at
from opsknight.ui.integration.draft import Draft
from opsknight.ui.integration.payload import Leaf, Sample, element, leaves, said
from opsknight.ui.integration.picked import FIELDS, PLACE, Picked
from opsknight.ui.integration.previews import Become, show_previews
from opsknight.ui.integration.saving import saved
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import choice
from opsknight.ui.parts.tag import tag

TAG: Final = "tag"
LINK: Final = "link"
CONDITION: Final = "when"
TARGETS: Final[Mapping[str, str]] = {**FIELDS, TAG: "Tag", LINK: "Link", CONDITION: "Condition"}
_SEVERAL: Final = "Press a second value for where the first is missing."
HINTS: Final[Mapping[str, str]] = {
    "dedup_key": "What stays the same from the trigger to the resolve. Press several to join them.",
    "action": "Then say what each of its words means.",
    "severity": "Then say what each of its words means.",
    TAG: "Press a value for one tag, or an object for a tag of each of its members.",
    LINK: "Press a web address, then say which words to show for it.",
    CONDITION: "Press the value that tells a trigger from its end; then say which words mean what.",
}
_SAVED: Final = "Saved: it counts from the next event on."
_FOCUS: Final = "requestAnimationFrame(() => document.getElementById({})?.focus())"

Samples: TypeAlias = Callable[[], Awaitable[Sequence[Sample]]]
Preview: TypeAlias = Callable[[Mapping[str, Any], Sequence[Sample]], Awaitable[Sequence[Become]]]


class Fields:
    """The draft of a field mapping and everything by which it is made; saved by one press, used by the next event."""

    def __init__(
        self,
        integration_id: int,
        mapping: Mapping[str, Any],
        received: Sequence[Sample],
        *,
        read: Samples,
        preview: Preview,
    ) -> None:
        """Begin with the saved `mapping` and the last deliveries `received`, newest first; `read` gives later ones."""
        self._integration_id = integration_id
        self._draft = Draft(mapping)
        self._saved = self._draft.mapping
        self._read = read
        self._preview = preview
        self._target = "title"
        with tag("div") as self._place:
            self._show(received)

    def _show(self, received: Sequence[Sample]) -> None:
        """Build all of it for the last deliveries `received`."""
        self._received = received
        self._payloads = [one.payload for one in received if one.payload is not None]
        with tag("div", classes="ok-buttons ok-fields-head"):
            words = "Choose what to fill, then press the value that fills it."
            tag("p", words if self._payloads else "Send an event first: its values are then chosen here by a click.")
            button("Read the latest", kind="quiet", small=True).on("click", self._latest, args=[])
        if not self._payloads:
            return
        picked = choice("ok-field", TARGETS, chosen=self._target, label="What to fill").classes("ok-choice-wrap")
        picked.on("change", self._choose, js_handler="(e) => emit(e.target.value)")
        with tag("p", classes="ok-muted ok-fields-hint", aria_live="polite"):
            self._hint = tag("span", HINTS.get(self._target, _SEVERAL))
        with tag("div", classes="ok-leaves", role="group", aria_label="Values of the last delivery") as self._tree:
            self._show_tree()
        with tag("div", classes="ok-mapping", id=PLACE, tabindex="-1", role="group", aria_label="Picked"):
            self._picked = Picked(self._draft, seen=self._seen, changes=self)
        with tag("div", classes="ok-buttons"):
            self._show_deeds()
        self._result = tag("div", classes="ok-previews", aria_live="polite")
        self.noted()

    async def _latest(self) -> None:
        received = await self._read()
        self._place.clear()
        with self._place:
            self._show(received)

    def _choose(self, event: GenericEventArguments) -> None:
        if event.args not in TARGETS:
            return
        self._target = event.args
        self._hint._text = HINTS.get(self._target, _SEVERAL)  # noqa: SLF001  # the text node that `tag` sets
        self._hint.update()
        for value in self._members:  # hidden, not built anew: a press that is on its way finds its value
            value.props["hidden"] = self._target != TAG
            value.update()

    def _rebuild_tree(self) -> None:
        self._tree.clear()
        with self._tree:
            self._show_tree()

    def _show_tree(self) -> None:
        self._members: list[ui.element] = []
        for leaf in leaves(self._payloads[0], self._draft.events):
            words = leaf.value[:200] or "(empty)"
            if leaf.each:
                words = f"One event for each: {leaf.value}"
            elif leaf.members:
                words = f"A tag for each member: {leaf.value}"
            with tag("button", classes="ok-leaf", type="button") as value:
                tag("span", leaf.path, classes="ok-mono ok-faint")
                tag("span", words, classes="ok-cut")
            value.on("click", partial(self._pick, leaf), args=[])
            if leaf.members:
                value.props["hidden"] = self._target != TAG
                self._members.append(value)

    def _pick(self, leaf: Leaf) -> None:
        if leaf.each:
            self._draft.split(leaf.path)
            self._rebuild_tree()
            self.rebuild()
            return
        if leaf.members:
            self._draft.pick("tags", leaf.path)
        elif self._target == TAG:
            self._draft.pick_tag(leaf.path)
        elif self._target == LINK:
            self._draft.pick_link(leaf.path)
        elif self._target == CONDITION:
            self._draft.pick_condition(leaf.path, leaf.value)
        else:
            self._draft.pick(self._target, leaf.path)
        self.rebuild(focus="")

    def rebuild(self, *, focus: str = PLACE) -> None:
        """Show what was picked; `focus` is the id of what has the focus then, "" to leave it where it is."""
        self._picked.refresh()
        self.noted()
        if focus:
            self._place.client.run_javascript(_FOCUS.format(json.dumps(focus)))

    def whole(self) -> None:
        """Make one event of a payload again; what was picked from its elements leads nowhere then."""
        self._draft.split("")
        self._rebuild_tree()
        self.rebuild()

    def noted(self) -> None:
        """Say whether the draft is saved; what it would make of events is out of date."""
        self._picked.keep()
        self._result.clear()
        self._tell_standing()

    def _seen(self, path: str) -> Sequence[str]:
        """Return the words that stood at `path` lately, each once, in order."""
        found: set[str] = set()
        for payload in self._payloads:
            value = at(element(payload, self._draft.events), path, whole=payload)
            if value is not None and not isinstance(value, dict | list):
                found.add(said(value))
        return sorted(found)

    def _show_deeds(self) -> None:
        look = button(f"Preview on the last {len(self._received)}", icon="search")
        look.on("click", self._look, args=[])
        self._save = button("Save", kind="primary")
        self._save.on("click", self._store, args=[])
        self._stands = tag("span", classes="ok-faint")

    async def _store(self) -> None:
        """Have the browser save the draft as it is once every change before the press has arrived."""
        mapping = self._draft.mapping
        url = f"/api/v1/integrations/{self._integration_id}/mapping"
        if await saved(self._place.client, url, mapping, _SAVED):
            self._saved = mapping
            self._tell_standing()

    def _tell_standing(self) -> None:
        same = self._draft.mapping == self._saved
        self._save.props["disabled"] = same
        self._stands._text = "As saved." if same else "Not saved yet."  # noqa: SLF001  # as `tag` sets it
        self._save.update()
        self._stands.update()

    async def _look(self) -> None:
        found = await self._preview(self._draft.mapping, self._received)
        self._result.clear()
        with self._result:
            show_previews(found)
