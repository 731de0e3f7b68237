from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.api.field_mapping import check, elements, mapped
from opsknight.domain.model.event import Malformed
from opsknight.errors import Invalid

CHECK = {"check": {"name": "HTTP", "id": 7, "state": "CRIT", "a.b": "dotted"}, "hosts": [{"name": "web-1"}]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("check.name", "HTTP"),
        ("hosts.0.name", "web-1"),
        (r"check.a\.b", "dotted"),
        (["hosts.0.name", "check.id"], "web-1:7"),
        (["check.nothing", "check.id"], ":7"),
        ("check.nothing", None),
        ("hosts.1.name", None),
        ("hosts.name", None),
        (["check.nothing"], None),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: Any, found: object):
    assert mapped({"fields": {"title": path}}, CHECK).get("title") == found


def test_values_are_translated_whole_and_defaults_fill_what_is_missing():
    mapping = {
        "fields": {"action": "check.state", "severity": "check.id", "source": "nowhere"},
        "values": {"action": {"crit": "trigger"}, "severity": {"7": "warning"}},
        "defaults": {"source": "checks", "action": "resolve"},
    }

    assert mapped(mapping, CHECK) == {
        "status": "trigger",
        "severity": "warning",
        "source": "checks",
        "details": CHECK,
    }


def test_a_value_that_only_contains_a_translated_one_stays_as_it_is():
    mapping = {"fields": {"action": "state"}, "values": {"action": {"ok": "resolve"}}}

    assert mapped(mapping, {"state": "not ok"})["status"] == "not ok"


def test_tags_are_gathered_one_by_one_or_as_a_whole():
    mapping = {"fields": {"tags": "labels", "tags.host": "hosts.0.name", "tags.id": "check.id"}}

    assert mapped(mapping, CHECK | {"labels": {"env": "prod"}})["tags"] == {"env": "prod", "host": "web-1", "id": "7"}


def test_events_are_found_in_a_list_inside_the_payload():
    assert elements({"events": "hosts"}, CHECK) == [{"name": "web-1"}]
    assert elements({}, CHECK) is None
    with pytest.raises(Malformed, match="no list “check”"):
        elements({"events": "check"}, CHECK)


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"field": {}}, "“field” is none of its parts, which are events, fields, values and defaults."),
        ({"fields": {"name": "a"}}, "“name” is not a field of an event."),
        ({"fields": {"title": 5}}, "“title” has no path, which is a text such as check.name, or a list of such."),
        ({"fields": []}, "“fields” is not an object."),
        ({"events": ["a"]}, "“events” is not a path to a list, as text."),
        ({"defaults": {"urgency": "high"}}, "“urgency” is not a field of an event."),
        (
            {"values": {"action": {"x": "close"}}},
            "“close” is no action; say one of acknowledge, ignore, resolve, trigger.",
        ),
        (
            {"values": {"title": {"x": "y"}}},
            "“values” translates action and severity only, each with an object of texts.",
        ),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_before_it_is_saved(mapping: dict[str, Any], sentence: str):
    with pytest.raises(Invalid) as refusal:
        check(mapping)

    assert refusal.value.sentence == f"The field mapping cannot be used: {sentence}"


def test_a_mapping_that_works_is_not_refused():
    check({})
    check(
        {
            "events": "alerts",
            "fields": {"title": "a.b", "dedup_key": ["a", "b"], "tags.env": "c"},
            "values": {"action": {"OK": "resolve", "MUTED": "ignore"}, "severity": {"5": "critical"}},
            "defaults": {"source": "checks"},
        }
    )


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=6,
)
SECTION = st.dictionaries(st.sampled_from(["action", "title", "tags", "tags.x", "links", "details"]), ANYTHING)


@given(st.dictionaries(st.sampled_from(["fields", "values", "defaults"]), SECTION | ANYTHING), ANYTHING)
def test_no_mapping_that_was_saved_unchecked_breaks_ingest(mapping: dict[str, Any], payload: Any):
    assert isinstance(mapped(mapping, payload), dict)
