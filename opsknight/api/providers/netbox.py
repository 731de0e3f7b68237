"""NetBox's webhooks: changes of objects, which page nobody, and jobs (scripts, reports, synchronisations) that fail.

Sources: https://netboxlabs.com/docs/netbox/en/stable/integrations/webhooks/ and
https://netboxlabs.com/docs/netbox/en/stable/features/event-rules/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import first, instant, is_list, is_object, rest, scoped, stable, text, titled, word
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "netbox"

_JOB_EVENTS: Final = frozenset(("job failed", "job errored", "job completed", "job ended", "job end"))
_COMPLETED: Final = "completed"
_FAILED: Final = frozenset(("failed", "errored"))
_UNDECIDED: Final = frozenset(("ended", "end", "pending", "scheduled", "running"))
_SHOWN: Final = frozenset(("event", "timestamp", "snapshots"))


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return a trigger for a job that failed, a resolve for one that completed, and nothing for changes of objects.

    The job's name and what it runs on are the dedup key.

    Raises:
        Malformed: it is nothing that NetBox sends, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The NetBox payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = word(payload.get("event"))
    if event in _JOB_EVENTS:
        job = _job(payload, event)
        return [] if job is None else [job]
    if event and ("model" in payload or "object_type" in payload or "data" in payload):
        return []
    found = unknown_shape(SLUG, payload)
    if found is None:
        raise Malformed("The NetBox payload tells of no event; leave the webhook's body template empty.")
    return [found]


def _job(payload: Said, event: str) -> Event | None:
    """Return the event of a job, None where nothing says how it ended.

    Of a script's end NetBox may send no more than its log, without its name: a failure in there counts.
    """
    data = _object(payload, "data")
    status = data.get("status")
    ended = word(text(status.get("value")) if is_object(status) else text(status)) or event.removeprefix("job ")
    failure = _logged_failure(data) if ended in {"ended", "end"} else ""
    if ended in _UNDECIDED and not failure:
        return None
    ended = "failed" if failure else ended
    is_over = ended == _COMPLETED
    name = first(data, ("name", "display")) or first(_object(payload, "object"), ("name", "display"))
    model = first(payload, ("object_type", "model"))
    subject = name or model or "Job"
    error = first(data, ("error", "message")) or failure
    title = f"NetBox job {subject} has {ended}" + (f": {error}" if error else "")
    return Event(
        action=Action.RESOLVE if is_over else Action.TRIGGER,
        dedup_key=scoped(SLUG, stable("job", model, name, *([failure] if failure and not name else []))),
        title=titled(title, otherwise="NetBox job"),
        severity=Severity.INFO if is_over else Severity.ERROR,
        source="NetBox",
        component=subject,
        occurred_at=instant(payload.get("timestamp")),
        details=rest(payload, _SHOWN) | ({} if is_over or ended in _FAILED else {"unknown_status": ended}),
    )


def _logged_failure(data: Said) -> str:
    """Return the first failure in a script's log, "" where there is none."""
    log: Any = data.get("log")
    failures = (one for one in log if is_object(one) and word(one.get("status")) == "failure") if is_list(log) else ()
    return next((first(one, ("message",)) or "see its log" for one in failures), "")


def _object(values: Said, name: str) -> Said:
    value = values.get(name)
    return value if is_object(value) else {}


def verify(request: Request, secret: str) -> bool:
    """Say whether X-Hook-Signature is the HMAC-SHA512 of the body with the webhook's secret."""
    return is_hex_hmac(request.headers.get("x-hook-signature", ""), secret, request.body, algorithm="sha512")


PROVIDER: Final = Provider(
    slug=SLUG,
    label="NetBox",
    docs_url="https://netboxlabs.com/docs/netbox/en/stable/integrations/webhooks/",
    normalise=normalise,
    where="Operations → Webhooks → Add, method POST; then in an event rule for jobs that fail or error",
    verify=verify,
    signed_with="What you write in the webhook as Secret.",
    sample={
        "event": "job_errored",
        "timestamp": "2026-11-24T10:23:20.000000+00:00",
        "object_type": "extras.script",
        "username": "admin",
        "data": {"name": "OpsKnight test", "status": {"value": "errored", "label": "Errored"}, "error": "only a test"},
    },
)
