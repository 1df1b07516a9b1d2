"""The reference is complete: every setting, command, option, address and limit stands there, and nothing that is gone.

`DOCS_WRITE=1` renews what is generated: commands, defaults and the values of limits. Meanings are written by hand.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from fedi_community.app import build
from fedi_community.cli import main
from fedi_community.config import Settings, load
from fedi_community.storage.migrate import migrate
from tests.docs.pages import AGAIN, ROOT, WRITE, code, held, read, rows

SETTINGS, COMMANDS = "docs/reference/settings.md", "docs/reference/commands.md"
HTTP, LIMITS = "docs/reference/http.md", "docs/reference/limits.md"
MEANING = 12
"""Characters that a meaning has at least: an empty cell documents nothing."""


# --- settings -------------------------------------------------------------------------------------------------------------


def default_of(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) or "(empty)"


def test_every_setting_is_documented_with_its_default() -> None:
    written = {code(row[0]): (code(row[1]), row[2]) for row in rows(SETTINGS)}
    known = {f"FEDI_{item.name.upper()}": default_of(item.default) for item in fields(Settings)}
    assert set(known) - set(written) == set(), f"{SETTINGS} lacks settings"
    assert set(written) - set(known) - {"FEDI_CONFIG"} == set(), f"{SETTINGS} has settings that are gone"
    for name, default in known.items():
        assert written[name][0] == default, f"{SETTINGS}: the default of {name} is {default}"
        assert len(written[name][1]) >= MEANING, f"{SETTINGS}: {name} has no meaning"


# --- commands -------------------------------------------------------------------------------------------------------------


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in sorted(command.list_commands(context)):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from commands(found, f"{path} {name}")


def _option(option: click.Option) -> str:
    name = ", ".join(f"`{name}`" for name in option.opts)
    kind = option.type
    values = " \\| ".join(kind.choices) if isinstance(kind, click.Choice) else kind.name
    takes = "" if option.is_flag else f" {values}"
    default = option.default
    if option.required:
        said = "required"
    elif option.is_flag or default is None or default == "" or "UNSET" in repr(default):
        said = ""
    else:
        said = f"`{default}`"
    return f"| {name}{takes} | {said} | {option.help or ''} |"


def described(path: str, command: click.Command) -> str:
    """One command as a section."""
    arguments = [
        p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
    ]
    options = [p for p in command.params if isinstance(p, click.Option)]
    usage = " ".join([path, *(["[OPTIONS]"] if options else []), *arguments])
    words, _, example = (command.help or "").partition("\b")
    text = " ".join(words.split())
    lines = [f"## {path}", "", f"    {usage}", "", text, ""]
    examples = [line.strip().removeprefix("Example:").strip() for line in example.splitlines()]
    shown = [line for line in examples if line and line != "Examples:"]
    if shown:
        lines += ["```sh", *shown, "```", ""]
    if options:
        lines += ["| Option | Default | Meaning |", "|---|---|---|", *(_option(o) for o in options), ""]
    return "\n".join(lines)


def test_every_command_and_option_is_documented() -> None:
    every = [described(path, command) for path, command in commands(main, "fedi-community")]
    held(COMMANDS, "\n" + "\n".join(every))


def test_every_command_and_option_has_a_help_text() -> None:
    for path, command in commands(main, "fedi-community"):
        assert command.help, f"{path} has no help"
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "data":
                named = isinstance(option.type, click.Choice)
                assert option.help or named, f"{path} {option.opts[0]} has no help"


# --- addresses ------------------------------------------------------------------------------------------------------------

INBOXES = {("POST", "/inbox"), ("POST", "/users/*/inbox"), ("POST", "/groups/*/inbox")}
"""Answered before the routes of the application (`app.Parts.asgi`)."""


def alike(path: str) -> Iterator[str]:
    """A route's addresses with `*` for what varies; `<any(a,b):x>` is one for each."""
    match = re.search(r"<any\(([^)]*)\):\w+>", path)
    if match:
        for word in match[1].split(","):
            yield from alike(path.replace(match[0], word.strip("'\"")))
        return
    yield re.sub(r"<[^>]*>", "*", path)


