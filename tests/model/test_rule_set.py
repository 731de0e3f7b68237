"""Rules as one event after another meets them: in order, by an index, never at the cost of a page."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Event, Severity, Urgency
from opsknight.domain.model.expression_evaluation import Evaluation
from opsknight.domain.model.rule import Rule
from opsknight.domain.model.rule_document import rule_of
from opsknight.domain.model.rule_set import Reason, RuleSet, Ruling, _asked, prepared
from tests.builders import an_event
from tests.model.expressions import AROUND
from tests.model.rules import a_rule, compiled, documents, judged

EVENT = an_event(severity=Severity.CRITICAL, tags={"env": "staging", "host": "db-1"})


def test_a_rule_that_matches_changes_the_event_and_gives_its_name_as_the_reason():
    quiet = a_rule('tags.env == "staging"', set={"severity": "warning", "title": "[{tags.env}] {title}"})

    ruling = judged(EVENT, quiet)

    assert (ruling.event.severity, ruling.event.title) == (Severity.WARNING, "[staging] Disk full on db-1")
    assert ruling.reasons == (Reason(quiet.id, quiet.name, ("set the severity to warning", "changed the title")),)


def test_a_rule_that_does_not_match_leaves_the_very_same_event():
    ruling = judged(EVENT, a_rule('tags.env == "prod"', then="drop"))

    assert ruling == Ruling(EVENT)
    assert ruling.event is EVENT


def test_a_later_rule_sees_what_an_earlier_one_has_set_even_where_it_is_found_by_its_index():
    ruling = judged(
        EVENT, a_rule(set={"tags": {"tier": "gold"}}), a_rule('tags.tier == "gold"', set={"urgency": "high"})
    )

    assert ruling.urgency is Urgency.HIGH


def test_a_rule_that_stops_is_the_last_that_is_asked():
    ruling = judged(EVENT, a_rule(stop=True, set={"priority": "P2"}), a_rule(then="drop"))

    assert (ruling.priority, ruling.dropped) == ("P2", False)


def test_a_dropped_event_meets_no_further_rule():
    ruling = judged(EVENT, a_rule(then="drop"), a_rule(set={"severity": "info"}))

    assert (ruling.dropped, ruling.pages, len(ruling.reasons)) == (True, False, 1)
    assert ruling.event.severity is Severity.CRITICAL


def test_a_rule_that_costs_too_much_is_skipped_and_the_event_pages_as_if_there_were_none():
    costly = a_rule(" or ".join(['title contains "y"'] * 30), then="drop")
    event = an_event(title="x" * 60_000)

    ruling = judged(event, costly)

    assert ruling.pages
    assert [(one.rule_id, "steps" in one.why) for one in ruling.skipped] == [(costly.id, True)]


def test_many_dear_rules_together_cost_an_event_no_more_than_some_milliseconds():
    dear = " or ".join(['title contains "y"'] * 3)
    rules = [a_rule(dear) for _ in range(40)]

    ruling = judged(an_event(title="x" * 60_000), *rules)

    assert 0 < len(ruling.skipped) < 40
    assert ruling.skipped[-1].why == "the rules before it take more than 20000 steps for this event"


def test_a_rule_that_cannot_be_read_any_more_is_skipped_with_its_reason():
    broken = Rule(id=7, name="Old", condition="titel == 3", actions=a_rule(then="drop").actions)

    ruling = judged(EVENT, broken)

    assert ruling.pages
    assert [(one.rule_id, one.why) for one in ruling.skipped] == [
        (7, "it cannot be read: There is no field titel; did you mean title?")
    ]


def test_a_rule_that_is_switched_off_is_not_asked():
    assert judged(EVENT, a_rule(then="drop", enabled=False)) == Ruling(EVENT)


def test_pause_group_and_threshold_carry_the_values_by_which_they_tell_events_apart():
    ruling = judged(
        EVENT,
        a_rule(pause="5m"),
        a_rule(group={"by": ["tags.host"], "within": "10m"}),
        a_rule(threshold={"count": 3, "within": "2m", "by": ["component", "tags.env"]}),
    )

    assert ruling.pause == timedelta(minutes=5)
    assert ruling.gathering is not None
    assert (ruling.gathering.key, ruling.gathering.within) == ("4:db-1", timedelta(minutes=10))
    assert [(one.key, one.count) for one in ruling.countings] == [("4:None7:staging", 3)]


def test_a_number_that_was_sent_is_known_by_its_text_and_so_is_looked_up_in_no_index():
    ruling = judged(an_event(details={"port": 80}), a_rule('details.port == "80"', then="drop"))

    assert ruling.dropped


def test_five_hundred_rules_that_an_index_tells_apart_cost_as_much_as_one():
    rules = [
        a_rule(f'integration == "Probes" and tags.host == "db-{number}" and title contains "Disk"')
        for number in range(500)
    ]
    ready = RuleSet.of(rules, compiled)

    asked = ready._candidates(Evaluation(EVENT, AROUND), after=-1)

    assert [ready.ready[place].rule.id for place in asked] == [rules[1].id]


some_events = st.builds(
    an_event,
    severity=st.sampled_from(Severity),
    component=st.sampled_from(["", "b"]),
    title=st.sampled_from(["x", "y"]),
    tags=st.dictionaries(st.sampled_from(["env", "host"]), st.sampled_from(["prod", "dev", "a"]), max_size=2),
)


@given(st.lists(documents, max_size=6), some_events)
def test_the_index_changes_no_ruling(several: list[dict[str, object]], event: Event):
    rules = [rule_of(one, compiled, rule_id=number) for number, one in enumerate(several)]
    one_by_one = Ruling(event)
    for rule in rules:
        if rule.enabled and not one_by_one.stopped:
            one_by_one = _asked(prepared(rule, compiled), one_by_one, Evaluation(one_by_one.event, AROUND))

    assert judged(event, *rules) == one_by_one
