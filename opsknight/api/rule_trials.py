"""Trying a rule before it is saved: does it make sense, and what would it have done?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from opsknight.api.rule_yaml import read_yaml, write_yaml
from opsknight.deps import Deps
from opsknight.domain.model.event import Event
from opsknight.domain.model.expression import BadExpression
from opsknight.domain.model.rule import BadRule, Rule
from opsknight.domain.model.rule_document import document_of, rule_of
from opsknight.domain.model.rule_preview import Example, Past, Preview
from opsknight.domain.model.rule_set import RuleSet
from opsknight.domain.queries.rule_previews import past_alerts
from opsknight.errors import Invalid
from opsknight.patterns import compile_pattern

PREVIEW: Final = timedelta(days=7)
MOST: Final = 5000
"""Alerts that a preview looks at."""
IN_ONE_TURN: Final = 50
"""Alerts that a rule is asked about before others have their turn."""


def ready(rule: Mapping[str, Any] | None, yaml: str | None) -> dict[str, Any]:
    """Return the document of a rule that can be used, from its parts or from YAML.

    Raises:
        Invalid: it cannot; the sentence says why.
    """
    try:
        return document_of(_read(rule, yaml))
    except (BadRule, BadExpression) as refusal:
        raise Invalid(refusal.sentence) from refusal


def look_at(rule: Mapping[str, Any] | None, yaml: str | None) -> dict[str, Any]:
    """Return a rule's parts, its YAML and what it does, or the problem: which part, where in it, and a sentence."""
    try:
        document: Any = rule if yaml is None else read_yaml(yaml)
    except BadExpression as refusal:
        return _problem("yaml", refusal)
    try:
        read = rule_of(document, compile_pattern)
    except BadExpression as refusal:
        return _problem("when", refusal)
    except BadRule as refusal:
        return {"problem": {"part": refusal.part, "sentence": refusal.sentence, "position": 0, "length": 0}}
    written = document_of(read)
    return {"problem": None, "rule": written, "yaml": write_yaml(written), "words": list(read.actions.does())}


async def preview_of(deps: Deps, document: Mapping[str, Any], *, service_id: int | None) -> dict[str, Any]:
    """Return what a rule would have made of the alerts of the last PREVIEW, of the newest MOST at most."""
    now = deps.clock.now()
    past: list[Past] = []
    before, is_all = None, False
    while len(past) < MOST and not is_all:
        async with deps.reading() as session:
            piece = await past_alerts(session, service_id=service_id, since=now - PREVIEW, before=before)
        past += piece.alerts
        before, is_all = piece.before, piece.before is None
    rule = rule_of({**document, "enabled": True}, compile_pattern)
    preview = Preview(RuleSet.of([rule], compile_pattern))
    for place, one in enumerate(reversed(past[:MOST])):
        preview.take(one)
        if place % IN_ONE_TURN == IN_ONE_TURN - 1:
            await asyncio.sleep(0)
    return _told(preview, is_all=is_all)


def _read(rule: Mapping[str, Any] | None, yaml: str | None) -> Rule:
    return rule_of(rule if yaml is None else read_yaml(yaml), compile_pattern)


def _problem(part: str, refusal: BadExpression) -> dict[str, Any]:
    span = refusal.span
    problem = {"part": part, "sentence": refusal.sentence, "position": span.position, "length": span.length}
    return {"problem": problem}


def _told(preview: Preview, *, is_all: bool) -> dict[str, Any]:
    days = PREVIEW.days
    looked = f"the {preview.looked_at} alerts" if preview.looked_at != 1 else "the 1 alert"
    bound = f" of the last {days} days" if is_all else f" that came last (more than {MOST} came in {days} days)"
    sentence = f"Of {looked}{bound} it matches {preview.matched}"
    if preview.matched:
        pages = f"{preview.spared} of {preview.pages} pages" if preview.pages else "no page, as none was sent"
        sentence += f"; it would have spared {pages}"
    return {
        "sentence": f"{sentence}.",
        "looked_at": preview.looked_at,
        "is_all": is_all,
        "matched": preview.matched,
        "skipped": preview.skipped,
        "why": preview.why,
        "pages": preview.pages,
        "spared": preview.spared,
        "examples": [_example(one) for one in reversed(preview.examples)],
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "incident": example.incident,
        "at": example.at.timestamp(),
        "before": {**_shown(example.before), "urgency": example.urgency_before},
        "after": {**_shown(example.after), "urgency": example.urgency_after},
        "fate": example.fate,
        "spared": example.spared,
    }


def _shown(event: Event) -> dict[str, Any]:
    return {
        "title": event.title,
        "severity": event.severity.value,
        "tags": dict(event.tags),
        "dedup_key": event.dedup_key,
    }
