"""The archived services on /services, folded: who sends still, and the way back; and the dialog that archives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from opsknight.domain.queries.archived_services import ArchivedLine, Use
from opsknight.domain.queries.services import ServiceLine
from opsknight.domain.queries.teams import PolicyLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import select
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag

ARCHIVE: Final = "ok-service-archive"
SCRIPT: Final = "archived_services.js"
URL: Final = "/api/v1/services"


def archive_button(line: ServiceLine) -> None:
    """Show the button that asks whether to archive a service."""
    button(
        "Archive",
        kind="quiet",
        small=True,
        data_act="service-archive",
        data_dialog=ARCHIVE,
        data_url=f"{URL}/{line['id']}",
        data_name=line["name"],
        aria_label=f"Archive {line['name']}",
    )


def show_archived(
    lines: Sequence[ArchivedLine], *, teams: Mapping[str, str], policies: Sequence[PolicyLine] = ()
) -> None:
    """Show the list, and build the dialog where `teams` (id → name) whose services the reader may change are there.

    `policies` are those from which one is chosen where that of an archived service was deleted.
    """
    if lines:
        with tag("details", classes="ok-more ok-archived", id="archived"):
            tag("summary", f"Archived ({len(lines)})")
            for line in lines:
                with tag("article", classes="ok-integration", aria_labelledby=f"archived-{line['id']}"):
                    _line(line, policies if str(line["team_id"]) in teams else None)
    if teams:
        _build_dialog()


def _line(line: ArchivedLine, policies: Sequence[PolicyLine] | None) -> None:
    """Show one service; `policies` is None where the reader may not bring it back."""
    with tag("header", classes="ok-integration-head"):
        with tag("div"):
            tag("h3", line["name"], id=f"archived-{line['id']}")
            with tag("p", classes="ok-muted"):
                tag("span", f"{line['team']}, archived ")
                moment(line["archived_at"], "ago")
                tag("span", f" by {line['archived_by']}" if line["archived_by"] else "")
        if policies is not None:
            chosen = f"restored-by-{line['id']}" if line["policy"] is None else ""
            if chosen:
                named = {str(one["id"]): f"{one['name']} ({one['team']})" for one in policies}
                select(chosen, "Its escalation policy was deleted: who is paged now?", named)
            button(
                "Bring back",
                small=True,
                data_act="service-restore",
                data_url=f"{URL}/{line['id']}/restore",
                data_policy=chosen or None,
                aria_label=f"Bring {line['name']} back",
            )
    tag("a", "Its incidents", href=f"/incidents?{urlencode({'q': line['name'], 'status': 'resolved'})}")
    for use in line["uses"]:
        _used(use)


def _used(use: Use) -> None:
    kind, _, number = use["source"].partition(":")
    times = "once" if use["times"] == 1 else f"{use['times']:,} times"
    with tag("p", classes="ok-where"):
        if kind == "integration":
            tag("a", use["name"], href=f"/integrations/{number}")
        else:
            tag("b", use["name"])
        tag("span", f" still sends: refused {times} since, the last ")
        moment(use["last_at"], "ago")


def _build_dialog() -> None:
    with dialog(ARCHIVE, "Archive"):
        tag("p", id="archive-words")
        tag("p", id="archive-moves")
        tag(
            "p",
            "Whoever still sends by its keys is answered as by an unknown one, and named here under Archived. Its"
            " history stays as it is, and it can be brought back with the same keys.",
            classes="ok-muted",
        )
        tag("p", classes="ok-error", id="archive-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Archive", kind="danger", data_act="service-archived", id="archive-save")
            button("Keep it", kind="quiet", data_act="close")
