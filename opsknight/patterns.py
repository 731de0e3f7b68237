"""Regular expressions that people write: matched by RE2, in time that grows with the text alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Any:
    """Return `pattern` ready for use; it has `search`.

    Raises:
        ValueError: it is no regular expression that RE2 knows, or it is too large; the text says why.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        raise ValueError(_words(error)) from None


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else "it is malformed"
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
