"""Which door a path leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsknight.api.drop_in import alertmanager, change_events, opsgenie, opsgenie_heartbeats, pagerduty_v1, victorops
from opsknight.api.drop_in.alertmanager import Alertmanager
from opsknight.api.drop_in.change_events import ChangeEvents
from opsknight.api.drop_in.door import Door
from opsknight.api.drop_in.opsgenie import Opsgenie
from opsknight.api.drop_in.opsgenie_heartbeats import OpsgenieHeartbeats
from opsknight.api.drop_in.pagerduty_v1 import PagerDutyV1
from opsknight.api.drop_in.victorops import VictorOps

if TYPE_CHECKING:
    from opsknight.deps import Deps


class DropIns:
    """Every door of another product's API."""

    def __init__(self, deps: Deps) -> None:
        """Open the doors on the database of `deps`."""
        self._alertmanager = Alertmanager(deps)
        self._changes = ChangeEvents(deps)
        self._opsgenie = Opsgenie(deps)
        self._opsgenie_heartbeats = OpsgenieHeartbeats(deps)
        self._pagerduty_v1 = PagerDutyV1()
        self._victorops = VictorOps()

    def door(self, path: str) -> Door | None:
        """Return the door that serves `path`, None where none does."""
        if path.rstrip("/").endswith(alertmanager.ALERTS):
            return self._alertmanager
        if path == change_events.ENQUEUE:
            return self._changes
        if path == opsgenie.ALERTS or path.startswith(f"{opsgenie.ALERTS}/"):
            return self._opsgenie
        if path.startswith(opsgenie_heartbeats.HEARTBEATS):
            return self._opsgenie_heartbeats
        if path == pagerduty_v1.CREATE_EVENT:
            return self._pagerduty_v1
        if path.startswith(victorops.ALERT):
            return self._victorops
        return None
