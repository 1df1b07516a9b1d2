"""Reading and renewing the pages below docs/: tables, generated parts and fenced examples.

`DOCS_WRITE=1 python -m pytest tests/docs` writes the parts that are generated anew; without it they are compared.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
WRITE = os.environ.get("DOCS_WRITE") == "1"
AGAIN = "Renew it with DOCS_WRITE=1 python -m pytest tests/docs"
_EXAMPLE = re.compile(r"<!-- (sent|received): ([a-z0-9-]+) -->\n```json\n(.*?)\n```", re.DOTALL)


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def rows(path: str) -> Iterator[list[str]]:
    """The rows of all tables of a page, without heads, as cells. A bar inside a cell is written `\\|`."""
    lines = read(path).splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        if (
            number + 1 < len(lines)
            and lines[number + 1].startswith("|")
            and set(lines[number + 1]) <= set("|-: ")
        ):
            continue
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def code(cell: str) -> str:
    """What stands between a cell's backticks."""
    found = re.fullmatch(r"`(.*)`", cell)
    return found[1] if found else cell


def held(path: str, generated: str) -> None:
    """The part of a page between its two marks is what the code says."""
    text = read(path)
    begin, end = "<!-- generated: begin -->\n", "<!-- generated: end -->"
    head, _, rest = text.partition(begin)
    now, mark, tail = rest.partition(end)
    assert mark, f"{path} has no generated part"
    if WRITE and now != generated:
        (ROOT / path).write_text(head + begin + generated + end + tail, "utf-8")
        return
    assert now == generated, f"{path} is not what the code says. {AGAIN}"


def examples(path: str) -> dict[tuple[str, str], str]:
    """(sent or received, name) -> the JSON of each marked example."""
    found = _EXAMPLE.findall(read(path))
    names = [(way, name) for way, name, _ in found]
    assert len(names) == len(set(names)), f"{path} has an example twice"
    return {(way, name): body for way, name, body in found}


def shown(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def write_examples(path: str, documents: dict[str, str]) -> None:
    """Replace the bodies of the examples that this server sends."""

    def replaced(match: re.Match[str]) -> str:
        way, name, body = match.groups()
        new = documents.get(name, body) if way == "sent" else body
        return f"<!-- {way}: {name} -->\n```json\n{new}\n```"

    (ROOT / path).write_text(_EXAMPLE.sub(replaced, read(path)), "utf-8")
