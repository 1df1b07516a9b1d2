"""`explain`, `export`, `backup`, `restore`: for those who run a server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import click
import orjson

from fedi_community.activitypub.handlers import handler_of
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import parse_activity
from fedi_community.cli.common import asynchronous, open_house, settings_or_exit
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Viewer
from fedi_community.domain.views import PostView
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House
from fedi_community.perform import explain as explain_change
from fedi_community.storage import personas, sessions, timelines, views


@click.command()
@click.argument("activity", type=click.File("rb"))
@asynchronous
async def explain(activity: BinaryIO) -> None:
    """Say what an activity (a JSON file, or - for standard input) would do here, and undo it.

    It is taken as said by its `actor`; nothing is fetched and nothing is kept.

    \b
    Example:  fedi-community explain activity.json
    """
    body = activity.read()
    parsed = parse_activity(loads(body))
    if isinstance(parsed, Refusal):
        raise click.ClickException(f"Refused at the door: {parsed.reason}. {parsed.safe}")
    async with open_house(settings_or_exit()) as house:
        told = Told(parsed, parsed.actor, house.clock(), body)
        handler = handler_of(told)

        def decide(facts: Facts) -> Decision | Refusal:
            return handler.decide(told, facts)

        decided = await explain_change(house, Change(handler.needs(told), decide, handler.ids))
    if isinstance(decided, Refusal):
        click.echo(f"Refused: {decided.reason}")
        return
    click.echo(f"Verdict: {decided.verdict}")
    for effect in decided.effects:
        click.echo(f"  {type(effect).__name__}")


@click.command()
@click.argument("name")
@click.option("--out", type=click.File("wb"), default="-", help="Where to write; standard output by default.")
@asynchronous
async def export(name: str, out: BinaryIO) -> None:
    """Write a member's own posts, profile and other names as JSON lines. What was written under those is exported by their names.

    \b
    Example:  fedi-community export nadia --out nadia.jsonl
    """
    async with open_house(settings_or_exit()) as house:
        actor = await house.db.read(lambda tx: views.actor_by_handle(tx, name))
        if actor is None:
            raise click.ClickException(f"There is no member {name} here.")
        out.write(
            orjson.dumps({"type": actor.type, "id": actor.uri, "name": actor.name, "summary": actor.summary})
            + b"\n"
        )
        for other in await _other_names(house, actor.id):
            out.write(orjson.dumps(other) + b"\n")
        before: int | None = None
        while ids := await _own_ids(house, actor.id, before):
            for post in await _own_posts(house, actor.id, ids):
                row = {"type": post.kind, "id": post.uri, "published": post.published, "visibility": post.visibility,
                       "texts": [{"language": t.language, "name": t.name, "content": t.content, "source": t.source}
                                 for t in post.texts]}  # fmt: skip
                out.write(orjson.dumps(row) + b"\n")
            before = ids[-1]


async def _other_names(house: House, actor_id: int) -> list[dict[str, Any]]:
    """What else the member writes under, where it is the account itself that is written out: its names are its data. A name's
    own file says nothing of the others, so that it may be handed to somebody."""
    login = await house.db.read(lambda tx: sessions.login_of(tx, actor_id))
    if login is None:
        return []
    found = await house.db.read(lambda tx: personas.names(tx, login))
    return [
        {
            "type": "OtherName",
            "handle": n.handle,
            "name": n.name,
            "state": n.state,
            "group": n.group[1] if n.group else None,
        }
        for n in found
        if n.role == "persona"
    ]


async def _own_ids(house: House, owner: int, before: int | None) -> list[int]:
    return await house.db.read(lambda tx: timelines.own_posts(tx, owner, before))


async def _own_posts(house: House, owner: int, ids: list[int]) -> list[PostView]:
    return await house.db.read(lambda tx: views.load_posts(tx, Viewer(owner, local=True), ids))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and the media to one archive, while the server runs. Keys are not in it: keep them apart.

    \b
    Example:  fedi-community backup community.tar
    """
    settings = settings_or_exit()
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / ("community.db" if settings.database.startswith("sqlite") else "community.dump")
        _dump(settings, dump)
        with tarfile.open(file, "w") as archive:
            archive.add(dump, dump.name)
            media = settings.data_dir / "media"
            if media.is_dir():
                archive.add(media, "media")
    click.echo(
        f"Wrote {file} ({file.stat().st_size // 1024} KiB). Back up {settings.keys_dir} too, in another place."
    )


