"""Words of strangers within Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.markdown import escaped


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("@everyone **run**", r"@everyone \*\*run\*\*"),
        ("<@123> <@&4> <#5> <t:0:R>", r"\<@123\> \<@&4\> \<\#5\> \<t:0:R\>"),
        ("[here](https://evil.example)", r"\[here\]\(https://evil.example\)"),
        ("```sh\n# x", "\\`\\`\\`sh\n\\# x"),
        ("see https://a.example/b_c-d#e", "see https://a.example/b_c-d#e"),
        ("||https://a.example/x||", r"\|\|https://a.example/x\|\|"),
    ],
)
def test_a_stranger_s_title_is_shown_as_it_is(title: str, shown: str):
    assert escaped(title, 500) == shown


@given(st.text(alphabet="\\*_~`|>#-[]()<@🔥 ab\n", max_size=80), st.integers(3, 90))
def test_no_escape_is_torn_when_a_text_is_cut(text: str, most: int):
    short = escaped(text, most)

    assert len(short.encode("utf-16-le")) // 2 <= most
    assert len(short.removesuffix("…")) - len(short.removesuffix("…").rstrip("\\")) in range(0, 200, 2)
