"""Rows of uploads: files of ours, attached to a post, waiting for one, or an actor's picture. What drops a row drops its files.

Files go by a job in the transaction that forgets their row, so that neither can outlive the other. State of a row: processing,
ready, failed; avatar and header are actors' pictures. Whether somebody may have a file is asked with `visible.visible_ids`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import Select, and_, bindparam, delete, or_, select, update

from fedi_community.domain import effects as e
from fedi_community.domain.facts import Upload
from fedi_community.domain.model import PUBLIC, STRANGER, Viewer
from fedi_community.domain.uploads import EXPIRE_JOB, REMOVE_JOB
from fedi_community.domain.views import AttachmentView
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, word
from fedi_community.storage.visible import visible_ids
from fedi_community.storage.wake import Wake

A = t.attachments.c
PICTURES: Final = {"avatar": t.actors.c.icon, "header": t.actors.c.image}


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


# --- facts ----------------------------------------------------------------------------------------------------------------

_KNOWN = Statement(
    select(A.id, A.owner_id, A.object_id, A.state, A.kind, A.file, A.meta).where(
        one_of(A.id, "ids"), A.file.is_not(None), A.state != word("avatar"), A.state != word("header")
    )
)


async def known_uploads(tx: Tx, ids: Iterable[int]) -> dict[int, Upload]:
    """Uploads by id, for decisions."""
    return {
        r["id"]: Upload(
            r["id"], r["owner_id"], r["object_id"], r["state"], r["kind"], r["file"],
            str(orjson.loads(r["meta"]).get("reason", "")),
        )
        for r in await tx.rows(_KNOWN, ids=list(ids))
    }  # fmt: skip


# --- what readers are shown ----------------------------------------------------------------------------------------------

_OPEN_GATES = Statement(
    select(t.gate_principals.c.gate_id).where(
        one_of(t.gate_principals.c.gate_id, "ids"), t.gate_principals.c.principal_id == number(PUBLIC)
    )
)


async def open_gates(tx: Tx, gate_ids: Iterable[int]) -> frozenset[int]:
    """Which of these gates let everybody in."""
    wanted = list(set(gate_ids))
    return frozenset(r[0] for r in await tx.rows(_OPEN_GATES, ids=wanted)) if wanted else frozenset()


def shown(row: Row, address: Callable[[str], str]) -> AttachmentView:
    """A row as shown. address: turns a path of ours into the address this viewer is given."""
    focus, own = row["focus"], row["file"] is not None
    url, preview = row["url"], row["preview_url"]
    if own:
        url, preview = address(url) if url else "", address(preview) if preview else None
    return AttachmentView(
        row["id"], row["kind"], url, row["media_type"], row["name"], row["width"], row["height"], row["blurhash"],
        tuple(orjson.loads(focus)) if focus and focus != "null" else None, preview, own, row["state"],
        {} if row["meta"] == "{}" else orjson.loads(row["meta"]),
    )  # fmt: skip


_OWN = Statement(
    select(t.attachments).where(
        A.id == param("key"), A.owner_id == param("owner"), A.file.is_not(None),
        A.state != word("avatar"), A.state != word("header"),
    )
)  # fmt: skip


async def own_upload(tx: Tx, upload_id: int, owner: Viewer) -> AttachmentView | None:
    """An upload as its owner is shown it, attached or not."""
    row = await tx.row(_OWN, key=upload_id, owner=owner.id)
    return None if row is None else shown(row, lambda path: tx.address(owner, path))


# --- serving --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """A file that this viewer may have. public: everybody may."""

    path: str
    public: bool


_FILE = Statement(
    select(
        A.id, A.object_id, A.owner_id, A.state, A.url, A.preview_url, t.actors.c.state.label("owner_state"), t.actors.c.barred
    )
    .join(t.actors, t.actors.c.id == A.owner_id)
    .where(A.file == bindparam("file"))
)  # fmt: skip
_MEMBER = Statement(
    select(t.actors.c.id).where(
        t.actors.c.id == param("key"), t.actors.c.host_id.is_(None),
        or_(t.actors.c.state == word("active"), t.actors.c.state == word("limited")),
    )
)  # fmt: skip
_HOST = Statement(select(t.hosts.c.state, t.hosts.c.listed).where(t.hosts.c.name == bindparam("name")))


async def holder(tx: Tx, actor_id: int, host: str, listed_only: bool) -> Viewer | None:
    """The viewer for whom an address was made, as he stands now; None when he may see nothing any more."""
    if actor_id:
        return Viewer(actor_id, local=True) if await tx.row(_MEMBER, key=actor_id) else None
    row = await tx.row(_HOST, name=host)
    if row is None or row["state"] == "suspended" or (listed_only and not row["listed"]):
        return None
    return Viewer(0, False, host, instance=True)


async def post_of(tx: Tx, file: str) -> int | None:
    """The post that a file belongs to."""
    row = await tx.row(_FILE, file=file)
    return None if row is None else row["object_id"]


async def served(tx: Tx, file: str, path: str, viewer: Viewer) -> Served | None:
    """The rule, asked about one file. file: its name without ending; path: `/media/NAME` as it was asked for."""
    row = await tx.row(_FILE, file=file)
    if row is None or path not in (row["url"], row["preview_url"]):
        return None
    if row["state"] in PICTURES:
        alive = row["owner_state"] in ("active", "limited") and not row["barred"]
        return Served(path, True) if alive else None
    if row["object_id"] is None:
        return Served(path, False) if viewer.id == row["owner_id"] and viewer.local else None
    if not await visible_ids(tx, viewer, [row["object_id"]]):
        return None
    return Served(path, viewer == STRANGER)


# --- effects --------------------------------------------------------------------------------------------------------------

_MAKE = insert_row(
    t.attachments, "id", "owner_id", "kind", "url", "file", "state", "name", "focus", "meta", "created"
)
_KEEP = insert_row(
    t.attachments,
    *["id", "owner_id", "kind", "url", "file", "state", "name", "media_type", "width", "height", "created"],
)
_FINISH = Statement(
    update(t.attachments)
    .where(A.id == param("key"))
    .values(
        state=word("ready"), kind=bindparam("kind"), url=bindparam("url"), preview_url=bindparam("preview_url"),
        media_type=bindparam("media_type"), width=bindparam("width", type_=A.width.type),
        height=bindparam("height", type_=A.height.type), blurhash=bindparam("blurhash"), meta=bindparam("meta"),
    )
)  # fmt: skip
_FAIL = Statement(
    update(t.attachments).where(A.id == param("key")).values(state=word("failed"), meta=bindparam("meta"))
)
_CHANGES = {
    name: Statement(update(t.attachments).where(A.id == param("key")).values({name: bindparam("value", type_=A[name].type)}))
    for name in ("name", "focus", "preview_url", "blurhash", "meta")
}  # fmt: skip
_META = Statement(select(A.meta, A.preview_url, A.blurhash).where(A.id == param("key")))
_ATTACH = Statement(
    update(t.attachments)
    .where(A.id == param("key"), A.file.is_not(None))
    .values(object_id=param("object_id"), position=bindparam("position", type_=A.position.type))
)
_RELEASE = Statement(update(t.attachments).where(A.id == param("key")).values(object_id=None))
_EXPIRE_LATER = Statement(
    update(t.jobs)
    .where(t.jobs.c.kind == bindparam("kind"), t.jobs.c.key == bindparam("job"))
    .values(run_at=param("until"))
)
_JOB = insert_row(t.jobs, "kind", "key", "payload", "run_at", "created", ignore=True)


def _files(*conditions: Any) -> Select[Any]:
    return select(A.id, A.file, A.url, A.preview_url).where(A.file.is_not(None), *conditions)


_FILES_OF_POST = Statement(_files(A.object_id == param("key")))
_FILES_OF_OWNER = Statement(_files(A.owner_id == param("key")))
_FILES_OF_UPLOAD = Statement(_files(A.id == param("key")))
_FILES_OF_PICTURE = Statement(_files(A.owner_id == param("key"), A.state == bindparam("which")))
_SEALED = Statement(select(t.sealed.c.file).where(one_of(t.sealed.c.file, "files", text=True)))
_DROP = Statement(delete(t.attachments).where(one_of(A.id, "ids")))
_DROP_LINKS = Statement(delete(t.attachments).where(and_(A.object_id == param("key"), A.file.is_(None))))
_PICTURE = {
    which: Statement(
        update(t.actors).where(t.actors.c.id == param("key")).values({column.name: bindparam("value"), "updated": param("at")})
    )
    for which, column in PICTURES.items()
}  # fmt: skip


async def _drop(tx: Tx, rows: Sequence[Row], at: int) -> None:
    """Rows, and by a job what they stand for. The job goes when it is done: then no trace of the names is left. Files that were
    reported stay with the report until its copy goes."""
    kept: set[str] = set()
    if rows:
        kept = {row[0] for row in await tx.rows(_SEALED, files=[row["file"] for row in rows])}
    for row in rows:
        if row["file"] in kept:
            continue
        names = [path.rsplit("/", 1)[1] for path in (row["url"], row["preview_url"]) if path]
        payload = {"file": row["file"], "names": names}
        await tx.run(_JOB, kind=REMOVE_JOB, key=row["file"], payload=_dump(payload), run_at=at, created=at)
    if rows:
        await tx.run(_DROP, ids=[row["id"] for row in rows])


async def detach(tx: Tx, post_id: int, keep: frozenset[int], at: int) -> None:
    """Take away what is attached to a post, but for the uploads that stay."""
    rows = await tx.rows(_FILES_OF_POST, key=post_id)
    await _drop(tx, [row for row in rows if row["id"] not in keep], at)
    await tx.run(_DROP_LINKS, key=post_id)


async def release(tx: Tx, post_id: int, until: int, at: int) -> None:
    """A post's files are attached to nothing any more, and go at `until` unless they are attached again."""
    for row in await tx.rows(_FILES_OF_POST, key=post_id):
        key = str(row["id"])
        await tx.run(_RELEASE, key=row["id"])
        await tx.run(_EXPIRE_LATER, kind=EXPIRE_JOB, job=key, until=until)
        await tx.run(
            _JOB, kind=EXPIRE_JOB, key=key, payload=_dump({"id": row["id"]}), run_at=until, created=at
        )


