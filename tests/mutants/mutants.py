"""The mutants: what is broken on purpose, by which words of the source, and the test that must turn red."""

from __future__ import annotations

from dataclasses import dataclass

ESCALATIONS = "tests/commands/test_escalations.py"
CLAIMS = "tests/store/test_claims.py"
DELIVER = "tests/jobs/test_deliver.py"
SIMULATOR = "tests/simulator/test_simulator.py::test_whatever_fails_and_whenever_every_page_is_as_promised[fixed]"
CUT_OFF = "tests/simulator/test_claims.py::test_what_an_engine_had_claimed_is_fired_within_seconds_when_it_is_cut_off"

UNTOLD = "tests/simulator/test_claims.py::test_what_nobody_is_told_of_is_found_by_the_sweep"

Words = tuple[str, str, str]
"""A file of the product, what it says, and what it says when it is broken."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the product."""

    what: str
    words: tuple[Words, ...]
    test: str

    @property
    def test_name(self) -> str:
        return self.test.partition("::")[2]


_COMMANDS = "opsknight/domain/commands/"
_BEGIN = "                full=now.full,\n            )\n"
_LEASED = """AND dead_at IS NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY urgent"""
_FREE_NOTHING = """        try:
            async with self._deps.engine_commands("engine:claims") as uow:
                freed = await free_of_the_dead(uow)
"""

