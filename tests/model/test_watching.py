"""What watchers are told of what happens to an incident."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.watching import TOLD, Told, news, words
from tests.clock import NOON

ADA, BO = 1, 2


def told(kind: Fact, by: int = BO, **data: Any) -> Told:
    return Told(kind.value, NOON, f"user:{by}", f"Person {by}", data)


def test_what_happened_is_told_in_sentences_in_its_order():
    found = news([told(Fact.ACKNOWLEDGED), told(Fact.RESOLVED)], watcher_id=ADA, last_told="")

    assert words(found) == "Person 2 acknowledged it. Person 2 resolved it."


def test_nobody_is_told_of_what_they_did_themselves():
    assert news([told(Fact.ACKNOWLEDGED, by=ADA)], watcher_id=ADA, last_told="") == []


def test_the_safety_net_is_told_once_until_something_else_happens():
    net, taken = told(Fact.SAFETY_NET), told(Fact.ACKNOWLEDGED)

    assert news([net, net, taken, net], watcher_id=ADA, last_told="") == [net, taken, net]
    assert news([net], watcher_id=ADA, last_told=Fact.SAFETY_NET) == []


def test_only_what_watchers_hear_of_is_told_to_be_taken_back():
    of_snooze, of_resolve = told(Fact.UNDONE, verb="snooze"), told(Fact.UNDONE, verb="resolve")

    assert news([of_snooze, of_resolve], watcher_id=ADA, last_told="") == [of_resolve]


@given(st.lists(st.builds(told, st.sampled_from(sorted(TOLD)), st.sampled_from([ADA, BO])), max_size=12))
def test_news_are_some_of_the_facts_in_their_order_and_it_does_not_matter_where_they_are_cut(facts: list[Told]):
    whole = list(news(facts, watcher_id=ADA, last_told=""))

    assert [fact for fact in facts if any(fact is one for one in whole)] == whole
    for cut in range(len(facts)):
        before = facts[:cut]
        last = before[-1].kind if before else ""
        assert [
            *news(before, watcher_id=ADA, last_told=""),
            *news(facts[cut:], watcher_id=ADA, last_told=last),
        ] == whole
