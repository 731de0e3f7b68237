"""What a payload may be wrapped in on its way: a message that Google Cloud Pub/Sub pushes.

Source: https://cloud.google.com/pubsub/docs/push#receive_push
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from opsknight.api.parse import scrub
from opsknight.api.reading import inner, is_list, is_object
from opsknight.domain.model.event import Malformed


def is_pushed(payload: Any) -> bool:
    """Return whether `payload` is a message of Pub/Sub."""
    return is_object(payload) and isinstance(inner(payload, "message").get("data"), str)


def unwrapped(pushed: Any) -> Any:
    """Return the JSON object or list that a message of Pub/Sub carries in base64.

    It is new to us: it may be beyond the limits of an event although the message is not.

    Raises:
        Malformed: it carries none.
    """
    try:
        payload = scrub(json.loads(base64.b64decode(pushed["message"]["data"], validate=True)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Malformed("The Pub/Sub message carries no JSON in its data; push it as its monitor sent it.") from error
    if not (is_object(payload) or is_list(payload)):
        raise Malformed("The Pub/Sub message carries no JSON object in its data.")
    return payload
