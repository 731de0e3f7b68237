"""What a page in the window can ask of the client around it: whether it alarms somebody, and to begin to."""

from __future__ import annotations

import platform
from collections.abc import Callable
from urllib.parse import urlsplit

from opsknight.desktop.kept import Kept


class PageSide:
    """Given to pywebview, which offers every page what is public of it: `alarm`, and that serves one origin alone."""

    def __init__(self, origin: str, kept: Kept, *, url: Callable[[], str | None], added: Callable[[], object]) -> None:
        """Serve pages of `origin`; `url` says which page is open, and `added` is called when there is a token."""
        self._origin = origin
        self._kept = kept
        self._url = url
        self._added = added

    def alarm(self, token: str | None = None) -> dict[str, str | None]:
        """Begin to ask by `token`, where one is given; return by what this window is known, and as which method.

        Raises:
            PermissionError: the page is none of the server's own.
            ValueError: it is no token.
        """
        here = urlsplit(self._url() or "")
        if f"{here.scheme}://{here.netloc}" != self._origin:
            raise PermissionError("Only a page of this window's own server can ask for that.")
        if token is not None:
            self._kept.keep(token)
            self._added()
        known = self._kept.token
        method = known.partition(".")[0] if known else None
        return {"device": self._kept.device, "computer": platform.node(), "method": method}
