"""What a payload may be wrapped in on its way: a message that Google Cloud Pub/Sub pushes, and a CloudEvent.

Sources: https://cloud.google.com/pubsub/docs/push#receive_push,
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md and
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from opsknight.api.parse import scrub
from opsknight.api.reading import ACTIONS, QUIET, first, inner, is_list, is_object, stable, text, word
from opsknight.domain.model.event import Malformed

BINARY: Final = "ce-"
"""Begins the headers that carry the attributes of a CloudEvent in binary mode."""
_REQUIRED: Final = ("specversion", "type", "source")
_NOT_SHOWN: Final = frozenset(("data", "data_base64"))


def is_pushed(payload: Any) -> bool:
    """Return whether `payload` is a message of Pub/Sub."""
    return is_object(payload) and isinstance(inner(payload, "message").get("data"), str)


def unwrapped(pushed: Any) -> Any:
    """Return the JSON object or list that a message of Pub/Sub carries in base64.

    It is new to us: it may be beyond the limits of an event although the message is not.

    Raises:
        Malformed: it carries none.
    """
    payload = _decoded(pushed["message"]["data"])
    if payload is None:
        raise Malformed("The Pub/Sub message carries no JSON in its data; push it as its monitor sent it.")
    if not (is_object(payload) or is_list(payload)):
        raise Malformed("The Pub/Sub message carries no JSON object in its data.")
    return payload


def attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a CloudEvent in binary mode, {} where the headers carry none."""
    if not headers.get(f"{BINARY}type"):
        return {}
    return {name.removeprefix(BINARY): unquote(value) for name, value in headers.items() if name.startswith(BINARY)}


def is_cloud_event(payload: Any) -> bool:
    """Return whether `payload` is a CloudEvent in structured form."""
    return is_object(payload) and all(isinstance(payload.get(name), str) for name in _REQUIRED)


def structured(payload: Any, headers: Mapping[str, str]) -> Any:
    """Return the CloudEvents of a request in structured form, their data as JSON; `payload` itself where it is none."""
    if carried := attributes(headers):
        return {**carried, "data": payload}
    if is_cloud_event(payload):
        return _with_data(payload)
    if is_list(payload) and payload and all(map(is_cloud_event, payload)):
        return [_with_data(one) for one in payload]
    return payload


def flattened(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a CloudEvent in the generic format: its data, and out of its attributes what that lacks.

    The last part of the type is its state where it is a word for one, as in `org.example.disk.resolved`.
    Without a dedup key its source, type and subject are its identity, never its id.
    """
    data, kind, state = event.get("data"), text(event.get("type")), ""
    stem, _, last = kind.rpartition(".")
    if stem and (word(last) in ACTIONS or word(last) in QUIET):
        kind, state = stem, last
    subject, source = text(event.get("subject")), text(event.get("source"))
    said: dict[str, Any] = dict(data) if is_object(data) else {"message": text(data)}
    title = first(said, ("title", "summary", "message"))
    if not title:
        said["title"] = " ".join(part for part in (subject, kind) if part)
    if state and not first(said, ("action", "status", "state")):
        said["status"] = state
    if not first(said, ("dedup_key", "deduplication_key", "alert_uid")):
        said["dedup_key"] = stable(source, kind, subject or title)
    if not first(said, ("source",)):
        said["source"] = subject or source
    if not first(said, ("occurred_at", "timestamp", "created_at")) and event.get("time"):
        said["occurred_at"] = event["time"]
    return said | {"cloudevent": {name: value for name, value in event.items() if name not in _NOT_SHOWN}}


def _with_data(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a CloudEvent whose data is readable: what it carries in base64 is JSON, or stays as it is."""
    carried = event.get("data_base64")
    data = _decoded(carried) if isinstance(carried, str) and "data" not in event else None
    return dict(event) if data is None else {**event, "data": data}


def _decoded(encoded: str) -> Any:
    """Return what JSON in base64 says, None where it is none."""
    try:
        return scrub(json.loads(base64.b64decode(encoded, validate=True)))
    except (binascii.Error, ValueError, RecursionError):
        return None
