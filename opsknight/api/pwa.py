"""What makes OpsKnight an app on a phone: manifest, service worker, offline page, and the files under /assets.

All of it is public and the same for everyone; nothing here reads the database, so it answers while that is away.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from opsknight.api.auth import needs
from opsknight.domain.model.permission import Need
from opsknight.settings import ASSETS

if TYPE_CHECKING:
    from pathlib import Path

    from opsknight.deps import Deps

ASK_EACH_TIME = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
KEEP_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
KEEP_A_DAY = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
OFFLINE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SELDOM_CHANGES = ("fonts/", "icons/", "sounds/")
_NAMED_IN_HTML = re.compile(r"""(?:href|src)="([^"]+)\"""")
_NAMED_IN_CSS = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*["']?([^"')\s;]+)""")


def router(deps: Deps) -> APIRouter:  # noqa: ARG001  # every router is built from deps
    """Serve the app's own files. The worker is stamped once, here: a changed asset needs a new start."""
    routes = APIRouter(include_in_schema=False, dependencies=[needs(Need.NOTHING)])
    files = StaticFiles(directory=ASSETS)
    worker = worker_source(ASSETS)

    @routes.get("/sw.js")
    async def service_worker() -> Response:
        headers = {**ASK_EACH_TIME, "Service-Worker-Allowed": "/"}
        return Response(worker, media_type="text/javascript", headers=headers)

    @routes.get("/manifest.webmanifest")
    async def manifest() -> Response:
        return FileResponse(
            ASSETS / "manifest.webmanifest", media_type="application/manifest+json", headers=ASK_EACH_TIME
        )

    @routes.get("/offline")
    async def offline() -> Response:
        headers = {**ASK_EACH_TIME, "Content-Security-Policy": OFFLINE_POLICY}
        return FileResponse(ASSETS / "offline.html", media_type="text/html", headers=headers)

    @routes.get("/favicon.ico")
    async def favicon() -> Response:
        return FileResponse(ASSETS / "icons/favicon-32.png", media_type="image/png", headers=KEEP_A_DAY)

    @routes.get("/assets/{path:path}")
    async def asset(path: str, request: Request) -> Response:
        answer = await files.get_response(path, request.scope)
        marked = "v" in request.query_params  # the address changes with the content
        answer.headers.update(
            KEEP_FOR_EVER if marked else KEEP_A_DAY if path.startswith(SELDOM_CHANGES) else ASK_EACH_TIME
        )
        return answer

    return routes


def worker_source(assets: Path) -> str:
    """Return the service worker with its build and the files of the offline page in front.

    The build is a hash over every asset, so a browser that compares workers byte by byte sees any change.
    """
    stamp = json.dumps({"build": _build(assets), "shell": _shell(assets)})
    return f"self.OPSKNIGHT = {stamp};\n{(assets / 'sw.js').read_text('utf-8')}"


def _build(assets: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in assets.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(assets)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _shell(assets: Path) -> list[str]:
    """Return what the offline page needs: itself, what it names, and what its styles name in turn."""
    found = ["/offline"]
    unread = [("/offline", _NAMED_IN_HTML.findall((assets / "offline.html").read_text("utf-8")))]
    while unread:
        page, names = unread.pop()
        for address in (urljoin(page, name) for name in names if not name.startswith("data:")):
            if address in found:
                continue
            found.append(address)
            if address.endswith(".css"):
                style = assets / address.removeprefix("/assets/")
                unread.append((address, _NAMED_IN_CSS.findall(style.read_text("utf-8"))))
    return found