async def attach(tx: Tx, post_id: int, uploads: Iterable[tuple[int, int]]) -> None:
    """(upload id, position) each."""
    for upload_id, position in uploads:
        await tx.run(_ATTACH, key=upload_id, object_id=post_id, position=position)


async def drop_owned(tx: Tx, actor_id: int, at: int) -> None:
    """All files of an actor that is deleted."""
    await _drop(tx, await tx.rows(_FILES_OF_OWNER, key=actor_id), at)
    for statement in _PICTURE.values():
        await tx.run(statement, key=actor_id, value=None, at=at)


async def _make(tx: Tx, x: e.MakeUpload, wake: Wake) -> None:
    await tx.run(
        _MAKE, id=x.id, owner_id=x.owner_id, kind=x.kind, url="", file=x.file, state="processing", name=x.name,
        focus=_dump(x.focus) if x.focus else None, meta="{}", created=x.at,
    )  # fmt: skip


async def _finish(tx: Tx, x: e.FinishUpload, wake: Wake) -> None:
    """A cover that its owner chose meanwhile stays."""
    row = await tx.row(_META, key=x.id)
    if row is not None and row["preview_url"]:
        meta = x.meta | {k: v for k, v in orjson.loads(row["meta"]).items() if k == "small"}
        x = replace(x, preview_url=row["preview_url"], blurhash=row["blurhash"], meta=meta)
    await tx.run(
        _FINISH, key=x.id, kind=x.kind, url=x.url, preview_url=x.preview_url, media_type=x.media_type, width=x.width,
        height=x.height, blurhash=x.blurhash, meta=_dump(x.meta),
    )  # fmt: skip


