"""Serves every page with sample data and no database: `python -m tests.ui.gallery PORT`.

Ten beats follow every second, until somebody posts to /hush: ten times as many as from the hub, so that no test waits.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI
from nicegui import core, ui

from opsknight.api import rule_trials
from opsknight.api.shelf import Shelf
from opsknight.domain.queries.incidents import Timeline
from opsknight.domain.queries.why import WhyLine
from opsknight.jobs.channels import table as channels
from opsknight.settings import ASSETS, Settings
from opsknight.ui import (
    api_tokens,
    calendar_links,
    drills,
    fairness,
    fitness,
    frame,
    handoffs,
    heartbeats,
    inhibitions,
    maintenance,
    maintenance_strip,
    me,
    oncall,
    people,
    person,
    services,
    style,
    teams,
    what_if,
)
from opsknight.ui.assets import asset
from opsknight.ui.channels import page as channels_shown
from opsknight.ui.incident import page as incident
from opsknight.ui.incident.why import Why
from opsknight.ui.integration import page as integration
from opsknight.ui.mount import dress
from opsknight.ui.policies import editor as policy_editor
from opsknight.ui.policies import listed as policies_list
from opsknight.ui.policies import page as policies
from opsknight.ui.policies import read_only as policy_read_only
from opsknight.ui.reading import Told
from opsknight.ui.rules import editor as rule_editor
from opsknight.ui.rules import listed as rules_list
from opsknight.ui.rules import page as rules
from opsknight.ui.schedules import mine
from tests.ui import (
    alert_samples,
    archived_samples,
    channel_samples,
    drill_samples,
    fairness_samples,
    fitness_samples,
    gallery_answers,
    handoff_samples,
    integration_samples,
    me_samples,
    notice_gallery,
    policy_samples,
    rule_samples,
    samples,
    schedule_gallery,
    schedule_samples,
    why_samples,
)

speaking = asyncio.Event()


async def _beat() -> None:
    while True:
        await speaking.wait()
        await core.sio.emit("beat", {"now": time.time(), "rev": "a.1.1"})
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    speaking.set()
    async with asyncio.TaskGroup() as tasks:
        beating = tasks.create_task(_beat())
        yield
        beating.cancel()


app = FastAPI(lifespan=_lifespan)
app.mount("/assets", gallery_answers.Assets(directory=ASSETS))
app.include_router(schedule_gallery.routes)
app.include_router(gallery_answers.routes)
app.include_router(notice_gallery.routes)


@app.get("/manifest.webmanifest")
@app.get("/healthz")
def nothing() -> dict[str, str]:
    return {}


@app.get("/api/v1/services")
def every_service() -> object:
    return samples.services()


@app.get("/api/v1/people")
def everybody() -> object:
    return [*schedule_samples.people(), *(one for one in samples.roster() if one["id"] not in schedule_samples.NAMES)]


@app.post("/hush")
def hush() -> None:
    speaking.clear()


@app.post("/speak")
def speak() -> None:
    speaking.set()


@app.post("/high/{count}")
async def high(count: int) -> None:
    counts = {"high_unacknowledged": count}
    await core.sio.emit(
        "board", {"base": "a.1.1", "rev": "a.1.2", "now": time.time(), "u": [], "d": [], "counts": counts}
    )


@ui.page("/style")
def style_page() -> None:
    with frame.frame("Parts and styles", samples.a_viewer(), path="/style"):
        style.show(now=datetime.fromtimestamp(time.time(), UTC))


@ui.page("/incidents")
def incidents_page() -> None:
    with frame.frame("Incidents", samples.a_viewer(), wide=True):
        ui.label("The board stands here.")


@ui.page("/incidents/{number}")
def incident_page(number: str) -> None:
    telling = samples.told if number == "412" else alert_samples.told_of_one_alert
    told = telling()

    async def read() -> Told:
        fresh = telling()
        fresh.facts = [samples.a_fact("acknowledged", "Amira Khan acknowledged it.", 1), *fresh.facts]
        return fresh

    async def read_before(_: str) -> Timeline:
        return {"facts": [samples.a_fact("recorded", "It was quiet before.", 9000)], "more": None}

    async def explain(user_id: int) -> WhyLine:
        return why_samples.why(user_id)

    why = Why(why_samples.PEOPLE, explain)
    with frame.frame(f"#{number}", samples.a_viewer(), path="/incidents"):
        incident.show(samples.a_viewer(), told, read=read, read_before=read_before, why=why)


@ui.page("/services")
def services_page() -> None:
    ui.add_head_html(services.head())
    with frame.frame("Services", samples.a_viewer()):
        services.show(
            samples.services(),
            base_url="http://localhost:8080",
            signed_with=samples.SIGNED_WITH,
            quiet=samples.quiet(),
            changes=samples.changes(),
            teams={"1": "Payments", "2": samples.LONG_WORD},
            policies=samples.policies(),
            archived=archived_samples.archived_services(),
            monitors=integration_samples.MONITORS,
        )


@ui.page("/people")
def people_page() -> None:
    ui.add_head_html(people.head())
    with frame.frame("People", samples.a_viewer()):
        people.show(samples.a_viewer(), samples.roster(), teams={"1": "Payments"})


@ui.page("/people/{number}")
def person_page(number: str) -> None:
    ui.add_head_html(people.head())
    line = samples.a_person(int(number))
    with frame.frame(line["name"], samples.a_viewer(), path="/people"):
        person.show(samples.a_viewer(), line, people={"2": "Bo Lindqvist", "3": "Cy Young"})


@ui.page("/teams")
def teams_page() -> None:
    ui.add_head_html(people.head() + teams.script())
    links = {1: [{**one, "team_id": 1} for one in schedule_samples.links()]}
    with frame.frame("Teams", samples.a_viewer(), path="/people"):
        teams.show(samples.a_viewer(), samples.teams(), people=samples.PEOPLE, links=links)  # type: ignore[arg-type]


@ui.page("/heartbeats")
def heartbeats_page(own: str = "12") -> None:
    async def read(_: str) -> Any:
        return samples.pings()

    ui.add_head_html(f'<script defer src="{asset("heartbeats.js")}"></script>')
    with frame.frame("Heartbeats", samples.a_viewer()):
        services = {one: name for one, name in (("1", "Checkout"), ("2", samples.LONG_WORD)) if one in own}
        lines, at = samples.heartbeats(), "http://localhost:8080"
        heartbeats.show(samples.a_viewer(), lines, services=services, base_url=at, read=read)


@ui.page("/fairness")
def fairness_page() -> None:
    ui.add_head_html(fairness.head())
    today = datetime.fromtimestamp(samples.NOW, UTC).date()
    asked, _ = fairness.asked_for({}, today=today)
    with frame.frame("Fairness", samples.a_viewer()):
        names = {"1": "Platform primary", "2": samples.LONG_WORD}
        fairness.show(
            samples.a_viewer(),
            fairness_samples.fairness(),
            asked,
            schedules=names,
            today=today,
            pays=fairness_samples.pays(),
        )


@ui.page("/maintenance")
def maintenance_page() -> None:
    ui.add_head_html(maintenance.head())
    with frame.frame("Maintenance", samples.a_viewer()):
        maintenance_strip.Running(samples.windows()[:2])
        maintenance.show(samples.a_viewer(), samples.windows(), scopes=samples.SCOPES)
        inhibitions.show_inhibitions(samples.inhibitions(), may_change=True)


@app.post("/api/v1/rules/check")
async def check_rule(draft: dict[str, Any]) -> object:
    return rule_trials.look_at(draft.get("rule"), draft.get("yaml"))


@app.post("/api/v1/rules/preview")
async def preview_rule() -> object:
    return rule_samples.preview()


@ui.page("/rules")
def rules_page(own: str = "1") -> None:
    rules._scripts()
    with frame.frame("Rules", samples.a_viewer()):
        rules_list.show(samples.a_viewer(), rule_samples.rules(), services={"1": "Checkout"}, own=own)


@ui.page("/rules/{number}")
def rule_page(number: str) -> None:
    rules._scripts()
    line = rule_samples.rules()[int(number) - 1] if number.isdecimal() else None
    with frame.frame("Rule", samples.a_viewer(), path="/rules"):
        rule_editor.show(line, services={"1": "Checkout"}, own={"1": "Checkout"})


@app.post("/api/v1/policies/check")
async def check_policy() -> object:
    return {"warnings": policy_samples.warnings(), "plan": []}


@app.post("/api/v1/what-if")
async def foresee() -> object:
    return policy_samples.foreseen("The rule “Payments are loud”: sets the urgency to high.")


@ui.page("/policies")
def policies_page() -> None:
    ui.add_head_html(policies.head())
    with frame.frame("Policies", samples.a_viewer(), path="/people"):
        policies_list.show(policy_samples.policies(), may_make=True)


@ui.page("/policies/{number}")
def policy_page(number: str) -> None:
    ui.add_head_html(policies.head())
    line = policy_samples.a_policy() if number.isdecimal() else None
    found = policy_samples.warnings() if line else []
    with frame.frame("Policy", samples.a_viewer(), path="/people"):
        if number == "2":
            policy_read_only.show(policy_samples.a_policy(), found, services=policy_samples.SERVICES)
            return
        policy_editor.show(
            line,
            found,
            teams=policy_samples.TEAMS,
            services=policy_samples.SERVICES,
            askable=policy_samples.ASKABLE,
            zone="Europe/Berlin",
        )


@ui.page("/what-if")
def what_if_page() -> None:
    ui.add_head_html(what_if.head())
    with frame.frame("What if", samples.a_viewer(), path="/people"):
        what_if.show(policy_samples.SERVICES, senders=policy_samples.SENDERS)


@ui.page("/integrations/{number}")
def integration_page(number: str) -> None:
    said: dict[str, Any] = {"id": int(number), **integration_samples.SAID.get(number, {})}
    with frame.frame("Prometheus", samples.a_viewer(), path="/services"):
        integration.show(
            samples.a_viewer(),
            integration_samples.a_keyed(**said),
            integration_samples.received(),
            integration_samples.hours(),
            integration_samples.samples(),
            reads=integration_samples.reads(**said),
            base_url="http://localhost:8080",
            mail_host="alerts.example.com" if number == "4" else "",
            monitors=integration_samples.MONITORS,
            refused={"times": 41, "last_at": samples.NOW - 240} if number == "6" else None,
            may_keep=number != "5",
        )


@ui.page("/oncall")
def on_call_page() -> None:
    ui.add_head_html(people.head() + handoffs.head())
    with frame.frame("On call", samples.a_viewer(), path="/people"):
        oncall.show(samples.a_viewer(), samples.turns(), **handoff_samples.before_a_shift())


@ui.page("/channels")
def channels_page(day: str = "bad") -> None:
    ui.add_head_html(channels_shown.head())
    with frame.frame("Channels", samples.a_viewer(), path="/people"):
        channels_shown.show(channel_samples.good_day() if day == "good" else channel_samples.bad_hour())


@ui.page("/drills")
def drills_page() -> None:
    ui.add_head_html(drills.head())
    with frame.frame("Drills", samples.a_viewer(), path="/people"):
        drills.show(samples.a_viewer(), drill_samples.drills(), schedules={"1": "Primary"}, people=samples.PEOPLE)


@ui.page("/drills/{number}")
def drill_page(number: str) -> None:
    ui.add_head_html(drills.head())
    with frame.frame("Drill", samples.a_viewer(), path="/people"):
        drills.show_one(samples.a_viewer(), drill_samples.a_drill_that_is_over(number))


@ui.page("/readiness")
def readiness_page() -> None:
    ui.add_head_html(fitness.head())
    with frame.frame("Readiness", samples.a_viewer(), path="/people"):
        fitness.show(samples.a_viewer(), fitness_samples.told())


@ui.page("/me")
@ui.page("/me/{when}")
def me_page(when: str = "") -> None:
    for script in me.SCRIPTS:
        ui.add_head_html(f'<script defer src="{asset(script)}"></script>')
    ui.add_head_html(handoffs.head())
    with frame.frame("Me", samples.a_viewer(), path="/me"):
        reach = me_samples.reach_at_first() if when else me_samples.reach()
        ground = channels.Ground(Settings(_env_file=None), "", lambda: datetime(2026, 1, 1, tzinfo=UTC))
        known = channels.kinds(ground)
        kinds = list({**known, "teams_bot": replace(known["teams_bot"], not_ready="")}.values())
        me.show(samples.a_viewer(), reach, channels=kinds, **handoff_samples.before_a_shift())
        mine.show(samples.a_viewer(), schedule_samples.own_shifts(), schedule_samples.own_shifts()[:2])
        calendar_links.show_links(samples.calendar_links())
        api_tokens.build().update(me_samples.tokens())


if __name__ == "__main__":
    dress(app)
    uvicorn.run(Shelf(app), port=int(sys.argv[1]), log_level="warning", ws="websockets-sansio")
