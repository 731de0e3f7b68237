"""What is looked at once for all says the same as what is looked at every time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from nicegui import helpers, observables

from opsknight.ui import quicker


class Deaf:
    def plain(self) -> None: ...

    def wants(self, event: object) -> None: ...

    def may_have(self, event: object = None, *more: object, **named: object) -> None: ...


def wants(event: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "does"),
    [
        (Deaf().plain, False),
        (Deaf().wants, True),
        (Deaf().may_have, False),
        (Deaf.wants, True),
        (wants, True),
        (functools.partial(wants, 1), False),
        (lambda: None, False),
        (print, False),
    ],
)
def test_it_answers_as_nicegui_does(function: Callable[..., Any], *, does: bool):
    assert [quicker.expects_arguments(function) for _ in range(2)] == [does, does]
    assert quicker._look(function) is does


def test_it_is_asked_for_what_elements_are_made_of(monkeypatch: pytest.MonkeyPatch):
    asked: list[Callable[..., Any]] = []
    monkeypatch.setattr(helpers, "expects_arguments", lambda function: bool(asked.append(function)))

    observables.ObservableList([], on_change=Deaf().plain)

    assert len(asked) == 1
