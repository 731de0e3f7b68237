"""Whether push services can be reached is looked at before a page depends on it."""

from __future__ import annotations

from datetime import timedelta

from opsknight import readiness
from opsknight.domain.model.readiness import State
from opsknight.jobs.push_reach import PushReach
from tests.builders import a_contact_method, a_user
from tests.jobs.pager import Pager


async def test_without_a_browser_nobody_is_called(pager: Pager) -> None:
    await a_user(pager.database, "Ada")

    assert await PushReach(pager.deps).look() == {}


async def test_a_push_service_out_of_reach_is_told_with_what_to_do(pager: Pager) -> None:
    ada, bo = [await a_user(pager.database, name, reachable=False) for name in ("Ada", "Bo")]
    await pager.a_browser(ada)
    for person in (ada, bo):
        await a_contact_method(pager.database, person, channel="push", address=f"http://localhost:1/send/{person.id}")

    pager.deps.push_out_of_reach = await PushReach(pager.deps).look()

    assert list(pager.deps.push_out_of_reach) == ["localhost:1"]
    [finding] = [one for one in await readiness.look(pager.deps) if one.name == "push"]
    assert finding.state is State.WARN
    assert "localhost:1 cannot be reached from here (localhost cannot be reached: " in finding.sentence
    assert finding.sentence.endswith("or use the native window, or ntfy or Gotify on a server of your own.")


async def test_browsers_that_are_switched_off_and_of_people_who_left_count_for_nothing(pager: Pager) -> None:
    left, ada = await a_user(pager.database, "Left", active=False), await a_user(pager.database, "Ada")
    off_since = pager.deps.clock.now() - timedelta(days=1)
    await a_contact_method(pager.database, left, channel="push", address="http://localhost:1/send/1")
    await a_contact_method(
        pager.database, ada, channel="push", address="http://localhost:2/send/2", disabled_at=off_since
    )

    assert await PushReach(pager.deps).look() == {}
