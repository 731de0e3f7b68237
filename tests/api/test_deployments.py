"""A deployment that its monitor tells of is a change of the service, once, beside whatever its event does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration
from tests.clock import StoppedClock
from tests.providers.said import GOLDEN

DEPLOYED = [
    ("github", "deployment_success", "Deployment to “production” succeeded in larkspur/storefront"),
    ("gitlab", "deployment_success", "Deployment of finance/ledger to production succeeded"),
    ("vercel", "deployment_succeeded", "Deployment of atlas-web (production) succeeded"),
    ("argocd", "healthy", "Application payments: healthy, synced, succeeded. successfully synced (all tasks run)"),
    ("argocd", "manifest_healthy", "Application payments: healthy, synced, succeeded. successfully synced"),
]
NOT_DEPLOYED = [
    ("github", "deployment_error"),
    ("github", "deployment_inactive"),
    ("github", "workflow_succeeded"),
    ("gitlab", "deployment_failed"),
    ("gitlab", "pipeline_run_again_succeeded"),
    ("vercel", "deployment_error"),
    ("vercel", "preview_of_the_same_branch_ready"),
    ("argocd", "degraded"),
    ("argocd", "commit_success"),
]


@pytest.fixture
async def sender(database: Database, clock: StoppedClock) -> AsyncIterator[Sender]:
    async with a_sender(database, clock) as opened:
        yield opened


async def send(sender: Sender, slug: str, *names: str, times: int = 1) -> None:
    """Send payloads of ours from a new integration."""
    key = (await an_integration(sender.deps.database, provider=slug)).key
    await sender.deps.catalogue.load()
    for name in names * times:
        said: Any = json.loads((GOLDEN / slug / f"{name}.json").read_bytes())
        answer = await sender.post(f"/api/v1/events/{key}", said)
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(("slug", "name", "summary"), DEPLOYED)
async def test_a_deployment_that_succeeded_is_a_change_however_often_it_is_told(
    sender: Sender, slug: str, name: str, summary: str
):
    await send(sender, slug, name, times=2)

    assert await sender.rows("SELECT summary FROM changes") == [(summary,)]
    assert await sender.rows("SELECT count(*) FROM facts WHERE kind = 'changed'") == [(1,)]


async def test_a_change_says_where_and_when_it_was_made(sender: Sender):
    await send(sender, "gitlab", "deployment_success")

    ((source, at, links, details),) = await sender.rows("SELECT source, at, links, details FROM changes")
    assert (source, at.isoformat()) == ("finance/ledger", "2026-04-01T08:06:00+00:00")
    assert links[0]["href"] == "https://gitlab.example.org/finance/ledger/-/jobs/900"
    assert details["commit"] == "0d7c"


async def test_a_deployment_still_ends_what_the_one_before_began(sender: Sender):
    await send(sender, "github", "deployment_error", "deployment_success")

    assert [status for _, status in await sender.incidents()] == ["resolved"]


@pytest.mark.parametrize(("slug", "name"), NOT_DEPLOYED)
async def test_what_deploys_nothing_to_its_users_is_no_change(sender: Sender, slug: str, name: str):
    await send(sender, slug, name)

    assert await sender.rows("SELECT summary FROM changes") == []
