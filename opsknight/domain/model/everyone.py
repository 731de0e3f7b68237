"""“Everyone must acknowledge”: who still must, who has, and when the incident as a whole is acknowledged.

It speaks for one generation. Whom the newest step asks decides: a later step that asks for one
acknowledge only is answered by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Everyone:
    """Who must still acknowledge (`waiting`), and who has in this `generation`, each with when (ISO, UTC)."""

    generation: int
    waiting: tuple[int, ...] = ()
    answered: Mapping[int, str] = field(default_factory=dict[int, str])

    @property
    def is_needed(self) -> bool:
        """Whether more than the acknowledge of one is wanted."""
        return bool(self.waiting)

    def asked(self, users: Collection[int]) -> Everyone:
        """Return it after a step has asked `users`, each of whom must acknowledge; none: one of all is enough."""
        return replace(self, waiting=tuple(user for user in users if user not in self.answered))

    def after(self, user: int, *, at: datetime) -> Everyone:
        """Return it after `user` has acknowledged; the same object when they had before."""
        if user in self.answered:
            return self
        left = tuple(other for other in self.waiting if other != user)
        return replace(self, waiting=left, answered={**self.answered, user: at.isoformat()})

    def instead(self, user: int, by: int) -> Everyone:
        """Return it after `by` was asked instead of `user`; the same object where `user` is not waited for.

        So it is, too, where nobody else would be waited for: what is open waits for somebody.
        """
        if user not in self.waiting:
            return self
        asked = self.asked(tuple(dict.fromkeys(by if one == user else one for one in self.waiting)))
        return asked if asked.waiting else self

    def without(self, user: int) -> Everyone:
        """Return it after `user` has taken their acknowledge back: they must again."""
        if user not in self.answered:
            return self
        answered = {other: at for other, at in self.answered.items() if other != user}
        return replace(self, waiting=(*self.waiting, user), answered=answered)

    def to_json(self) -> dict[str, Any] | None:
        """Return it as plain JSON, None where there is nothing to keep."""
        if not self.waiting and not self.answered:
            return None
        answered = {str(user): at for user, at in self.answered.items()}
        return {"generation": self.generation, "waiting": list(self.waiting), "answered": answered}


def everyone(plain: object, generation: int) -> Everyone:
    """Return what `to_json` wrote, as it counts for `generation`: what an older one left behind does not."""
    if not isinstance(plain, dict) or plain.get("generation") != generation:  # pyright: ignore[reportUnknownMemberType]
        return Everyone(generation)
    said: dict[str, Any] = plain  # pyright: ignore[reportUnknownVariableType]
    return Everyone(generation, tuple(said["waiting"]), {int(user): at for user, at in said["answered"].items()})
