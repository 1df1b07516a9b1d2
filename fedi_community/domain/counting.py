"""How long a text is, as clients count: an address is 23 characters, somebody elsewhere is his name without the host."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

URL_CHARACTERS: Final = 23
_URL: Final = re.compile(r"https?://[^\s<>\"\\]+", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(
    r"(?<![\w/@.])(@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)@[^\W_][\w.-]*\w(?::\d{1,5})?"
)
_JOINER: Final = "\u200d"


def length_of(text: str) -> int:
    """Characters as people see them, near enough: marks and joined emoji belong to what stands before them."""
    counted = _ELSEWHERE.sub(r"\1", _URL.sub("x" * URL_CHARACTERS, text))
    return len(counted) if counted.isascii() else _seen(counted)


def _seen(text: str) -> int:
    found, joined, flags = 0, False, 0
    for character in text:
        if character == _JOINER:
            joined = True
            continue
        flag = "\U0001f1e6" <= character <= "\U0001f1ff"
        flags = flags + 1 if flag else 0
        alone = not joined and not (flag and flags % 2 == 0)
        if alone and not _belongs_to_the_last(character):
            found += 1
        joined = False
    return found


def _belongs_to_the_last(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me") or "\U0001f3fb" <= character <= "\U0001f3ff"
