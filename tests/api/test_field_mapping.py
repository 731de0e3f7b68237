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
    ("paths", "found"),
    [
        (["check.nothing", "hosts.0.name", "check.name"], "web-1"),
        (["check.blank", "check.name"], "HTTP"),
        (["check.nothing"], None),
    ],
)
def test_of_several_paths_the_first_that_leads_to_something_wins(paths: list[str], found: object):
    payload = {**CHECK, "check": {**CHECK["check"], "blank": ""}}  # type: ignore[dict-item]

    assert mapped({"fields": {"title": {"first": paths}}}, payload).get("title") == found


def test_a_path_may_begin_at_the_whole_payload_where_each_element_is_an_event():
    payload = {"host": "web-1", "alerts": [{"name": "Disk", "$": {"host": "its own"}}]}
    mapping = {"fields": {"title": "name", "source": "$.host", "component": r"\$.host"}}

    found = mapped(mapping, payload["alerts"][0], whole=payload)

    assert (found["title"], found["source"], found["component"]) == ("Disk", "web-1", "its own")


def test_tags_are_all_members_of_several_objects():
    payload = {"labels": {"env": "prod"}, "meta": {"team": "web"}}

    assert mapped({"fields": {"tags": ["labels", "meta"]}}, payload)["tags"] == {"env": "prod", "team": "web"}


def test_links_have_words_and_one_whose_path_leads_nowhere_is_left_out():
    mapping = {
        "fields": {"links": "url"},
        "links": [{"text": "Runbook", "path": "help"}, {"text": "Graph", "path": "nowhere"}],
    }

    assert mapped(mapping, {"url": "https://a.example", "help": "https://b.example"})["links"] == [
        "https://a.example",
        {"href": "https://b.example", "text": "Runbook"},
    ]


CONDITIONS = [
    {"path": "ended_at", "there": True, "then": "resolve"},
    {"path": "check.state", "is": ["ack", "Seen it"], "then": "acknowledge"},
    {"path": "check.state", "is_not": ["CRIT", "DOWN"], "then": "ignore"},
]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"ended_at": "2026-11-28", "check": {"state": "CRIT"}}, "resolve"),
        ({"ended_at": None, "check": {"state": "CRIT"}}, "CRIT"),
        ({"ended_at": "", "check": {"state": "seen-it"}}, "acknowledge"),
        ({"check": {"state": "not acknowledged"}}, "ignore"),
        ({"check": {}}, "ignore"),
    ],
)
def test_the_first_condition_that_holds_decides_and_words_are_compared_whole(payload: dict[str, Any], status: str):
    assert mapped({"fields": {"action": "check.state"}, "when": CONDITIONS}, payload)["status"] == status


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"field": {}}, "“field” is none of its parts, which are events, fields, links, when, values and defaults."),
        ({"fields": {"name": "a"}}, "“name” is not a field of an event."),
        ({"fields": {"title": 5}}, "“title” has no path, which is a text such as check.name, or a list of such."),
        (
            {"fields": {"title": {"last": ["a"]}}},
            "“title” has no path, which is a text such as check.name, or a list of such.",
        ),
        ({"fields": []}, "“fields” is not an object."),
        ({"when": {}}, "“when” is not a list."),
        ({"when": [{"path": ""}]}, "a condition is an object with a path."),
        (
            {"when": [{"path": "a", "then": "resolve"}]},
            "the condition on “a” says not just one of is, is_not and there.",
        ),
        ({"when": [{"path": "a", "is": [], "then": "resolve"}]}, "“is” of the condition on “a” is no list of words."),
        (
            {"when": [{"path": "a", "there": "yes", "then": "resolve"}]},
            "“there” of the condition on “a” is neither true nor false.",
        ),
        (
            {"when": [{"path": "a", "is": ["x"], "then": "close"}]},
            "the condition on “a” says no action; say one of acknowledge, ignore, resolve, trigger.",
        ),
        ({"links": [{"text": "Runbook"}]}, "a link is an object with its path, and the text to show for it."),
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
            "fields": {"title": {"first": ["a.b", "$.c"]}, "dedup_key": ["a", "b"], "tags.env": "c"},
            "values": {"action": {"OK": "resolve", "MUTED": "ignore"}, "severity": {"5": "critical"}},
            "defaults": {"source": "checks"},
            "links": [{"text": "Runbook", "path": "a"}, {"path": "b"}],
            "when": CONDITIONS,
        }
    )


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=6,
)
SECTION = st.dictionaries(st.sampled_from(["action", "title", "tags", "tags.x", "links", "details"]), ANYTHING)
LISTED = st.lists(
    st.dictionaries(st.sampled_from(["path", "text", "is", "is_not", "there", "then"]), ANYTHING | st.just("a")),
    max_size=3,
)


@given(
    st.dictionaries(st.sampled_from(["fields", "values", "defaults", "links", "when"]), SECTION | LISTED | ANYTHING),
    ANYTHING,
)
def test_no_mapping_that_was_saved_unchecked_breaks_ingest(mapping: dict[str, Any], payload: Any):
    assert isinstance(mapped(mapping, payload), dict)