async def _fail(tx: Tx, x: e.FailUpload, wake: Wake) -> None:
    await tx.run(_FAIL, key=x.id, meta=_dump({"reason": x.reason}))


async def _change(tx: Tx, x: e.ChangeUpload, wake: Wake) -> None:
    values = {"name": x.name, "preview_url": x.preview_url, "blurhash": x.blurhash}
    if x.focus is not None:
        values["focus"] = _dump(x.focus)
    if x.meta is not None:
        row = await tx.row(_META, key=x.id)
        values["meta"] = _dump((orjson.loads(row["meta"]) if row is not None else {}) | x.meta)
    for name, value in values.items():
        if value is not None:
            await tx.run(_CHANGES[name], key=x.id, value=value)


async def _drop_one(tx: Tx, x: e.DropUpload, wake: Wake) -> None:
    await _drop(tx, await tx.rows(_FILES_OF_UPLOAD, key=x.id), x.at)
    wake.jobs = True


async def _keep_picture(tx: Tx, x: e.KeepPicture, wake: Wake) -> None:
    await _drop(tx, await tx.rows(_FILES_OF_PICTURE, key=x.actor_id, which=x.which), x.at)
    shown_as = None
    if x.url is not None:
        await tx.run(
            _KEEP, id=x.id, owner_id=x.actor_id, kind="image", url=x.url, file=x.file, state=x.which, name=x.name,
            media_type=x.media_type, width=x.width, height=x.height, created=x.at,
        )  # fmt: skip
        shown_as = _dump({"url": tx.address(STRANGER, x.url), "mediaType": x.media_type, "name": x.name})
    await tx.run(_PICTURE[x.which], key=x.actor_id, value=shown_as, at=x.at)
    wake.jobs = True


APPLY: Final[dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]]] = {
    e.MakeUpload: _make,
    e.FinishUpload: _finish,
    e.FailUpload: _fail,
    e.ChangeUpload: _change,
    e.DropUpload: _drop_one,
    e.KeepPicture: _keep_picture,
}
