"""Every operation that /api/openapi.json tells of, with what schemathesis makes of it, at a running OpsKnight."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, Final

import asyncpg
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, Response, checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks as of_openapi

from opsknight import api
from opsknight.api.auth import declared
from opsknight.api.drop_in.described import PATHS as DOORS
from opsknight.api.openapi import EVENT_PATH
from opsknight.api.openapi import PATHS as INGEST
from opsknight.clock import Clock
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.domain.store.engine import Database
from opsknight.settings import Settings
from tests import builders
from tests.faults.measure import FIXED_SEED, FRESH_SEED
from tests.server import RunningServer, until

SEED: Final = FIXED_SEED if "CI" in os.environ else FRESH_SEED
"""CI asks the same each time, so that it fails for what changed."""
EXAMPLES: Final = int(os.environ.get("OPSKNIGHT_EXAMPLES") or (5 if "CI" in os.environ else 8))
"""Requests to each operation that are made by chance; `OPSKNIGHT_EXAMPLES=500` for a night."""
EDGES: Final = 4 * EXAMPLES
"""Edges of each description that are tried, drawn from the seed: a schedule has seven hundred."""

_AS_DESCRIBED: Final = [
    checks.not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
]
_EXAMPLES_EACH: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_KEYS: Final = {
    f"{EVENT_PATH}/api": "prometheus",
    EVENT_PATH: "generic",
    "/{key}/api": "prometheus",
    "/api/v2/alerts": "prometheus",
    "/v2/alerts": "opsgenie",
    "/v2/heartbeats": "opsgenie",
    "/v2/": "pagerduty",
    "/generic": "pagerduty",
    "/integrations": "splunk-oncall",
}
"""Of which kind of integration the key is that an operation wants, by how its path begins; the first counts."""
_SCHEMES: Final = {"opsgenie": "GenieKey", "prometheus": "Bearer"}


def _described() -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    app = FastAPI()
    api.mount(app, Deps(Settings(_env_file=None), Clock()))
    return app.openapi(), {(method, path): need for method, path, need in declared(app)}


ENDINGS: Final = ("/archive", "/switch-off")
_SAID, _NEEDS = _described()
_ALL: Final = [found.ok() for found in schemathesis.openapi.from_dict(_SAID).get_all_operations()]
OPERATIONS: Final[dict[str, APIOperation]] = {
    operation.label: operation
    for operation in sorted(
        _ALL,
        key=lambda one: ("/integrations/{" in one.path, one.method == "delete" or one.path.endswith(ENDINGS)),
    )
}
"""By method and path; those that take away what others are about come last."""


def is_ingest(operation: APIOperation) -> bool:
    """Say whether monitors speak here, of whom everything is kept that can be, however odd."""
    return operation.path in INGEST or operation.path in DOORS


def is_closed(operation: APIOperation) -> bool:
    """Say whether only who is signed in may come in."""
    need = _NEEDS.get(("GET" if operation.method == "head" else operation.method.upper(), operation.path))
    return need is not None and need.need is not Need.NOTHING and not need.by_link


class Place:
    """A running OpsKnight with one of everything in it, for operations to be about."""

    def __init__(self, server: RunningServer) -> None:
        """Sign in and put things there."""
        self.server = server
        self._admin = {"Origin": server.base_url, "Cookie": server.sign_in().headers["Cookie"]}
        self._session = requests.Session()
        self._session.trust_env = False  # else each request looks for proxies in the environment
        self._runner = asyncio.Runner()
        self._owner = self._runner.run(asyncpg.connect(server.owner_dsn()))
        self._there = self._runner.run(self._furnish())

    def close(self) -> None:
        """Let go of it."""
        self._runner.run(self._owner.close())
        self._runner.close()
        self._session.close()

    def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Return what the owner of the database reads."""
        return self._runner.run(self._owner.fetch(sql, *values))

    def deeds(self) -> int:
        """Return how much people have done here."""
        return int(self.rows("SELECT count(*) FROM facts WHERE actor LIKE 'user:%'")[0][0])

    async def _furnish(self) -> dict[str, Any]:
        """Put one of everything there, an integration for every door among it, and return their names."""
        database = Database(self.server.owner_dsn())
        for provider in ("opsgenie", "splunk-oncall", "prometheus"):
            await builders.an_integration(database, provider=provider, key=os.urandom(16).hex())
        arranged = await builders.an_integration(database, key=os.urandom(16).hex())
        heartbeat = await builders.a_heartbeat(database, badge_key="badge")
        on_call = await builders.a_user(database)
        schedule = await builders.a_schedule(database, on_call)
        calendar = await builders.a_calendar_source(database, schedule)
        feed = await builders.a_calendar_feed(database, "token", schedule_id=calendar.schedule_id)
        token = await builders.an_api_token(database)
        await database.close()
        self.server.fire(dedup_key="one of everything")
        refused = await asyncio.to_thread(until, lambda: self._refused(arranged.key), within_s=10, step_s=0.2)
        [incident] = await self._owner.fetch("SELECT number, service_id FROM incidents ORDER BY number LIMIT 1")
        return {
            "which": str(incident["number"]), "service_id": incident["service_id"], "routing_key": "ops",
            "integration_id": arranged.id, "delivery_id": refused, "requestId": refused,
            "heartbeat_id": str(heartbeat.id), "badge_key": heartbeat.badge_key, "key": heartbeat.key,
            "identifier": "one of everything", "schedule_id": schedule.id, "team_id": schedule.team_id,
            "calendar_id": calendar.id, "feed_id": feed.id, "token": "token",
            "token_id": token.id,
        }  # fmt: skip

    def _refused(self, key: str) -> str | None:
        """Send what is kept as refused, and return what keeps it; None while the key is not known yet."""
        delivery_id: str | None = self.server.fire(key, title="").json().get("delivery_id")
        return delivery_id

    # --- calling ---------------------------------------------------------------------------------------------------

    def call(self, operation: APIOperation, judge: Callable[[Case, Response], object], *, signed_in: bool) -> None:
        """Call an operation EXAMPLES times by chance, and with EDGES of its description if the door is open.

        Nobody says by chance what an admin says: making it up takes longer than asking.
        """
        headers = self._admin if signed_in else {"Origin": self.server.base_url}
        expected = _AS_DESCRIBED if is_ingest(operation) else [*_AS_DESCRIBED, of_openapi.negative_data_rejection]
        about = self._about(operation)

        def once(case: Case) -> None:
            answer = case.call(base_url=self.server.base_url, session=self._session, headers=headers)
            case.validate_response(answer, checks=expected)
            judge(case, answer)

        for case in _edges(operation) if signed_in or not is_closed(operation) else ():
            once(about(case))
        for case, is_there in _by_chance(operation.label):
            once(about(case) if is_there else case)

    def _about(self, operation: APIOperation) -> Callable[[Case], Case]:
        """Return what makes a request one about things that are there, with a key that is known."""
        provider = next((kind for path, kind in _KEYS.items() if operation.path.startswith(path)), None)
        key = self._key_of(provider) if provider else self._there["key"]
        there = {**self._there, "key": key}

        def about(case: Case) -> Case:
            if not _is_wrong_in(case, ParameterLocation.PATH):
                case.path_parameters |= {name: there[name] for name in case.path_parameters if name in there}
            if provider in _SCHEMES and not _is_wrong_in(case, ParameterLocation.HEADER):
                case.headers["Authorization"] = f"{_SCHEMES[provider]} {key}"
            if provider and isinstance(case.body, dict):
                case.body |= {name: key for name in ("routing_key", "service_key") if name in case.body}
            return case

        return about

    def _key_of(self, provider: str) -> str:
        sql = "SELECT key FROM integrations WHERE provider = $1 ORDER BY id LIMIT 1"
        return str(self.rows(sql, provider)[0]["key"])