async def routes(folder: Path) -> set[tuple[str, str]]:
    """(method, address) of everything this server answers; Spanish pages as the English ones they mirror."""
    settings = load(environ={}, file=folder / "none.toml", data=str(folder), keys=str(folder / "keys"))
    await migrate(settings.database)
    parts = await build(settings)
    found = {
        (method, address)
        for rule in parts.web.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        for address in alike(rule.rule)
    }
    await parts.close()
    mirrored = {(m, a) for m, a in found if a.startswith("/es/") and (m, a.removeprefix("/es")) in found}
    return (found - mirrored) | INBOXES


async def test_every_address_is_documented(tmp_path: Path) -> None:
    known = await routes(tmp_path)
    written = set()
    for row in rows(HTTP):
        path = re.sub(r"(?<=[/@])[A-Z][A-Z_]*(?=/|$)", "*", code(row[1]))
        for method in row[0].split():
            assert (method, path) not in written, f"{HTTP} has {method} {path} twice"
            written.add((method, path))
        assert len(row[2]) >= MEANING, f"{HTTP}: {path} has no meaning"
    assert known - written == set(), f"{HTTP} lacks addresses"
    assert written - known == set(), f"{HTTP} has addresses that are gone"


# --- limits ---------------------------------------------------------------------------------------------------------------

LIMIT = re.compile(r"(MAX|MIN)_[A-Z0-9_]+")


def limits() -> dict[tuple[str, str], Any]:
    """(file, name) -> value of every constant that is named as a limit, at the top of a module."""
    found: dict[tuple[str, str], Any] = {}
    for path in sorted((ROOT / "fedi_community").rglob("*.py")):
        where = path.relative_to(ROOT / "fedi_community").as_posix()
        if where.startswith(("demo/", "storage/migrations/")):
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and LIMIT.fullmatch(target.id):
                    found[where, target.id] = value_of(where, target.id)
    return found


def value_of(where: str, name: str) -> Any:
    """The value of a module's constant; a KeyError when it is gone."""
    module = "fedi_community." + where.removesuffix(".py").replace("/", ".")
    return vars(importlib.import_module(module.removesuffix(".__init__")))[name]


def number(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return ", ".join(number(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_every_limit_is_documented_with_its_value() -> None:
    written = {(code(row[0]), code(row[1])): (row[2], row[3]) for row in rows(LIMITS)}
    assert set(limits()) - set(written) == set(), f"{LIMITS} lacks limits"
    text = read(LIMITS)
    for (where, name), (value, meaning) in written.items():
        try:
            now = number(value_of(where, name))
        except (KeyError, ImportError):
            pytest.fail(f"{LIMITS} has {where} {name}, which is gone")
        assert len(meaning) >= MEANING, f"{LIMITS}: {name} has no meaning"
        if WRITE:
            text = text.replace(f"| `{where}` | `{name}` | {value} |", f"| `{where}` | `{name}` | {now} |")
        else:
            assert value == now, f"{LIMITS}: {where} {name} is {now}. {AGAIN}"
    if WRITE:
        (ROOT / LIMITS).write_text(text, "utf-8")


# --- federation -----------------------------------------------------------------------------------------------------------


def test_every_proposal_that_the_code_names_is_listed_and_every_listed_one_has_its_place() -> None:
    listed = {}
    for row in rows("FEDERATION.md"):
        match = re.match(r"FEP-([0-9a-f]{4}):", row[0])
        if match:
            listed[match[1]] = code(row[2])
    named = {
        fep
        for path in (ROOT / "fedi_community").rglob("*.py")
        for fep in re.findall(r"FEP-([0-9a-f]{4})\b", path.read_text("utf-8"))
    }
    assert named - set(listed) == set(), "FEDERATION.md lacks proposals that the code names"
    for fep, where in listed.items():
        assert (ROOT / where).is_file(), f"FEDERATION.md: {where} is gone"
        if where.endswith(".py"):
            assert fep in (ROOT / where).read_text("utf-8"), (
                f"FEDERATION.md: {where} says nothing of FEP-{fep}"
            )


# --- pages ----------------------------------------------------------------------------------------------------------------

PAGES = [
    path.relative_to(ROOT).as_posix() for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_project_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(page)):
        if "://" not in target and not target.startswith("mailto:"):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target} does not exist"
