"""What the signed links and buttons in messages say: for whom, about what, until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

ACKNOWLEDGE: Final = "acknowledge"
RECEIPT: Final = "receipt"
"""What tokens are signed for; one for the other is refused."""
DRILL: Final = "drill"
"""What an acknowledge token says that is about a drill."""
LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AcknowledgeClaims:
    """A link that acknowledges one incident, in one generation, in the name of the person it was sent to."""

    user_id: int
    incident_id: UUID
    generation: int
    notification_id: UUID

    def to_json(self, *, now: datetime) -> dict[str, Any]:
        """Return the claims to sign, valid for LIVES from `now`."""
        return {
            "u": self.user_id,
            "i": str(self.incident_id),
            "g": self.generation,
            "v": ACKNOWLEDGE,
            "exp": int((now + LIVES).timestamp()),
            "jti": str(self.notification_id),
        }

    @classmethod
    def from_json(cls, claims: Mapping[str, Any]) -> AcknowledgeClaims:
        """Return what was signed.

        Raises:
            ValueError: they are the claims of something else.
        """
        if claims.get("v") != ACKNOWLEDGE:
            raise ValueError("not the claims of an acknowledge link")
        return cls(int(claims["u"]), UUID(claims["i"]), int(claims["g"]), UUID(claims["jti"]))


@dataclass(frozen=True, slots=True)
class DrillClaims:
    """A link that acknowledges one message of a drill in the name of the person it was sent to."""

    user_id: int
    notification_id: UUID

    def to_json(self, *, now: datetime) -> dict[str, Any]:
        """Return the claims to sign, valid for LIVES from `now`."""
        exp = int((now + LIVES).timestamp())
        return {"u": self.user_id, "v": DRILL, "exp": exp, "jti": str(self.notification_id)}

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> DrillClaims | None:
        """Return what was signed, None where that is about no drill."""
        return cls(int(claims["u"]), UUID(claims["jti"])) if claims.get("v") == DRILL else None


def receipt_claims(notification_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Return the claims by which a browser says that it showed a message."""
    return {"jti": str(notification_id), "exp": int((now + LIVES).timestamp())}
