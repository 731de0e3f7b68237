"""Field picking: the last payload, a click on a value for each of our fields, and a preview before it counts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from nicegui.events import GenericEventArguments

from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.ui.integration.payload import Leaf, element, leaves, parsed
from opsknight.ui.parts.badge import badge
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import choice, select
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

Draft: TypeAlias = dict[str, Any]
FIELDS: Final = {
    "title": "Title",
    "dedup_key": "Dedup key",
    "action": "Status",
    "severity": "Severity",
    "source": "Source",
    "component": "Component",
}
MEANINGS: Final = {
    "action": {
        "": "as it says",
        "trigger": "trigger",
        "acknowledge": "acknowledge",
        "resolve": "resolve",
        "ignore": "nothing at all",
    },
    "severity": {"": "as it says", "critical": "critical", "error": "error", "warning": "warning", "info": "info"},
}
MOST_WORDS: Final = 12
"""Different words of one field for which a meaning can be chosen here."""


@dataclass(frozen=True, slots=True)
class Become:
    """What one delivery would become: its events (action, severity, title, dedup key), or why it would be refused."""

    at: float
    events: Sequence[tuple[str, str, str, str]]
    refused: str = ""


Bodies: TypeAlias = Callable[[], Awaitable[Sequence[StoredDelivery]]]
Preview: TypeAlias = Callable[[Mapping[str, Any], Sequence[StoredDelivery]], Awaitable[Sequence[Become]]]


class Fields:
    """The draft of a field mapping and everything by which it is made; saved by one press, used by the next event."""

    def __init__(
        self,
        integration_id: int,
        mapping: Mapping[str, Any],
        received: Sequence[StoredDelivery],
        *,
        read: Bodies,
        preview: Preview,
    ) -> None:
        """Begin with the saved `mapping` and the last bodies `received`, newest first; `read` gives later ones."""
        self._integration_id = integration_id
        self._saved = dict(mapping)
        self._draft: Draft = json.loads(json.dumps(self._saved))
        self._read = read
        self._preview = preview
        self._field = "title"
        with tag("div") as self._place:
            self._show(received)

    def _show(self, received: Sequence[StoredDelivery]) -> None:
        """Build all of it for the last bodies `received`."""
        self._received = received
        self._payloads = [payload for one in received if (payload := parsed(one.body)) is not None]
        with tag("div", classes="ok-buttons ok-fields-head"):
            said = "Choose one of our fields, then press the value that fills it."
            tag("p", said if self._payloads else "Send an event first: its values are then chosen here by a click.")
            button("Read the latest", kind="quiet", small=True).on("click", self._latest, args=[])
        if not self._payloads:
            return
        picked = choice("ok-field", FIELDS, chosen=self._field, label="Field to fill").classes("ok-choice-wrap")
        picked.on("change", self._choose, js_handler="(e) => emit(e.target.value)")
        with tag("div", classes="ok-leaves", role="group", aria_label="Values of the last delivery") as self._tree:
            self._show_tree()
        self._mapping = tag("div", classes="ok-mapping")
        self._deeds = tag("div", classes="ok-buttons")
        self._result = tag("div", classes="ok-previews", aria_live="polite")
        self._changed()

    async def _latest(self) -> None:
        received = await self._read()
        self._place.clear()
        with self._place:
            self._show(received)

    def _choose(self, event: GenericEventArguments) -> None:
        if event.args in FIELDS:
            self._field = event.args

    def _show_tree(self) -> None:
        for leaf in leaves(element(self._payloads[0], self._draft.get("events"))):
            words = "One event for each of these" if leaf.each else leaf.value[:200] or "(empty)"
            with tag("button", classes="ok-leaf", type="button") as value:
                tag("span", leaf.path, classes="ok-mono ok-faint")
                tag("span", words, classes="ok-cut")
            value.on("click", partial(self._pick, leaf), args=[])

    def _pick(self, leaf: Leaf) -> None:
        if leaf.each:
            self._draft["events"], self._draft["fields"] = leaf.path, {}
            self._draft.pop("values", None)
            self._tree.clear()
            with self._tree:
                self._show_tree()
        else:
            self._draft.setdefault("fields", {})[self._field] = leaf.path
        self._changed()

    def _changed(self) -> None:
        """Show the draft as it is now."""
        self._mapping.clear()
        with self._mapping:
            self._show_mapping()
        self._can_be_saved()

    def _can_be_saved(self) -> None:
        """Offer what can be done with the draft; what it would make of events is out of date."""
        self._result.clear()
        self._deeds.clear()
        with self._deeds:
            self._show_deeds()

    def _show_mapping(self) -> None:
        with tag("dl", classes="ok-facts ok-picked"):
            if events := self._draft.get("events"):
                self._row("One event for each of", str(events), partial(self._drop, "events"))
            for field, path in self._draft.get("fields", {}).items():
                paths = path if isinstance(path, str) else " : ".join(map(str, path))
                self._row(FIELDS.get(str(field), str(field)), paths, partial(self._drop_field, field))
        for field in MEANINGS:
            self._show_meanings(field)

    def _show_deeds(self) -> None:
        same = self._draft == self._saved
        look = button(f"Preview on the last {len(self._received)}", icon="search")
        look.on("click", self._look, args=[])
        save = button(
            "Save",
            kind="primary",
            data_act="post",
            data_method="PUT",
            data_url=f"/api/v1/integrations/{self._integration_id}/mapping",
            data_body=json.dumps(self._draft),
            data_said="Saved: it counts from the next event on.",
            disabled=True if same else None,
        )
        save.on("ok:posted", self._is_saved, js_handler="(e) => emit(e.detail.ok)")
        tag("span", "As saved." if same else "Not saved yet.", classes="ok-faint")

    def _row(self, words: str, path: str, drop: Callable[[], None]) -> None:
        tag("dt", words)
        with tag("dd"):
            tag("code", path)
            button("Remove", kind="quiet", small=True, aria_label=f"Remove {words}").on("click", drop, args=[])

    def _show_meanings(self, field: str) -> None:
        """Offer a meaning for each word that has been seen at the path of `field`."""
        path = self._draft.get("fields", {}).get(field)
        if not isinstance(path, str):
            return
        chosen = self._draft.get("values", {}).get(field, {})
        elements = [element(payload, self._draft.get("events")) for payload in self._payloads]
        seen = {leaf.value for one in elements for leaf in leaves(one) if leaf.path == path}
        with tag("div", classes="ok-meanings"):
            for place, word in enumerate(sorted(seen | set(chosen))[:MOST_WORDS]):
                label = f"{FIELDS[field]} “{word[:60]}” means"
                meant = select(f"ok-{field}-{place}", label, MEANINGS[field], chosen=str(chosen.get(word, "")))
                meant.on("change", partial(self._mean, field, word), js_handler="(e) => emit(e.target.value)")

    def _mean(self, field: str, word: str, event: GenericEventArguments) -> None:
        if event.args not in MEANINGS[field]:
            return
        values = self._draft.setdefault("values", {})
        if event.args:
            values.setdefault(field, {})[word] = event.args
        else:
            values.get(field, {}).pop(word, None)
        if not values.get(field):
            values.pop(field, None)
        if not values:
            self._draft.pop("values")
        self._can_be_saved()

    def _drop(self, part: str) -> None:
        for name in (part, "fields", "values"):
            self._draft.pop(name, None)
        self._tree.clear()
        with self._tree:
            self._show_tree()
        self._changed()

    def _drop_field(self, field: str) -> None:
        self._draft["fields"].pop(field)
        self._draft.get("values", {}).pop(field, None)
        for part in ("fields", "values"):
            if not self._draft.get(part):
                self._draft.pop(part, None)
        self._changed()

    def _is_saved(self, event: GenericEventArguments) -> None:
        if event.args is True:
            self._saved = json.loads(json.dumps(self._draft))
            self._can_be_saved()

    async def _look(self) -> None:
        found = await self._preview(self._draft, self._received)
        self._result.clear()
        with self._result:
            show_previews(found)


def show_previews(found: Sequence[Become]) -> None:
    """Build what deliveries would become, and how many would be refused."""
    refused = sum(bool(one.refused) for one in found)
    said = f"{len(found) - refused} would be understood, {refused} refused."
    tag("p", said, classes="ok-where")
    for one in found:
        with tag("div", classes="ok-preview"):
            moment(one.at, "seconds", classes="ok-faint")
            with tag("div", classes="ok-delivery-said"):
                if one.refused:
                    verdict("Refused", "bad")
                    tag("p", one.refused, classes="ok-delivery-reason")
                elif not one.events:
                    verdict("Nothing that pages or resolves", "none", mark="check")
                for action, severity, title, dedup_key in one.events[:5]:
                    with tag("div", classes="ok-preview-event"):
                        tag("span", action.capitalize())
                        if severity:
                            badge(severity, solid=False)
                        tag("span", title, classes="ok-delivery-title")
                        tag("span", dedup_key, classes="ok-mono ok-faint ok-cut")
