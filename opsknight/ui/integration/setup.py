"""How a monitor is told to send: the address, the key, and the text to paste."""

from __future__ import annotations

from opsknight.domain.queries.integrations import Keyed
from opsknight.ui.parts.copybox import copy_button, copybox
from opsknight.ui.parts.tag import tag
from opsknight.ui.senders import Sender, endpoint


def show_setup(line: Keyed, *, how: Sender, base_url: str) -> None:
    """Build the steps for `line`, complete with its own address; without its key, whom to ask."""
    key = line["key"]
    if key is None:
        tag("p", "Its key is for managers and admins to see; ask one of them.", classes="ok-muted")
        return
    with tag("dl", classes="ok-facts ok-keys-of"):
        for words, value in (("Address", endpoint(base_url, key, provider=line["provider"])), ("Key", key)):
            tag("dt", words)
            with tag("dd"):
                tag("code", value)
                copy_button(value, words="", what=f"the {words.lower()}")
    tag("p", how.where, classes="ok-where")
    copybox(how.text(base_url, key), what=f"the text for {how.name}")
