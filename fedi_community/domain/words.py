"""Words of a text as they are searched: without markup, case and accents, so that both databases and both languages find alike.

What is stored and what is asked go through here, and nothing else decides what a word is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from fedi_community.domain.model import Body
from fedi_community.domain.text import plain

MAX_WORDS: Final = 2000
"""Different words of a post that can be found."""
MAX_LETTERS: Final = 40
"""Letters of a word that count."""
MAX_ASKED: Final = 8
"""Words of a question that count."""
MIN_BEGINNING: Final = 3
"""Letters from which a word of a question also finds the longer words that begin with it."""
_WORD: Final = re.compile(r"[^\W_]+")


def words_in(text: str) -> list[str]:
    """The words, each once, in their order."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return list(dict.fromkeys(word[:MAX_LETTERS] for word in _WORD.findall(bare)))


def searched(body: Body) -> str:
    """What a post is found by: titles, warning, texts of all languages, hashtags, and what its pictures are described by."""
    parts = [body.warning, *body.hashtags, *(a.name or "" for a in body.attachments)]
    for text in body.texts:
        parts += [text.name or "", plain(text.summary or ""), plain(text.content)]
    return " ".join(words_in(" ".join(parts))[:MAX_WORDS])


def asked(question: str) -> list[str]:
    """The words of a question; none where there is nothing to search for."""
    return words_in(question[:500])[:MAX_ASKED]
