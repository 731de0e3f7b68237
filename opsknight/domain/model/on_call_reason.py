"""Why somebody on call is paged: whose turn it is, or in whose place they are, and what has put them there."""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.schedule import OnCall, Schedule
from opsknight.domain.model.speech import Sentence, to_say

_BEGINS: Final = "on call: "


def on_call_on(schedule: Schedule, one: OnCall) -> Sentence:
    """Return why somebody is paged whose time on call `one` is by `schedule`."""
    if one.leave_id is not None and (away := _away(schedule, one)) is not None:
        whom = _name(schedule, away)
        return to_say("on call: {schedule}, in place of {name}, who is away", schedule=schedule.name, name=whom)
    if one.override_id is not None:
        return _by_override(schedule, one)
    if one.temporary:
        its = {"schedule": schedule.name, "layer": one.layer, "temporary": one.temporary}
        return to_say("on call: {schedule}, {layer} (temporary schedule {temporary})", **its)
    return to_say("on call: {schedule}, {layer}", schedule=schedule.name, layer=one.layer)


def where(reason: Sentence) -> str:
    """Return what `on_call_on` gave as it stands within a sentence of the ledger."""
    return reason.english.removeprefix(_BEGINS)


def is_of_a_shift(reason: str) -> bool:
    """Say whether a page's reason is one of `on_call_on`."""
    return reason.startswith(_BEGINS)


def is_of(reason: str, schedule: str) -> bool:
    """Say whether a page's reason is one of `on_call_on` for a schedule of that name."""
    return reason.startswith(tuple(f"{_BEGINS}{schedule}{follows}" for follows in (", ", " (")))


def _by_override(schedule: Schedule, one: OnCall) -> Sentence:
    maker = next((override.made_by for override in schedule.overrides if override.id == one.override_id), None)
    if one.replaces is None and maker is None:
        return to_say("on call: {schedule} (override)", schedule=schedule.name)
    if one.replaces is None:
        return to_say("on call: {schedule} (override by {by})", schedule=schedule.name, by=_name(schedule, maker))
    whom = _name(schedule, one.replaces)
    if maker is None:
        return to_say("on call: {schedule}, in place of {name} (override)", schedule=schedule.name, name=whom)
    its = {"schedule": schedule.name, "name": whom, "by": _name(schedule, maker)}
    return to_say("on call: {schedule}, in place of {name} (override by {by})", **its)


def _away(schedule: Schedule, one: OnCall) -> int | None:
    """Return for whom `one` substitutes: whose turn it was where they are away, else who had taken it from them."""
    away = {leave.user_id for leave in schedule.leaves if leave.touches(one.start_at, one.end_at)}
    if one.replaces in away:
        return one.replaces
    return next((leave.user_id for leave in schedule.leaves if leave.id == one.leave_id), None)


def _name(schedule: Schedule, user_id: int | None) -> str | Sentence:
    name = None if user_id is None else schedule.names.get(user_id)
    return to_say("somebody else") if name is None else name
