"""Judges changes of shift while incidents go on: who comes on call is paged for what waits on their step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.simulator.escalations import CUTS, Walk
from tests.simulator.history import History, Row
from tests.simulator.oracle import Group
from tests.simulator.world import Ladder

SWEPT_WITHIN = timedelta(seconds=1)


def check(history: History) -> Iterator[str]:
    """Yield who was paged for coming on call and did not, and who came and was not paged."""
    walk = Walk(history)
    for incident in history.incidents:
        ladder = history.run.world.services[incident["service_id"]].ladder
        yield from _strangers(history, incident, ladder)
        yield from _forgotten(walk, incident, ladder)


def _strangers(history: History, incident: Row, ladder: Ladder) -> Iterator[str]:
    asked = {rota for rotas in ladder.rotas for rota in rotas}
    for fact in history.facts[incident["id"]]:
        if fact["kind"] == "came on call":
            user, at = fact["data"]["user_id"], fact["at"]
            if not any(user in history.oracle.on_call(rota, at) for rota in asked):
                yield f"{incident['number']}: {user} was paged at {at} for coming on call, and is not"
        if fact["kind"] == "hand over asked":
            user, at = fact["data"]["user_id"], fact["at"]
            if asked and all(user in history.oracle.on_call(rota, at) for rota in asked):
                yield f"{incident['number']}: {user} was asked at {at} to hand over, and is on call everywhere"


def _forgotten(walk: Walk, incident: Row, ladder: Ladder) -> Iterator[str]:
    """What a step has paged waits until the next firing, or until something else happens to its incident."""
    history = walk.history
    ledger = history.firings(incident["id"])
    for place, group in enumerate(ledger):
        if not isinstance(group, Group) or group.kind != "page" or group.in_vain_at is not None:
            continue
        if ladder.round_robin[group.step]:
            continue
        until = next(
            (each.at if isinstance(each, Group) else each["at"] for each in ledger[place + 1 :]
             if isinstance(each, Group) or each["kind"] in (*CUTS, "step skipped", "acknowledged in part")),
            history.run.timeline.at,
        )  # fmt: skip
        for rota_id in ladder.rotas[group.step]:
            paper = history.oracle.paper(rota_id)
            for at in (each for each in paper.changes if group.at < each < until):
                came = paper.at(at) - paper.at(at - timedelta(seconds=1)) - group.users
                sure = history.oracle.reachable(came, at - SWEPT_WITHIN) & history.oracle.reachable(came, until)
                late_at = walk.allowed_until(at + SWEPT_WITHIN)
                if late_at < until and (missing := sure - _paged(history, incident, group, until)):
                    yield f"{incident['number']}: {missing} came on call at {at}, and was not paged for {group}"


def _paged(history: History, incident: Row, group: Group, until: datetime) -> set[int]:
    pages = history.pages[incident["id"]]
    return {
        page["user_id"] for page in pages
        if (page["kind"], page["step"], page["lap"]) == ("page", group.step, group.lap)
        and group.at <= page["created_at"] <= until
    }  # fmt: skip
