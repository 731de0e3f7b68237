"""What subjects say by themselves, and what an integration's conditions make of mails."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.mail import Mail
from opsknight.domain.model.mail_conditions import MOST, Read, conditions_of, identity, problems, read
from opsknight.domain.model.mail_words import told, topic

RESOLVED = ["resolved", "recovery", "recovered", "ok", "cleared", "closed", "fixed"]


@pytest.mark.parametrize(
    "subject",
    [
        "** RECOVERY Service Alert: web-1/HTTP is OK **",
        "** RECOVERY Host Alert: web-1 is UP **",
        "[RESOLVED] HighErrorRate (web-1)",
        "[RESOLVED:2] Backup failed",
        "Re: [Prometheus] (ok) Error rate",
        "RESOLVED: Backup failed on db-1",
        "Resolved in 5m 3s: High CPU on web-1",
        "OK - load average: 0.1",
        "Recovered | Login returns 503",
        "Disk on db-1 is OK",
        "web-1 is up",
        "Back to normal",
        "Problem solved? No: [FIXED] it is",
        "resolved",
        "Monitor is UP: shop",
        "UP alert: shop (shop.example.com) is UP",
        "PingdomAlert UP: shop (shop.example.com) is UP",
        "✅ Monitor UP: https://shop.example.com",
        "[shop] [✅ Up] 200 - OK",
        "[PRTG Network Monitor (MON)] web-1 Ping (Ping) Down ended (now: Up) (12 msec)",
        "[PRTG Network Monitor (MON)] web-1 Ping (Ping) Up (12 msec)",
        "[P1] [Recovered on {host:web-1,env:prod}] CPU high",
        "[Monitor Alert] No data recovered: CPU high",
        "[RESOLVED - No severity] CPU of web-1",
        "Jenkins build is back to normal : shop #13",
        "Problem resolved: CPU high",
        "The problem with the shop has been resolved",
        "[Success] Backup job orders",
        "Site24x7 - shop - Up",
        "Host UP: db-1",
        "Check_MK: db-1/Filesystem / CRIT -> OK",
        "monit alert --  Connection succeeded nginx",
        "monit alert --  Exists nginx",
        "Zabbix: OK: Disk full",
        "[Incident resolved] shop",
        "[db-1] Backup completed successfully",
        "Deployment succeeded: shop",
        "Error rate is back to normal",
        "Uptime alert: shop is up again",
        "Your site shop is back up",
        "🟢 shop is back up",
        "shop is UP",
        "shop is UP: 200 in 12 ms",
        "Incident 12 is closed",
        "The alert for db-1 is now closed",
        "Ticket 12 is closed",
        "Latency is back to normal",
    ],
)
def test_a_state_word_in_its_place_resolves(subject: str):
    assert told(subject).action is Action.RESOLVE


@pytest.mark.parametrize(
    "subject",
    [
        "Name could not be resolved",
        "unresolved: tickets",
        "Backup NOT OK",
        "Database entered recovery mode",
        "Recovery failed on db-1",
        "Recovery: failed on db-1",
        "web-1 was down, now OK",
        "Is it resolved?",
        "Scale up",
        "Everything must be closed",
        "[FIRING:1] [OK] mixed",
        "token_expired",
        "[not resolved] x",
        "Book review",
        "Back up: db-1",
        "Scale up: 3 nodes",
        "Follow up: disk full",
        "Ticket could not be resolved: disk full",
        "Not yet recovered: shop",
        "Monitor is not UP: shop",
        "Error: OK was expected",
        "[Success] 3 of 4 jobs, 1 failed",
        "It has not been resolved",
        "[PRTG Network Monitor (MON)] Follow Up Server Ping Down (Up since 3 d)",
        "[PRTG Network Monitor (MON)] web-1 Ping Warning ended (now: Down) (x)",
        "[shop] [🔴 Down] Expected OK",
        "[ALERT - No severity] CPU of web-1",
        "Check_MK: db-1/Filesystem / OK -> CRIT",
        "monit alert --  Resource limit matched db-1",
        "[Partially resolved] shop",
        "Partially recovered: shop",
        "Backup completed successfully, 3 errors",
        "Successful: 3, failed: 1",
        "Port 443 is closed",
        "Port 443 on db-1 is CLOSED",
        "The VPN tunnel is closed",
        "Payment gateway is closed",
        "The shop's site is closed: come back later",
        "Disk usage is up",
        "Disk usage on host web-1 is up again",
        "Disk usage is up: 91 %",
        "DISK SPACE TAKEN BY LOGS IS UP",
        "Temperature is back up",
        "Queue is up",
        "",
    ],
)
def test_anything_else_triggers(subject: str):
    assert told(subject).action is Action.TRIGGER


@given(st.sampled_from(RESOLVED), st.sampled_from(["un{}", "{}ish", "x_{}", "{}2", "not {}", "pre-{}", "{}?"]))
def test_a_word_that_only_holds_a_state_word_ends_nothing(word: str, shape: str):
    said = shape.format(word)

    assert told(f"[{said}] CPU high").action is Action.TRIGGER
    assert told(f"CPU high {said}").action is Action.TRIGGER
    assert told(f"{said}: CPU high").action is Action.TRIGGER


def test_what_nagios_says_beside_problem_and_recovery_acknowledges_or_pages_nobody():
    assert told("** ACKNOWLEDGEMENT Service Alert: a/b is CRITICAL **").action is Action.ACKNOWLEDGE
    for quiet in ("FLAPPINGSTART", "FLAPPINGSTOP", "DOWNTIMESTART", "DOWNTIMEEND", "DOWNTIMECANCELLED"):
        assert told(f"** {quiet} Service Alert: a/b is OK **").action is None


def test_what_prtg_says_of_a_sensor_that_is_acknowledged_or_paused():
    assert told("[PRTG (MON)] web-1 Ping Down (Acknowledged) (No answer)").action is Action.ACKNOWLEDGE
    assert told("[PRTG (MON)] web-1 Ping Down ended (now: Paused)").action is None
    assert told("Monitor is PAUSED: shop").action is None


@pytest.mark.parametrize(
    ("subject", "severity"),
    [
        ("CRITICAL: disk", Severity.CRITICAL),
        ("Disk is a critical matter", Severity.CRITICAL),
        ("Warning - disk 91 %", Severity.WARNING),
        ("Disk is WARNING", Severity.WARNING),
        ("WARNING: database unreachable", Severity.CRITICAL),
        ("[info] deployed", Severity.INFO),
        ("Personal information leaked", None),
        ("Last warning", None),
        ("Disk full", None),
    ],
)
def test_a_word_anywhere_makes_it_worse_and_only_one_in_its_place_better(subject: str, severity: Severity | None):
    assert told(subject).severity is severity


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        ("** PROBLEM Service Alert: a/b is CRITICAL **", "** RECOVERY Service Alert: a/b is OK **"),
        ("[FIRING:2] High (web-1)", "[RESOLVED] High (web-1)"),
        ("Problem: CPU high", "Resolved in 1h 2m: CPU high"),
        ("CRITICAL - PROBLEM: CPU high", "Re: OK: CPU high"),
        ("db-1 is DOWN", "db-1 is UP"),
        ("Backup failed", "Backup OK"),
        ("Monitor is DOWN: shop", "Monitor is UP: shop"),
        ("DOWN alert: shop (shop.example.com) is DOWN", "UP alert: shop (shop.example.com) is UP"),
        ("PingdomAlert DOWN: shop (x.org) is DOWN", "PingdomAlert UP: shop (x.org) is UP"),
        ("🔴 shop is down", "🟢 shop is back up"),
        ("Your site shop went down", "Your site shop is back up"),
        ("[shop] [🔴 Down] timeout of 48000ms exceeded", "[shop] [✅ Up] 200 - OK"),
        (
            "[PRTG (MON)] web-1 Ping (Ping) Down (No answer)",
            "[PRTG (MON)] web-1 Ping (Ping) Down ended (now: Up) (1 ms)",
        ),
        ("[P1] [Triggered on {host:web-1}] CPU high", "[P1] [Recovered on {host:web-1}] CPU high"),
        ("[Monitor Alert] No data: CPU high", "[Monitor Alert] No data recovered: CPU high"),
        ("[Alerting] CPU high", "[OK] CPU high"),
        ("[ALERT - Critical] CPU of web-1", "[RESOLVED - Critical] CPU of web-1"),
        ('INSUFFICIENT_DATA: "CPU" in EU (Ireland)', 'OK: "CPU" in EU (Ireland)'),
        ("Fired:Sev1 CPU high", "Resolved:Sev1 CPU high"),
        ("[OPENED] CPU high", "[CLOSED] CPU high"),
        ("Check_MK: db-1/Filesystem / OK -> CRIT", "Check_MK: db-1/Filesystem / CRIT -> OK"),
        ("monit alert --  Connection failed nginx", "monit alert --  Connection succeeded nginx"),
        ("monit alert --  Does not exist nginx", "monit alert --  Exists nginx"),
        ("Deployment failed: shop", "Deployment succeeded: shop"),
        ("[db-1] Backup failed", "[db-1] Backup completed successfully"),
        ("[Incident] shop", "[Incident resolved] shop"),
    ],
)
def test_a_problem_and_its_end_are_about_the_same(problem: str, end: str):
    assert topic(problem) == topic(end)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("Disk full on db-1", "Disk full on db-2"),
        ("[prod] Disk full", "[staging] Disk full"),
        ("Temperature low", "Temperature high"),
        ("Recovery failed on db-1", "Critical error on db-1"),
        ("C++ build", "C# build"),
        ("Valve 3 open", "Valve 3 closed"),
        ("[Triggered on {host:web-1}] CPU high", "[Triggered on {host:web-2}] CPU high"),
        ("Monitor is DOWN: shop", "Monitor is DOWN: desk"),
        ("[PRTG (MON)] web-1 Ping Down (x)", "[PRTG (MON)] web-1 Disk Down (x)"),
        ("monit alert --  Connection failed nginx", "monit alert --  Resource limit matched nginx"),
    ],
)
def test_what_is_another_thing_is_about_another_thing(one: str, another: str):
    assert topic(one) != topic(another)


@given(st.text(max_size=200))
def test_every_subject_has_a_topic_unless_it_is_blank(subject: str):
    told(subject)
    assert bool(topic(subject)) is bool(subject.split())


def a_condition(value: str = "closed", **said: str) -> dict[str, str]:
    return {"field": "subject", "how": "word", "value": value, "then": "resolve", **said}


@pytest.mark.parametrize(
    ("condition", "mail", "action"),
    [
        (a_condition("Closed"), Mail(subject="Ticket 4 CLOSED today"), Action.RESOLVE),
        (a_condition(), Mail(subject="Ticket unclosed"), Action.TRIGGER),
        (a_condition(), Mail(subject="Ticket re-closed"), Action.TRIGGER),
        (a_condition("all  clear"), Mail(subject="It is all clear."), Action.RESOLVE),
        (a_condition("ticket", how="starts with"), Mail(subject="Ticketing"), Action.RESOLVE),
        (a_condition("ticket", how="starts with"), Mail(subject="A ticket"), Action.TRIGGER),
        (a_condition("lose", how="contains"), Mail(subject="Closed"), Action.RESOLVE),
        (a_condition("ada@x.org", field="sender", how="contains"), Mail(sender="ada@x.org"), Action.RESOLVE),
        (a_condition("done", field="text"), Mail(subject="x", text="We are\ndone."), Action.RESOLVE),
        (a_condition("holiday", then="ignore"), Mail(subject="OK holiday"), None),
        (a_condition("seen", then="acknowledge"), Mail(subject="seen"), Action.ACKNOWLEDGE),
        (a_condition("OK", then="trigger"), Mail(subject="[OK] all is not well"), Action.TRIGGER),
    ],
)
def test_a_condition_decides_before_the_usual_words(condition: dict[str, str], mail: Mail, action: Action | None):
    assert read(mail, conditions_of({"conditions": [condition]})).action is action


def test_the_first_condition_that_fits_decides_and_severity_is_a_matter_of_its_own():
    listed = [a_condition("disk", then="warning"), a_condition("full", then="trigger"), a_condition("disk")]

    assert read(Mail(subject="Disk full"), conditions_of({"conditions": listed})) == Read(
        Action.TRIGGER, Severity.WARNING
    )


def test_without_the_usual_words_and_with_ignore_only_what_fits_counts():
    mapping = {"conditions": [a_condition("alarm", then="trigger")], "words": False, "otherwise": "ignore"}

    actions = [read(Mail(subject=said), conditions_of(mapping)).action for said in ("[OK] x", "Alarm", "Newsletter")]

    assert actions == [None, Action.TRIGGER, None]


def test_the_sender_is_part_of_the_key_without_what_stands_after_a_plus_unless_told_otherwise():
    first, second = Mail(sender="ops+1@x.org", subject="Disk"), Mail(sender="ops+2@x.org", subject="[OK] Disk")
    elsewhere = Mail(sender="root@y.org", subject="Disk")

    assert identity(first, conditions_of({})) == identity(second, conditions_of({}))
    assert identity(first, conditions_of({})) != identity(elsewhere, conditions_of({}))
    by_subject = conditions_of({"key": {"of": "subject"}})
    assert identity(first, by_subject) == identity(elsewhere, by_subject)


def test_a_key_may_stand_between_two_texts_and_where_nothing_does_sender_and_subject_are_it():
    between = conditions_of({"key": {"of": "between", "field": "text", "after": "Id: ", "before": "\n"}})

    opened, closed = Mail(subject="New", text="Id: 7\nx"), Mail(subject="Gone", text="y\nId: 7\n")

    assert identity(opened, between) == identity(closed, between) == "7"
    assert identity(Mail(subject="New", text="none"), between) == identity(Mail(subject="New"), conditions_of({}))


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"rules": []}, "“rules” is none of its parts, which are conditions, words, otherwise and key."),
        ({"conditions": {}}, "“conditions” is not a list."),
        ({"conditions": [a_condition(then="panic")]}, "condition 1 is not complete"),
        ({"conditions": [a_condition(" ")]}, "condition 1 is not complete"),
        ({"conditions": [a_condition()] * (MOST + 1)}, "there are more than 50 conditions."),
        ({"words": "yes"}, "“words” is neither true nor false."),
        ({"otherwise": "resolve"}, "“otherwise” is neither trigger nor ignore."),
        ({"key": []}, "“key” is not an object."),
        ({"key": {"of": "mood"}}, "the key is of one of: sender and subject, subject, between."),
        ({"key": {"of": "between"}}, "the key stands between two texts: say what stands before it or after it."),
    ],
)
def test_conditions_that_cannot_work_are_told_in_a_sentence(mapping: dict[str, Any], sentence: str):
    assert [problem for problem in problems(mapping) if problem.startswith(sentence)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["subject", "word", "between"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["conditions", "key", "of", "field", "how", "value", "then", "words"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["conditions", "words", "otherwise", "key"]), JSON))
def test_whatever_stands_in_a_mapping_mails_are_read(mapping: dict[str, Any]):
    list(problems(mapping))
    conditions = conditions_of(mapping)

    read(Mail(subject="x", text="y"), conditions)
    assert identity(Mail(subject="x"), conditions)
