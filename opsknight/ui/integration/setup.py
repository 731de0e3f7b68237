"""How a monitor is told to send: the address, the key, and the text to paste."""

from __future__ import annotations

from typing import Final

from opsknight.domain.queries.integrations import Keyed
from opsknight.ui.parts.copybox import copy_button, copybox
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag
from opsknight.ui.senders import EMAIL, MAIL_IS_OFF, Sender, change_curl, endpoint, mail_address

CHANGES: Final = (
    "What was changed pages nobody, and stands beside the incidents of the next 24 hours. Let whatever deploys say so:"
)


def show_setup(line: Keyed, *, how: Sender, base_url: str, mail_host: str = "") -> None:
    """Build the steps for `line`, complete with its own address; without its key, whom to ask.

    `mail_host` stands behind the @ of addresses that take mail, "" where none is taken.
    """
    key = line["key"]
    if key is None:
        tag("p", "Its key is for managers and admins to see; ask one of them.", classes="ok-muted")
        return
    address = endpoint(base_url, key, provider=line["provider"])
    if line["provider"] == EMAIL:
        address = mail_address(key, mail_host)
        if not address:
            note(MAIL_IS_OFF, title="Mail in is off", kind="warn")
            return
    with tag("dl", classes="ok-facts ok-keys-of"):
        for words, value in (("Address", address), ("Key", key)):
            tag("dt", words)
            with tag("dd"):
                tag("code", value)
                copy_button(value, words="", what=f"the {words.lower()}")
    tag("p", how.where, classes="ok-where")
    copybox(how.text(base_url, key), what=f"the text for {how.name}")
    with tag("details", classes="ok-more"):
        tag("summary", "Tell of deployments, too")
        tag("p", CHANGES, classes="ok-where")
        copybox(change_curl(base_url, key, has_secret=line["has_secret"]), what="the line that tells of a deployment")
