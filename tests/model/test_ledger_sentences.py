import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.ledger import Fact, people, sentence, span


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (Fact.OPENED, {"severity": "error", "urgency": "high"}, "Ada opened the incident as error, high urgency."),
        (Fact.ACKNOWLEDGED, {"via": "mail link"}, "Ada acknowledged it by mail link."),
        (Fact.SNOOZED, {"for_s": 5400}, "Ada snoozed it for 1 h 30 min."),
        (Fact.SUPPRESSED, {}, "Ada suppressed it until its alert resolves."),
        (Fact.SUPPRESSED, {"cause": "inhibition", "reason": "“Switch down” is open"},
         "Ada suppressed it: “Switch down” is open."),
        (Fact.REASSIGNED, {"user": "Bo"}, "Ada reassigned it to Bo."),
        (Fact.REASSIGNED, {"user": "Ada", "from_user": "Bo"}, "Ada took it over from Bo."),
        (Fact.STEP_FIRED, {"step": 2, "lap": 1, "people": ["Bo", "Cy"]}, "Step 2, round 2 paged Bo and Cy."),
        (Fact.STEP_SKIPPED, {"step": 1, "reason": "nobody is on call"},
         "Step 1 was skipped, it reached nobody: nobody is on call."),
        (Fact.RECORDED, {"action": "acknowledge"}, "Ada sent an acknowledge, but no alert was open: nothing changed."),
        (
            Fact.RECORDED,
            {"action": "acknowledge", "reason": "the incident is suppressed"},
            "Ada sent an acknowledge, but the incident is suppressed: nothing changed.",
        ),
        (
            Fact.ALERT_JOINED,
            {"title": "Disk full", "quiet": "maintenance “DB upgrade”"},
            "The alert “Disk full” joined the incident; nobody is paged for that: maintenance “DB upgrade”.",
        ),
        (
            Fact.RAISED,
            {"urgency": "high", "quiet": "a rule suppresses it"},
            "Ada raised the urgency to high; nobody is paged for that: a rule suppresses it.",
        ),
        (
            Fact.BY_HOURS,
            {"service": "Checkout", "severity": "critical", "urgency": "low"},
            "It came outside the support hours of Checkout: low urgency until they begin, though it is critical.",
        ),
        (
            Fact.LATE_COPY,
            {"title": "Disk full"},
            "Ada sent a late copy of “Disk full”, which had cleared; nobody was paged.",
        ),
        (Fact.SENT, {"channel": "email", "user": "Bo", "detail": "250 OK"}, "Mail to Bo was accepted: “250 OK”."),
        (Fact.RULED, {"rule": "Quiet", "did": ["changed the title", "paused it"], "was": {"title": "Disk"}},
         "The rule “Quiet” changed the title and paused it (the title was “Disk”)."),
        (Fact.DROPPED, {"rule": "Noise", "count": 3, "name": "Probes"}, "The rule “Noise” dropped 3 events of Probes."),
        (Fact.RESOLVED, {"firing": True}, "Ada resolved it while its monitor was still firing."),
    ],
)  # fmt: skip
def test_a_fact_reads_like_a_sentence(kind: Fact, data: dict[str, object], told: str):
    assert sentence(kind, "Ada", data) == told


@pytest.mark.parametrize("kind", Fact)
def test_every_kind_has_a_sentence_even_when_its_data_is_missing(kind: Fact):
    told = sentence(kind, "Ada", {})

    assert told.endswith((".", "?"))
    assert told != f"Ada: {kind}."


def test_a_kind_of_a_newer_version_is_told_by_its_name():
    assert sentence("merged", "Ada", {}) == "Ada: merged."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (86400 + 7200, "1 d 2 h")],
)
def test_a_span_reads_as_people_say_it(seconds: float, words: str):
    assert span(seconds) == words


@given(st.lists(st.text(min_size=1, alphabet="abc"), max_size=5))
def test_every_name_is_told(names: list[str]):
    assert all(name in people(names) for name in names)
