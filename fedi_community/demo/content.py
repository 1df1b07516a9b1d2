"""Reads the sample content from `content/`: TOML for facts, a small Markdown subset for articles.

`load()` gives the community that the demonstration shows; `large(seed)` a big one of the same shapes.
"""

from __future__ import annotations

import html
import re
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

from fedi_community.demo.check import check
from fedi_community.demo.large import enlarge
from fedi_community.demo.model import (
    LANGUAGES,
    Answer,
    Article,
    Ask,
    Bilingual,
    Demo,
    Discussion,
    Group,
    HeldPost,
    Hold,
    Image,
    Language,
    Person,
    Post,
    Report,
    Version,
    Waiting,
)
from fedi_community.errors import Problem

CONTENT = Path(__file__).parent / "content"
NEWSROOM = "clinic_newsroom"
SOURCE = Bilingual(
    en="Sample, no source. Written for this demonstration; it does not replace medical advice.",
    es="Muestra, sin fuente. Escrito para esta demostración; no sustituye el consejo médico.",
)

_FRONT_MATTER = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", re.DOTALL)


def load(folder: Path = CONTENT) -> Demo:
    """The sample community. Raises Problem, with the place in its detail, when a file is not as it should be."""
    try:
        demo = Demo(
            groups=tuple(_group(row) for row in _toml(folder / "groups.toml")["group"]),
            people=tuple(_person(row) for row in _toml(folder / "people.toml")["person"]),
            articles=tuple(_article(folder, row) for row in _toml(folder / "articles.toml")["article"]),
            discussions=tuple(
                _discussion(row)
                for path in sorted((folder / "discussions").glob("*.toml"))
                for row in _toml(path)["discussion"]
            ),
            waiting=_waiting(_toml(folder / "waiting.toml")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(f"{type(error).__name__}: {error}") from error
    if fault := check(demo):
        raise _broken(fault)
    return demo


def large(seed: int) -> Demo:
    """The sample community grown to 30 groups, 2,000 members and a thread of 800 replies in both languages.

    The same seed always gives the same community.
    """
    return enlarge(load(), seed)


def to_html(text: str) -> str:
    """The Markdown subset of the articles as HTML: paragraphs, `## `, `- `, `**strong**` and `*em*`."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n".join(_block([line.strip() for line in block.splitlines()]) for block in blocks)


def _block(lines: list[str]) -> str:
    if lines[0].startswith("## "):
        return f"<h2>{_inline(lines[0][3:])}</h2>"
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(words: str) -> str:
    safe = html.escape(words, quote=False)
    safe = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", safe)


def _broken(detail: str) -> Problem:
    return Problem(500, "demo_content", "The sample content is damaged.", detail)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _group(row: dict[str, Any]) -> Group:
    return Group(**row | {"name": Bilingual(**row["name"]), "summary": Bilingual(**row["summary"])})


def _person(row: dict[str, Any]) -> Person:
    staff, mentor = tuple(row.get("staff_of", ())), tuple(row.get("mentor_of", ()))
    return Person(
        handle=row["handle"],
        name=row["name"],
        bio=row["bio"],
        language=row["language"],
        role=row["role"],
        kind=row.get("kind", "Person"),
        member_of=tuple(dict.fromkeys((*row.get("joined", ()), *staff, *mentor))),
        staff_of=staff,
        mentor_of=mentor,
    )


def _article(folder: Path, row: dict[str, Any]) -> Article:
    versions = map(partial(_version, folder / "articles", row["id"]), LANGUAGES)
    image = row.get("image")
    return Article(
        id=row["id"],
        group=row["group"],
        author=row.get("author", NEWSROOM),
        kind=row.get("kind", "article"),
        categories=tuple(row["categories"]),
        days_ago=float(row["days_ago"]),
        reviewed_days_ago=row["reviewed_days_ago"],
        image=Image(folder / "images" / image, Bilingual(**row["image_alt"])) if image else None,
        versions=tuple(version for version in versions if version),
    )


def _version(folder: Path, article: str, language: Language) -> Version | None:
    path = folder / f"{article}.{language}.md"
    if not path.exists():
        return None
    parts = _FRONT_MATTER.fullmatch(path.read_text(encoding="utf-8"))
    if not parts:
        raise ValueError(f"{path.name} does not begin with its title and summary")
    front = tomllib.loads(parts[1])
    source = SOURCE.get(language)
    body = f"{to_html(parts[2])}\n<p><em>{html.escape(source)}</em></p>"
    return Version(language, front["title"], front["summary"], body, source)


def _discussion(row: dict[str, Any]) -> Discussion:
    return Discussion(row["id"], row["group"], row.get("article"), tuple(_post(post) for post in row["post"]))


def _waiting(found: dict[str, Any]) -> Waiting:
    return Waiting(
        tuple(Ask(**row) for row in found["ask"]),
        tuple(Hold(**row | {"words": tuple(row["words"])}) for row in found["hold"]),
        tuple(
            Answer(row["group"], row["name"], Bilingual(en=row["en"], es=row["es"]))
            for row in found["answer"]
        ),
        tuple(HeldPost(**row) for row in found["post"]),
        tuple(Report(**row) for row in found["report"]),
    )


def _post(row: dict[str, Any]) -> Post:
    return Post(
        id=row["id"],
        by=row["by"],
        reply_to=row.get("to"),
        language=row["language"],
        days_ago=float(row["days_ago"]),
        text=row["text"],
        content_warning=row.get("content_warning"),
        edited_text=row.get("edited_text"),
        edited_days_ago=row.get("edited_days_ago"),
        likes=tuple(row.get("likes", ())),
    )
