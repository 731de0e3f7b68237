"""For machines that watch: is it alive, is it fit for duty, how well it keeps what it promises, and its figures."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

import orjson
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from opsknight import readiness
from opsknight.api.auth import needs, viewer_or_none
from opsknight.deps import Deps
from opsknight.domain.model.permission import Anonymous, Need, permits
from opsknight.domain.model.readiness import ready
from opsknight.domain.model.service_level import as_json
from opsknight.errors import Forbidden, SignInRequired


def router(deps: Deps) -> APIRouter:
    """Serve /healthz, /readyz, /health and /metrics."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/healthz", dependencies=[needs(Need.NOTHING)])
    async def healthz() -> dict[str, str]:
        """Say that the process answers; asks nobody else."""
        return {"status": "alive"}

    @routes.get(
        "/readyz",
        dependencies=[needs(Need.NOTHING)],
        responses={
            503: {"description": "Not fit for duty; the findings say why.", "content": {"application/json": {}}}
        },
    )
    async def readyz() -> Response:
        """Say whether it is fit for duty (200) or not (503), and why."""
        fit, findings = await _looked()
        body = orjson.dumps({"ready": fit, "findings": findings})
        return Response(body, 200 if fit else 503, {"Cache-Control": "no-store"}, "application/json")

    @routes.get("/health", dependencies=[needs(Need.NOTHING)])
    async def health() -> Response:
        """Say how it stands and how fast pages went out in the last hour, and answer 200 whatever that is.

        `service_levels` are those of the newest 5,000 messages of the hour; null while the database does not answer,
        and their `p99_s` where there was nothing to send.
        """
        fit, findings = await _looked()
        body = {"ready": fit, "findings": findings, "service_levels": as_json(await readiness.levels(deps))}
        return Response(orjson.dumps(body), 200, {"Cache-Control": "no-store"}, "application/json")

    async def _looked() -> tuple[bool, dict[str, dict[str, str]]]:
        found = await readiness.look(deps)
        return ready(found), {one.name: {"state": one.state, "sentence": one.sentence} for one in found}

    @routes.get("/metrics", dependencies=[needs(Need.ADMINISTER, by_link=True)], response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        """Return the figures for Prometheus: to its token, to this machine, or to an admin."""
        if not _may_read_metrics(request, deps.settings.metrics_token):
            viewer = viewer_or_none(request)
            decision = permits(viewer.person if viewer else Anonymous(), Need.ADMINISTER)
            if not decision:
                raise (SignInRequired if decision.sign_in else Forbidden)(decision.sentence)
        await readiness.look(deps)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


def _may_read_metrics(request: Request, token: str | None) -> bool:
    """Say whether a program may: by the token where there is one, else from this machine and not through a proxy."""
    if token is not None:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(shown.encode(), token.encode())
    direct = not any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return direct and request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