def _dump(settings: Settings, target: Path) -> None:
    if settings.database.startswith("sqlite"):
        path = Path(settings.database.removeprefix("sqlite:///"))
        if not path.exists():
            raise click.ClickException(f"There is no database at {path}.")
        source = sqlite3.connect(path)
        with source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()
        return
    _run(settings, ["pg_dump", "--format=custom", f"--file={target}"])


def _run(settings: Settings, arguments: list[str]) -> None:
    """Run a PostgreSQL program on our database. The password goes through the environment: arguments are for all to see."""
    program = shutil.which(arguments[0])
    if program is None:
        raise click.ClickException(f"{arguments[0]} is not installed; it comes with the PostgreSQL client.")
    parts = urlsplit(settings.database)
    password = parts.password
    address = parts._replace(netloc=parts.netloc.replace(f":{password}@", "@", 1)) if password else parts
    environment = {**os.environ, "PGPASSWORD": unquote(password)} if password else dict(os.environ)
    done = subprocess.run(  # noqa: S603
        [program, *arguments[1:], f"--dbname={address.geturl()}"],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if done.returncode:
        raise click.ClickException(done.stderr.strip()[-500:])


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask before overwriting.")
def restore(file: Path, yes: bool) -> None:
    """Put back what `backup` wrote. Stop the server first; what is there now is replaced.

    \b
    Example:  fedi-community restore community.tar
    """
    settings = settings_or_exit()
    if not yes:
        click.confirm(f"Replace the database {settings.database} and the media?", abort=True)
    from fedi_community.cli.serving import only_process

    with only_process(settings), tempfile.TemporaryDirectory() as folder:
        _unpack(file, Path(folder))
        _load(settings, Path(folder))
        media = Path(folder) / "media"
        if media.is_dir():
            shutil.copytree(media, settings.data_dir / "media", dirs_exist_ok=True)
    click.echo(
        "Restored. The keys folder must be the one that belongs to this backup; `fedi-community doctor` checks it."
    )


def _unpack(file: Path, folder: Path) -> None:
    """Files and folders below `folder`, and nothing else that an archive may hold. (The filters of tarfile need Python 3.11.4.)"""
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                target = (folder / member.name).resolve()
                if not target.is_relative_to(folder.resolve()) or not (member.isfile() or member.isdir()):
                    raise click.ClickException(
                        f"{member.name!r} is in no backup of this server. Nothing was changed."
                    )
                (target if member.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
                packed = archive.extractfile(member)
                if packed is not None:
                    with target.open("wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise click.ClickException(
            f"This file cannot be read as a backup: {error}. Nothing was changed."
        ) from error


def _load(settings: Settings, folder: Path) -> None:
    if settings.database.startswith("sqlite"):
        source = folder / "community.db"
        if not source.is_file():
            raise click.ClickException("This archive holds no SQLite database.")
        target = Path(settings.database.removeprefix("sqlite:///"))
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        fresh = target.with_name(f"{target.name}.restoring")
        shutil.copyfile(source, fresh)
        fresh.replace(target)  # whole or not at all
        return
    if not (folder / "community.dump").is_file():
        raise click.ClickException("This archive holds no PostgreSQL dump.")
    _run(settings, ["pg_restore", "--clean", "--if-exists", "--no-owner", str(folder / "community.dump")])
