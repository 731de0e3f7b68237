"""Pages that need no script of ours: signing in, acknowledging from a mail, and what went wrong.

Server HTML under a strict policy; text is escaped unless it is Markup already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup
from starlette.responses import HTMLResponse

from opsknight.domain.model.speech import spoken

POLICY: Final = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE: Final = Markup("""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="dark light">
<meta name="robots" content="noindex">
<title>{title} · OpsKnight</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/assets/plain.css">
<script src="/assets/theme.js"></script>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
""")


def page(
    title: str, body: Markup | str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return a whole page; `body` is escaped unless it is Markup. It is kept in no cache."""
    return HTMLResponse(
        _PAGE.format(language=spoken(), title=title, body=body),
        status_code=status,
        headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store", **(headers or {})},
    )


def paragraph(text: str) -> Markup:
    """Return `text` as a paragraph."""
    return Markup("<p>{}</p>").format(text)


def button(label: str, *, action: str) -> Markup:
    """Return a form of one button that posts to `action`: what a mail scanner does not press."""
    return Markup('<form method="post" action="{}"><p><button type="submit">{}</button></p></form>').format(
        action, label
    )


def link(text: str, *, href: str) -> Markup:
    """Return a paragraph that leads to `href`, an address of ours."""
    return Markup('<p><a href="{}">{}</a></p>').format(href, text)