MUTANTS = (
    Mutant(
        "a step fires without looking whether its timer was armed anew since (no fence check)",
        ((_COMMANDS + "firings.py", "if row is None or fences.get(timer.id) != timer.fence:", "if row is None:"),),
        f"{ESCALATIONS}::test_a_timer_that_was_armed_anew_since_it_was_claimed_is_left_alone",
    ),
    Mutant(
        "a message is sent before the commit of its attempt's row",
        (
            (
                "opsknight/jobs/deliver.py",
                _BEGIN,
                _BEGIN
                + """            self._early = {
                attempt.id: await self._channel.send(
                    self._writer.message(attempt, now=uow.now), address_of(attempt)
                )
                for attempt in begun
            }
""",
            ),
            (
                "opsknight/jobs/deliver.py",
                "return await self._channel.send(message, address)",
                "return self._early.pop(attempt.id, None) or await self._channel.send(message, address)",
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "no sweep: timers are fired only by who was told",
        (("opsknight/jobs/engine.py", "SWEEP_S = 0.5", "SWEEP_S = 3600.0"),),
        UNTOLD,
    ),
    Mutant(
        "a listener that lost its connection does not come back",
        (("opsknight/alarm.py", "            await asyncio.sleep(AGAIN_S)\n", "                return\n"),),
        "tests/test_alarm.py::test_what_others_commit_is_heard_again_after_the_listener_lost_its_connection",
    ),
    Mutant(
        "429 counts as sent",
        (
            (
                "opsknight/jobs/channels/push.py",
                'return Retry(said, Fault.THROTTLED, after=retry_after(headers.get("Retry-After"), at=now))',
                "return Sent(said)",
            ),
        ),
        "tests/jobs/test_channel_contract.py::test_a_provider_that_is_too_busy_says_when_to_come_back[push-7-7]",
    ),
    Mutant(
        "the generation is forgotten when a message is read again",
        (("opsknight/domain/model/notification.py", "if now.incident_generation != now.generation:", "if False:"),),
        f"{DELIVER}::test_what_an_older_generation_left_behind_is_never_sent",
    ),
    Mutant(
        "a lease never ends",
        (("opsknight/domain/store/claims.py", _LEASED, _LEASED.replace(" OR lease_until <= :now", "")),),
        f"{CLAIMS}::test_a_lease_that_has_run_out_is_claimed_again_with_a_higher_fence",
    ),
    Mutant(
        "what somebody holds is claimed once more",
        (
            (
                "opsknight/domain/store/claims.py",
                _LEASED,
                _LEASED.replace("(lease_until IS NULL OR lease_until <= :now)", "true"),
            ),
        ),
        f"{CLAIMS}::test_a_lease_that_has_run_out_is_claimed_again_with_a_higher_fence",
    ),
    Mutant(
        "nobody frees what a dead process had claimed",
        (("opsknight/jobs/worker.py", _FREE_NOTHING, _FREE_NOTHING.replace("await free_of_the_dead(uow)", "0")),),
        f"{CUT_OFF}[killed]",
    ),
    Mutant(
        "what a lost connection left claimed is kept until its lease ends",
        (
            (
                "opsknight/jobs/engine.py",
                "                await self._release()\n",
                "                self._unsure = False\n",
            ),
        ),
        f"{CUT_OFF}[lost]",
    ),
    Mutant(
        "a step that reaches nobody burns its wait",
        (
            (
                "opsknight/domain/model/escalation.py",
                "waited_until = at + step.wait if reached else at",
                "waited_until = at + step.wait",
            ),
        ),
        f"{ESCALATIONS}::test_a_step_that_reaches_nobody_is_skipped_at_once_with_its_reason",
    ),
    Mutant(
        "the safety net is never armed",
        ((_COMMANDS + "escalations.py", '"safety_net" if move.to_net else "escalation"', '"escalation"'),),
        f"{ESCALATIONS}::test_the_policy_repeats_and_then_the_safety_net_catches",
    ),
    Mutant(
        "a later step does not supersede what was never attempted",
        (
            (
                _COMMANDS + "firings.py",
                "    if out.stepped:\n",
                "    if False:\n",
            ),
        ),
        f"{ESCALATIONS}::test_a_later_step_supersedes_what_was_never_attempted",
    ),
    Mutant(
        "a timer that is late is dropped",
        (
            (
                _COMMANDS + "escalations.py",
                "        incident, kind = held.incident, held.timer.kind\n",
                """        incident, kind = held.incident, held.timer.kind
        if self._uow.now - held.timer.due_at > LATE:
            return self.out.drop.append(held.timer.id)
""",
            ),
        ),
        f"{ESCALATIONS}::test_a_page_that_is_more_than_a_minute_late_says_by_how_much",
    ),
    Mutant(
        "a call that did not begin in time is made without reading the incident again",
        (
            (
                "opsknight/jobs/deliver.py",
                "if self._deps.clock.monotonic() - read_at <= STALE_AFTER_S:",
                "if self._deps.clock.monotonic() - read_at >= 0:",
            ),
        ),
        "tests/simulator/test_stops.py::test_what_is_acknowledged_while_its_sender_is_held_up_is_not_sent",
    ),
    Mutant(
        "a handoff that the clock skips happens an hour late",
        (
            (
                "opsknight/domain/model/wall_clock.py",
                "        return _end_of_gap(late, early, zone)\n",
                "        return early\n",
            ),
        ),
        "tests/simulator/test_oracle.py::test_the_product_and_the_paper_agree_who_is_on_call",
    ),
    Mutant(
        "who does not answer “still on it?” keeps the incident",
        (
            (
                _COMMANDS + "escalations.py",
                '        self._rearm(held, "ack_reminder", self._uow.now + ANSWER_WITHIN, gather=False)\n',
                '        self._rearm(held, "ack_reminder", self._uow.now + 99 * ANSWER_WITHIN, gather=False)\n',
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "who comes on call while an incident waits on their step is not paged",
        (
            (
                _COMMANDS + "shift_changes.py",
                "        came=tuple(user for user in users if user not in before),\n",
                "        came=(),\n",
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "support hours that begin raise nothing",
        ((_COMMANDS + "waking.py", "    begin_support_hours,\n", "    calm,\n"),),
        SIMULATOR,
    ),
    Mutant(
        "what opens under maintenance pages",
        (
            (
                "opsknight/domain/model/silencing.py",
                "found = covered(windows, subject, at) if windows else None",
                "found = None",
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "an alert ends while its monitor still vouches for it",
        (
            (
                _COMMANDS + "expiries.py",
                '{"now": uow.now, "limit": STEP})).all()\n    if not due',
                '{"now": uow.now + LISTEN, "limit": STEP})).all()\n    if not due',
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "a rule's pause is over at once",
        (
            (
                _COMMANDS + "rulings.py",
                "ruling.pause is None else self.now + ruling.pause",
                "ruling.pause is None else self.now",
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "a heartbeat is missed before its grace is over",
        (
            (
                "opsknight/domain/model/heartbeat.py",
                "else [expected + self.rhythm.grace]",
                "else [expected]",
            ),
        ),
        SIMULATOR,
    ),
    Mutant(
        "who is away keeps their shifts",
        (
            (
                "opsknight/domain/model/override.py",
                "        now, last = user, None\n",
                "        found[user] = seat\n        continue\n        now, last = user, None\n",
            ),
        ),
        "tests/simulator/test_oracle.py::test_the_product_and_the_paper_agree_who_is_on_call",
    ),
)
