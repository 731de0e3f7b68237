"""API tokens of a person: made, copied once, revoked. assets/tokens.js sends."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.api_tokens import TokenLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import field, select, switch
from opsknight.ui.parts.last_use import last_use
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import Part
from opsknight.ui.parts.rows import row, rows
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

SCRIPT = "tokens.js"
LASTS = {"30": "30 days", "90": "90 days", "365": "A year", "": "Until it is revoked"}
"""How long a token counts, in days."""


def build() -> Part[Sequence[TokenLine]]:
    """Build the section; return its list, whose place tells when a token was made or revoked."""
    says = (
        "A script shows one as “Authorization: Bearer …” to the API. It may do what you may, but changes nothing of"
        " your account. Give each script its own, and revoke it when it is not needed any more."
    )
    with section("API tokens", says), tag("div", classes="ok-tokens", id="ok-tokens"):
        listed = Part[Sequence[TokenLine]](_list, classes="ok-token-list")
        with tag("div", classes="ok-stacked ok-after"):
            field("token-name", "What a new token is for", says="Such as “Deploy script”.", maxlength="100")
            select("token-days", "How long it counts", LASTS, chosen="90")
            switch("token-reads", "It only reads", on=False)
            with tag("div", classes="ok-buttons"):
                button("Make a token", icon="key", data_act="token-make")
        tag("div", classes="ok-after", id="token-made", hidden=True)
    return listed


def _list(tokens: Sequence[TokenLine]) -> None:
    if not tokens:
        tag("p", "No script uses the API in your name.", classes="ok-muted")
        return
    with rows("minmax(0, 1fr) auto", what="API tokens"):
        for token in tokens:
            _token(token)


def _token(token: TokenLine) -> None:
    with row(classes="ok-token"):
        with tag("div"):
            tag("div", token["name"], classes="ok-cut")
            with tag("div", classes="ok-faint"):
                tag("span", "Only reads" if token["reads_only"] else "Reads and writes")
                if token["expires_at"] is None:
                    tag("span", " · until it is revoked")
                else:
                    tag("span", " · until ")
                    moment(token["expires_at"], "day")
                last_use("used", token["used_at"], token["used_by"])
        button(
            "Revoke",
            kind="quiet",
            small=True,
            data_act="token-revoke",
            data_url=f"/api/v1/api-tokens/{token['id']}",
            aria_label=f"Revoke {token['name']}",
        )
