"""What those who run the community wrote about it: rules, about, privacy, terms. Files in a folder, read when they change.

`rules.en.md` holds one rule a line, `- Be kind: what it means`; what follows the first colon is the hint. `about.en.md`,
`privacy.en.md` and `terms.en.md` are Markdown. `es` stands for Spanish; a language without a file gets the first one's.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from fedi_community.config import Settings
from fedi_community.domain.text import markdown_to_html

MAX_TEXT: Final = 200_000
MAX_RULES: Final = 50
Name = Literal["rules", "about", "privacy", "terms"]
LANGUAGES: Final = ("en", "es")

_PRIVACY: Final = {
    "en": "We keep what you write, whom you follow and which groups you are in, so that we can show it to those you chose. "
    "There is no advertising and nobody follows what you read. Only those a post is addressed to can read it. "
    "You can delete what you wrote at any time.",
    "es": "Guardamos lo que usted escribe, a quién sigue y en qué grupos está, para mostrarlo a quienes usted eligió. "
    "No hay publicidad y nadie sigue lo que usted lee. Solo leen un mensaje las personas a quienes va dirigido. "
    "Usted puede borrar lo que escribió cuando quiera.",
}


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text as HTML, and when it was last changed (milliseconds UTC)."""

    html: str
    changed: int


def folder(settings: Settings) -> Path:
    return Path(settings.texts) if settings.texts else settings.data_dir / "texts"


def _file(settings: Settings, name: Name, language: str) -> Path | None:
    wanted = language if language in LANGUAGES else LANGUAGES[0]
    for code in dict.fromkeys((wanted, *LANGUAGES)):
        path = folder(settings) / f"{name}.{code}.md"
        if path.is_file():
            return path
    return None


@functools.lru_cache(64)
def _read(path: Path, changed: int) -> str:
    return path.read_text("utf-8")[:MAX_TEXT]


def _text(settings: Settings, name: Name, language: str) -> tuple[str, int] | None:
    path = _file(settings, name, language)
    if path is None:
        return None
    changed = path.stat().st_mtime_ns
    return _read(path, changed), changed // 1_000_000


def rules(settings: Settings, language: str) -> list[Rule]:
    """The rules in a language, numbered from 1 in the order of the file."""
    found = _text(settings, "rules", language)
    lines = (
        []
        if found is None
        else [x.strip()[2:] for x in found[0].splitlines() if x.strip()[:2] in ("- ", "* ")]
    )
    parts = [line.partition(":") for line in lines[:MAX_RULES]]
    return [Rule(str(n), text.strip(), hint.strip()) for n, (text, _, hint) in enumerate(parts, 1)]


def written(settings: Settings, name: Name, language: str) -> Written | None:
    """A text as HTML; the privacy policy has a short one of its own where nobody wrote another."""
    found = _text(settings, name, language)
    if found is None:
        words = _PRIVACY.get(language, _PRIVACY["en"]) if name == "privacy" else None
        return None if words is None else Written(f"<p>{words}</p>", 0)
    return Written(markdown_to_html(found[0]), found[1])