@cache
def _by_chance(label: str) -> Sequence[tuple[Case, bool]]:
    """Return requests made up by chance, each with whether it shall be about things that are there."""
    operation, found = OPERATIONS[label], list[tuple[Case, bool]]()

    @seed(SEED)
    @_EXAMPLES_EACH
    @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in _modes(operation)]), st.booleans())
    def draw(case: Case, is_there: bool) -> None:  # noqa: FBT001  # drawn
        found.append((case, is_there))

    draw()
    return found


def _edges(operation: APIOperation) -> Sequence[Case]:
    """Return a request for every edge of the description: shortest and longest, left out, of another kind, …."""
    whole = operation.schema
    how = whole.config.generation_for(operation=operation, phase="coverage")
    every = list(whole.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=how))
    chance = Random(f"{operation.label} {SEED}")  # noqa: S311  # not a secret
    return chance.sample(every, min(EDGES, len(every)))


def _modes(operation: APIOperation) -> Iterator[GenerationMode]:
    """Yield as what requests can be made by chance: as described, and otherwise where anything can be said wrongly."""
    yield GenerationMode.POSITIVE
    if operation.body or operation.path_parameters or operation.query or operation.headers:
        yield GenerationMode.NEGATIVE


def _is_wrong_in(case: Case, location: ParameterLocation) -> bool:
    """Say whether a request is wrong there on purpose; it may be in several places at once."""
    if case.meta is None:
        return False
    return case.meta.is_negative_at(location) or getattr(case.meta.phase.data, "parameter_location", None) == location
