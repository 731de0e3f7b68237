"""The draft of a field mapping: what a person has picked so far, in the form in which it is saved."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from opsknight.domain.model.path import steps

Mapped: TypeAlias = dict[str, Any]
JOINED: Final = frozenset(("dedup_key",))
"""Fields of which several paths are joined, unless a person says otherwise; of the others the first counts."""
LISTED: Final = frozenset(("tags", "links"))
"""Fields that take what stands at all their paths."""
TAG: Final = "tags."
_IN_ORDER: Final = ("events", "fields", "links", "when", "values", "defaults")


class Draft:
    """A field mapping that is being made. What it holds is always fit to be saved."""

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        """Begin with a saved `mapping`, which stays as it is."""
        self._parts: Mapped = json.loads(json.dumps(mapping))

    @property
    def mapping(self) -> Mapped:
        """A copy of the mapping as it is now, without parts that hold nothing."""
        held = {part: self._parts[part] for part in _IN_ORDER if self._parts.get(part)}
        return cast("Mapped", json.loads(json.dumps(held)))

    @property
    def events(self) -> str:
        """The path to the list of which each element is an event, "" where the whole payload is one."""
        return str(self._parts.get("events", ""))

    @property
    def fields(self) -> Mapping[str, Any]:
        """Our fields with the paths that were picked for them."""
        return cast("Mapping[str, Any]", self._parts.get("fields", {}))

    def split(self, events: str) -> None:
        """Make an event of each element of the list at `events` ("": of the whole); what was picked leads elsewhere."""
        kept = {"defaults": self._parts["defaults"]} if self._parts.get("defaults") else {}
        self._parts = {"events": events, **kept} if events else kept

    def paths(self, field: str) -> Sequence[str]:
        """Return the paths that were picked for a field, in order."""
        found = self.fields.get(field, [])
        listed = cast("Mapping[str, Any]", found).get("first", []) if isinstance(found, dict) else found
        return [listed] if isinstance(listed, str) else [str(path) for path in cast("Sequence[object]", listed)]

    def is_joined(self, field: str) -> bool:
        """Say whether what stands at several paths of a field is joined, or would be if there were several."""
        found = self.fields.get(field)
        return field in JOINED if found is None or isinstance(found, str) else isinstance(found, list)

    def pick(self, field: str, path: str) -> None:
        """Take what stands at `path` for a field too, after what was picked for it before."""
        self._put(field, [*(one for one in self.paths(field) if one != path), path], joined=self.is_joined(field))

    def drop(self, field: str, path: str) -> None:
        """Take what stands at `path` for a field no longer; without any path its words mean nothing either."""
        self._put(field, [one for one in self.paths(field) if one != path], joined=self.is_joined(field))
        if not self.paths(field):
            self._part("values").pop(field, None)

    def join(self, field: str, *, joined: bool) -> None:
        """Join what stands at the paths of a field, or take the first that leads to something."""
        self._put(field, self.paths(field), joined=joined)

    def pick_tag(self, path: str) -> str:
        """Make a tag of what stands at `path`, called as that is, and return the name."""
        name = unique(steps(path)[-1], {field.removeprefix(TAG) for field in self.fields if field.startswith(TAG)})
        self._part("fields")[f"{TAG}{name}"] = path
        return name

    def name_tag(self, field: str, name: str) -> str:
        """Call a tag otherwise, and return its field; an empty name, and one that is taken, changes nothing."""
        to = f"{TAG}{name.strip()}"
        if to == TAG or to in self.fields or field not in self.fields:
            return field
        self._parts["fields"] = {to if one == field else one: paths for one, paths in self.fields.items()}
        return to

    @property
    def links(self) -> Sequence[Mapping[str, Any]]:
        """Links with words of their own."""
        return cast("Sequence[Mapping[str, Any]]", self._parts.get("links", []))

    def pick_link(self, path: str) -> None:
        """Make a link of the address at `path`."""
        self._listed("links").append({"text": "", "path": path})

    def name_link(self, place: int, words: str) -> None:
        """Show `words` for the link in that place, "" for its address."""
        self._listed("links")[place]["text"] = words.strip()

    @property
    def conditions(self) -> Sequence[Mapping[str, Any]]:
        """Conditions in the order in which they are tried."""
        return cast("Sequence[Mapping[str, Any]]", self._parts.get("when", []))

    def pick_condition(self, path: str, word: str) -> None:
        """Add a condition: where `word` stands at `path` it is a trigger."""
        test: Mapped = {"is": [word]} if word else {"there": True}
        self._listed("when").append({"path": path, **test, "then": "trigger"})

    def test(self, place: int, test: str, *, word: str) -> None:
        """Have the condition in that place ask otherwise: is, is_not, there, not_there; with `word` if it had none."""
        before = self._listed("when")[place]
        is_word = test not in ("there", "not_there")
        asked: Mapped = {test: words_of(before) or [word]} if is_word else {"there": test == "there"}
        self._listed("when")[place] = {"path": before["path"], **asked, "then": before["then"]}

    def ask(self, place: int, words: Sequence[str]) -> None:
        """Have the condition in that place compare with other words; without any, with the former."""
        condition = self._listed("when")[place]
        if words and "there" not in condition:
            condition[test_of(condition)] = list(words)

    def decide(self, place: int, then: str) -> None:
        """Have the condition in that place do something else."""
        self._listed("when")[place]["then"] = then

    def earlier(self, place: int) -> None:
        """Try the condition in that place before the one before it."""
        listed = self._listed("when")
        listed.insert(place - 1, listed.pop(place))

    def drop_one(self, part: str, place: int) -> None:
        """Leave out the link or condition in that place."""
        self._listed(part).pop(place)

    def default(self, field: str) -> str:
        """Return what a field says where no path leads to anything."""
        return str(self._part("defaults").get(field, ""))

    def fall_back(self, field: str, value: str) -> None:
        """Have a field say `value` where no path leads to anything; "" for nothing."""
        self._part("defaults").pop(field, None)
        if value.strip():
            self._part("defaults")[field] = value.strip()

    def meanings(self, field: str) -> Mapping[str, str]:
        """Return what the words of a field mean."""
        return cast("Mapping[str, str]", self._part("values").get(field, {}))

    def mean(self, field: str, word: str, meaning: str) -> None:
        """Have a word of a field mean something, "" for what it says itself."""
        values = self._part("values")
        meanings = {**values.pop(field, {}), word: meaning}
        if left := {one: said for one, said in meanings.items() if said}:
            values[field] = left

    def _put(self, field: str, paths: Sequence[str], *, joined: bool) -> None:
        fields = self._part("fields")
        if not paths:
            fields.pop(field, None)
        elif len(paths) == 1:
            fields[field] = paths[0]
        else:
            fields[field] = list(paths) if joined or field in LISTED else {"first": list(paths)}

    def _part(self, name: str) -> Mapped:
        return cast("Mapped", self._parts.setdefault(name, {}))

    def _listed(self, name: str) -> list[Mapped]:
        return cast("list[Mapped]", self._parts.setdefault(name, []))


def unique(name: str, taken: set[str]) -> str:
    """Return `name`, or with a number after it where it is taken."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} {number}", number + 1
    return found


def test_of(condition: Mapping[str, Any]) -> str:
    """Return what a condition asks: is, is_not, there or not_there."""
    if "there" in condition:
        return "there" if condition["there"] is True else "not_there"
    return "is" if "is" in condition else "is_not"


def words_of(condition: Mapping[str, Any]) -> list[str]:
    """Return the words with which a condition compares."""
    words = condition.get("is", condition.get("is_not", []))
    return [str(one) for one in cast("Sequence[object]", words)] if isinstance(words, list) else []


def written(words: Sequence[str]) -> str:
    """Return words as people write them, with commas between; one that holds a comma stands in quotes."""
    return ", ".join(f'"{one.replace(chr(34), chr(34) * 2)}"' if "," in one or '"' in one else one for one in words)


def read(text: str) -> list[str]:
    """Return the words that people wrote with commas between."""
    line = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True), [])
    return list(dict.fromkeys(word.strip() for word in line if word.strip()))
