"""JSON answers, written by orjson."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


def plain_json(body: Any, *, status: int = 200) -> Response:
    """Return `body`, plain JSON already, as an answer."""
    return Response(orjson.dumps(body), status, media_type="application/json")
