"""The explanation for one person: whatever the ledger says, there is an answer, and it is a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.escalation import NO_POLICY, Policy, Step, Target, TargetKind
from opsknight.domain.model.explanation import Case, Message, Page, Rota, Told, explain
from opsknight.domain.model.ledger import Fact, sentence

ADA, BO = 1, 2
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKED = Policy(
    steps=(
        Step((Target(TargetKind.SCHEDULE, 7),), timedelta(minutes=5)),
        Step((Target(TargetKind.USER, BO),), timedelta(minutes=10)),
    ),
    name="Platform",
)
ROTAS = {7: Rota("Primary", ((ADA, "Ada", "Weekly"),), frozenset({ADA, BO}))}

kinds = st.sampled_from([*Fact, "a kind of tomorrow"])
datas = st.fixed_dictionaries(
    {},
    optional={
        "step": st.integers(1, 3),
        "lap": st.integers(0, 2),
        "user_id": st.sampled_from([ADA, BO]),
        "people": st.lists(st.sampled_from(["Ada", "Bo"]), max_size=2),
        "reason": st.sampled_from(["", "nobody is on call"]),
    },
)
facts = st.lists(st.tuples(kinds, datas), max_size=12).map(
    lambda drawn: [
        Told(NOON + nth * SECOND, str(kind), sentence(kind, "Cy", data), "Cy", data)
        for nth, (kind, data) in enumerate(drawn)
    ]
)
messages = st.builds(
    Message,
    st.sampled_from(["email", "push", "pigeon"]),
    st.sampled_from(["queued", "accepted", "failed", "superseded", "bundled", "ambiguous", "lost"]),
    st.sampled_from(["", "The provider said: “no”."]),
    st.integers(0, 3),
)
pages = st.lists(
    st.builds(
        Page,
        user_id=st.sampled_from([ADA, BO]),
        user=st.just("Ada"),
        at=st.integers(0, 12).map(lambda nth: NOON + nth * SECOND),
        reason=st.sampled_from(["on call: Primary, Weekly", "named in step 2 of Platform"]),
        step=st.none() | st.integers(1, 3),
        messages=st.lists(messages, max_size=3).map(tuple),
    ),
    max_size=4,
)


def a_case(**what: object) -> Case:
    plain = {
        "user_id": BO, "user": "Bo", "you": True, "zone": ZoneInfo("UTC"), "status": "open", "policy": ASKED,
        "rotas": ROTAS, "facts": [], "pages": [],
    }  # fmt: skip
    return Case(**{**plain, **what})  # type: ignore[arg-type]


def told(kind: str, at: int = 0, **data: object) -> Told:
    return Told(NOON + at * SECOND, kind, sentence(kind, "Cy", data), "Cy", data)


@given(
    facts, pages, st.booleans(), st.sampled_from(["open", "acknowledged", "suppressed"]), st.none() | st.integers(0, 1)
)
def test_there_is_always_an_answer_and_it_is_a_sentence(
    story: list[Told],
    paged: list[Page],
    you: bool,  # noqa: FBT001  # drawn
    status: str,
    next_step: int | None,
):
    for policy in (ASKED, NO_POLICY):
        due_at = None if next_step is None else NOON
        case = a_case(
            facts=story, pages=paged, you=you, status=status, policy=policy, next_step=next_step, due_at=due_at
        )

        answer = explain(case)

        assert answer.summary[0].isupper()
        assert answer.summary.endswith((".", "?"))
        assert all(link.sentence.endswith((".", "?")) for link in answer.chain)
        assert answer.paged == any(
            one.attempts or one.status == "bundled" for page in case.mine for one in page.messages
        )
        assert ("were not paged" in answer.summary or "was not paged" in answer.summary) <= (not answer.paged)


@pytest.mark.parametrize("kind", [Fact.SENT, Fact.FAILED, Fact.SUPERSEDED, Fact.NOT_PAGED])
def test_what_is_about_somebody_elses_messages_is_not_told(kind: Fact):
    assert explain(a_case(facts=[told(kind, user_id=ADA, user="Ada")])).chain == ()
    assert len(explain(a_case(facts=[told(kind, user_id=BO, user="Bo")])).chain) == 1


def test_whose_message_went_out_with_those_of_other_incidents_was_paged():
    bundled = Page(BO, "Bo", NOON, "named in step 2 of Platform", 2, messages=(Message("push", "bundled"),))

    answer = explain(a_case(pages=[bundled]))

    assert answer.paged
    assert answer.summary == (
        "You were paged together with other incidents, in one message: named in step 2 of Platform."
    )


def test_whom_a_later_page_has_not_reached_yet_was_paged_by_the_one_before():
    bundled = Page(BO, "Bo", NOON, "named in step 2 of Platform", 2, messages=(Message("push", "bundled"),))
    waiting = Page(BO, "Bo", NOON + SECOND, "named in step 2 of Platform", 2, messages=(Message("push", "queued"),))

    answer = explain(a_case(pages=[bundled, waiting]))

    assert answer.paged
    assert answer.summary.startswith("You were paged together with other incidents")


def test_a_rule_that_let_it_rest_is_the_reason():
    story = [told(Fact.OPENED), told(Fact.RULED, rule="Quiet at night", did=["suppressed it"])]

    answer = explain(a_case(facts=story, status="suppressed"))

    assert answer.summary == ("You were not paged, and nobody was by a step: The rule “Quiet at night” suppressed it.")


def test_only_what_has_happened_since_paging_began_anew_counts():
    page = Page(ADA, "Ada", NOON + 9 * SECOND, "on call: Primary, Weekly", 1)
    story = [told(Fact.STEP_FIRED, step=1, people=["Ada"]), told(Fact.ACKNOWLEDGED, 5), told(Fact.WOKEN, 8),
             told(Fact.STEP_FIRED, 9, step=1, people=["Ada"])]  # fmt: skip

    answer = explain(a_case(facts=story, pages=[page]))

    assert answer.summary.endswith("you are asked by step 2, due 5 min after the first; nobody has acknowledged yet.")
    assert answer.summary.count("step 1") == 1
    assert len(answer.chain) == len(story)


def test_a_step_that_was_skipped_is_told_with_its_reason():
    story = [told(Fact.STEP_SKIPPED, step=1, reason="nobody is on call")]

    assert explain(a_case(facts=story)).summary == (
        "You were not paged: step 1 was skipped, nobody is on call; you are asked by step 2, due 5 min after the first."
    )
