"""How an e-mail integration reads its mails: conditions as simple controls, and a preview before they count."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, Final, TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from opsknight.domain.model.mail_conditions import IGNORE, MAX_VALUE, MOST, Field, How, KeyOf
from opsknight.ui.integration.fields import Preview, Samples
from opsknight.ui.integration.previews import show_previews
from opsknight.ui.integration.saving import saved
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field, select, switch
from opsknight.ui.parts.part import BARE, Part
from opsknight.ui.parts.tag import tag

Draft: TypeAlias = dict[str, Any]
Words: TypeAlias = Mapping[str, str]
"""What can be chosen, each with the words that say it."""
FIELDS: Final[Words] = {Field.SUBJECT: "the subject", Field.SENDER: "the sender", Field.TEXT: "the text"}
HOWS: Final[Words] = {How.WORD: "has the word", How.STARTS: "starts with", How.CONTAINS: "contains"}
THENS: Final[Words] = {
    "resolve": "it resolves",
    "trigger": "it triggers",
    "acknowledge": "it acknowledges",
    IGNORE: "nothing happens",
    "critical": "it is critical",
    "error": "it is an error",
    "warning": "it is a warning",
    "info": "it is for information",
}
OTHERWISE: Final[Words] = {"trigger": "triggers", IGNORE: "is ignored"}
KEYS: Final[Words] = {
    KeyOf.SENDER_AND_SUBJECT: "sender and subject",
    KeyOf.SUBJECT: "subject alone",
    KeyOf.BETWEEN: "what stands between two texts",
}
WHERE: Final[Words] = {Field.SUBJECT: "in the subject", Field.TEXT: "in the text"}
NEW: Final[Mapping[str, str]] = {"field": Field.SUBJECT, "how": How.WORD, "value": "", "then": "resolve"}
_SAVED: Final = "Saved: it counts from the next mail on."
VALUE: Final = "(e) => emit(e.target.value)"


class Mails:
    """The draft of the conditions and the controls that change it; saved by one press, used by the next mail."""

    def __init__(self, integration_id: int, conditions: Mapping[str, Any], *, read: Samples, preview: Preview) -> None:
        """Begin with the saved `conditions`; `read` gives the last mails, `preview` what they would become."""
        self._integration_id = integration_id
        self._read = read
        self._preview = preview
        self._saved = _whole(conditions)
        self._draft = _whole(conditions)
        self._numbers = count()
        self._conditions: list[tuple[Draft, ui.element, ui.element]] = []
        self._list = tag("div", classes="ok-mail-conditions")
        with tag("div", classes="ok-buttons"):
            self._none = tag("p", "No conditions: mails are read by the words that everybody uses.", classes="ok-muted")
            self._more = button("Add a condition", icon="plus")
            self._more.on("click", self._add, args=[])
        with tag("div", classes="ok-mail-rest"):
            self._otherwise()
            self._key()
        self._deeds()
        self._result = tag("div", classes="ok-previews", aria_live="polite")
        for one in self._draft["conditions"]:
            self._condition(one)
        self._counted()

    def _condition(self, one: Draft) -> None:
        """Build the controls of one condition, which stay while others come and go: somebody may be typing in them."""
        name = f"ok-c{next(self._numbers)}"
        with self._list, tag("div", classes="ok-mail-condition", role="group") as group:
            self._select(f"{name}-field", "If", FIELDS, one, "field")
            self._select(f"{name}-how", "How", HOWS, one, "how")
            self._text(f"{name}-value", "Words", one, "value")
            self._select(f"{name}-then", "Then", THENS, one, "then")
            remove = button("Remove", kind="quiet", small=True)
            remove.on("click", partial(self._remove, one), args=[])
        self._conditions.append((one, group, remove))

    def _counted(self) -> None:
        """Say of each condition which it is, and take note of the change."""
        for place, (_, group, remove) in enumerate(self._conditions, 1):
            for element, words in ((group, f"Condition {place}"), (remove, f"Remove condition {place}")):
                element.props["aria-label"] = words
                element.update()
        self._none.set_visibility(not self._conditions)
        self._more.props["disabled"] = len(self._conditions) >= MOST
        self._more.update()
        self._changed()

    def _otherwise(self) -> None:
        usual = switch("ok-usual-words", "Else read the usual words: RESOLVED, RECOVERY, OK …", on=self._draft["words"])
        usual.on("change", self._set_words, js_handler="(e) => emit(e.target.checked)")
        self._select("ok-otherwise", "Every other mail", OTHERWISE, self._draft, "otherwise")

    def _key(self) -> None:
        key: Draft = self._draft["key"]

        def chosen() -> None:
            between.update(key["of"] == KeyOf.BETWEEN)
            self._changed()

        self._select("ok-key-of", "Mails belong together by", KEYS, key, "of", changed=chosen)
        between = Part(self._between, classes=BARE)
        between.update(key["of"] == KeyOf.BETWEEN)

    def _between(self, wanted: bool) -> None:  # noqa: FBT001  # called by the part
        if wanted:
            key: Draft = self._draft["key"]
            key.setdefault("field", Field.SUBJECT)
            self._select("ok-key-field", "It stands", WHERE, key, "field")
            self._text("ok-key-after", "After the text", key, "after")
            self._text("ok-key-before", "Before the text", key, "before")

    def _select(
        self,
        name: str,
        label: str,
        options: Mapping[str, str],
        of: Draft,
        part: str,
        *,
        changed: Callable[[], None] | None = None,
    ) -> None:
        def choose(event: GenericEventArguments) -> None:
            if event.args in options:
                of[part] = str(event.args)
                (changed or self._changed)()

        chosen = select(name, label, {str(value): words for value, words in options.items()}, chosen=of[part])
        chosen.on("change", choose, js_handler=VALUE)

    def _text(self, name: str, label: str, of: Draft, part: str) -> None:
        def write(event: GenericEventArguments) -> None:
            if isinstance(event.args, str):
                of[part] = event.args[:MAX_VALUE]
                self._changed()

        # Not `value`: Vue would set that anew with every update, over what is being typed.
        written = field(name, label, defaultValue=of.get(part, ""), maxlength=MAX_VALUE, autocomplete="off")
        written.on("input", write, js_handler=VALUE)

    def _add(self) -> None:
        if len(self._conditions) < MOST:
            self._draft["conditions"].append(dict(NEW))
            self._condition(self._draft["conditions"][-1])
            self._counted()

    def _remove(self, one: Draft) -> None:
        place = next(number for number, (each, _, _) in enumerate(self._conditions) if each is one)
        del self._draft["conditions"][place]
        self._conditions.pop(place)[1].delete()
        self._counted()

    def _set_words(self, event: GenericEventArguments) -> None:
        self._draft["words"] = event.args is True
        self._changed()

    def _deeds(self) -> None:
        """Build what can be done with the draft; `_changed` keeps it true, for what has the focus must stay."""
        with tag("div", classes="ok-buttons"):
            button("Preview on the last 50", icon="search").on("click", self._look, args=[])
            self._save = button("Save", kind="primary")
            self._save.on("click", self._store, args=[])
            self._state = tag("span", classes="ok-faint")

    def _changed(self) -> None:
        """Tell how the draft stands; what it would make of mails is out of date."""
        self._result.clear()
        incomplete = any(not one["value"].strip() for one in self._draft["conditions"])
        same = self._draft == self._saved
        self._save.props["disabled"] = same or incomplete
        self._save.update()
        said = "A condition has no words yet." if incomplete else "As saved." if same else "Not saved yet."
        self._state._text = said  # noqa: SLF001  # the text node that `tag` sets
        self._state.update()

    async def _store(self) -> None:
        draft = _whole(self._draft)
        url = f"/api/v1/integrations/{self._integration_id}/mail-conditions"
        if await saved(self._list.client, url, draft, _SAVED):
            self._saved = draft
            self._changed()

    async def _look(self) -> None:
        found = await self._preview(self._draft, await self._read())
        self._result.clear()
        with self._result:
            show_previews(found)


def _whole(conditions: Mapping[str, Any]) -> Draft:
    """Return a copy of conditions with every part that may be missing."""
    said: Draft = json.loads(json.dumps(dict(conditions)))
    return {
        "conditions": said.get("conditions", []),
        "words": said.get("words", True),
        "otherwise": said.get("otherwise", "trigger"),
        "key": {"of": KeyOf.SENDER_AND_SUBJECT.value, **said.get("key", {})},
    }
