"""From bytes that a member sent to files that may be shown: taken in, processed by a job, kept, given out, forgotten.

A row and its job are written in one transaction before the answer, so that what was accepted is processed although the server
dies meanwhile: the job runs again, with the same names, and replaces what was half done. What may be done is decided in
`domain.uploads`; who may have a file is asked of the rule at each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from fedi_community.config import Settings
from fedi_community.domain import uploads as rules
from fedi_community.domain.effects import ChangeUpload, Decision, FinishUpload, KeepPicture
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.domain.views import AttachmentView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.keyring import master_key
from fedi_community.media.addresses import Addresses
from fedi_community.media.kinds import HEAD, REASONS, Kind, Purpose, Rejected, Sniffed, sniff, too_large
from fedi_community.media.processing import Made, Processor
from fedi_community.media.store import EXTENSIONS, NAME, STEM_LENGTH, TYPES, Store, new_stem, open_store
from fedi_community.perform import Change, House, perform, perform_or_raise
from fedi_community.storage import media as rows

INLINE_DELAY_MS: Final = 180_000
"""Where a request processes the file itself, its job is due so much later, should the server die meanwhile."""
STRAY_SECONDS: Final = 2 * 86_400
_COPY: Final = 256 * 1024
Run = Callable[[dict[str, Any]], Awaitable[None]]
Vouch = Callable[[Viewer, int], Awaitable[Viewer]]
"""(a host, a post) -> the host, as the server of the post's group vouches for it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody may have. public: everybody may, at this address."""

    name: str
    media_type: str
    size: int
    public: bool


class Uploads:
    """The files of one server."""

    def __init__(
        self, house: House, settings: Settings, processor: Processor | None = None, vouch: Vouch | None = None
    ) -> None:
        """vouch: what asks the server of a closed group whether a host has members in it."""
        self._house = house
        self._listed_only = settings.federation == "listed"
        folder = settings.data_dir / "media"
        self._incoming = folder / "incoming"
        self._store: Store = open_store(settings.media_url, folder)
        self._processor = processor or Processor()
        secret = master_key(settings.keys_dir).secret
        self._addresses = Addresses(secret, settings.media_origin or settings.base_url, house.clock)
        self._done: dict[int, asyncio.Event] = {}
        house.db.address = self._addresses.sealed
        self._vouch = vouch
        _sweep(self._incoming)

    def jobs(self) -> dict[str, Run]:
        """Kind of job -> what runs it."""
        return {
            rules.PROCESS_JOB: self._process,
            rules.EXPIRE_JOB: self._expire,
            rules.REMOVE_JOB: self._remove,
        }

    def close(self) -> None:
        self._processor.close()

    # --- taking in ------------------------------------------------------------------------------------------------------

    async def upload(
        self,
        owner_id: int,
        data: IO[bytes],
        *,
        name: str = "",
        focus: tuple[float, float] | None = None,
        cover: IO[bytes] | None = None,
        wait_ms: int | None = None,
    ) -> int:
        """Take a file in; its id. Raises `Problem` 422 in words for people.

        data: a file, read from where it stands. name: the description. cover: a picture for a sound or film. wait_ms: how long to
        wait for the job to be done; None: process it here, and raise when it fails.
        """  # fmt: skip
        stem = new_stem()
        source = self._incoming / stem
        sniffed = await self._take(data, source)
        preview = await self._cover(cover, stem) if cover is not None and sniffed.kind != "image" else None
        delay = INLINE_DELAY_MS if wait_ms is None else 0
        asked = rules.NewUpload(owner_id, sniffed.kind, sniffed.format, stem, name, focus, delay)
        try:
            needs = Needs(actor_ids=frozenset({owner_id}))
            made = await perform_or_raise(
                self._house, Change(needs, lambda f: rules.decide_upload(asked, f), 1)
            )
        except Problem:
            source.unlink(missing_ok=True)
            raise
        upload_id = made.result or 0
        if preview is not None:
            await self._set_cover(owner_id, upload_id, stem, preview)
        if wait_ms is None:
            await self._process({"id": upload_id, "format": sniffed.format})
        elif wait_ms:
            await self._wait(upload_id, wait_ms)
        return upload_id

    async def _take(self, data: IO[bytes], target: Path) -> Sniffed:
        """Copy it to where it is processed, if it is of a kind and size that we take."""
        try:
            return await asyncio.to_thread(_copy, data, target)
        except Rejected as rejected:
            raise refused(rejected.reason) from None

    async def _wait(self, upload_id: int, ms: int) -> None:
        """Until it is processed in this process, or the time is over."""
        event = self._done.setdefault(upload_id, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000):
                await event.wait()
        self._done.pop(upload_id, None)

    # --- processing -----------------------------------------------------------------------------------------------------

    async def _process(self, payload: dict[str, Any]) -> None:
        """The job, and the request that does not wait for it. Done twice it does nothing, or the same again."""
        upload_id = int(payload["id"])
        known = (await self._house.db.read(lambda tx: rows.known_uploads(tx, [upload_id]))).get(upload_id)
        if known is None or known.state != "processing":
            self._finished(upload_id)
            return
        source = self._incoming / known.file
        try:
            if not source.exists():
                raise Rejected("media_broken")
            kind: Kind = known.kind  # type: ignore[assignment]
            finish = await self._made(upload_id, known.file, Sniffed(kind, str(payload["format"])), source)
        except Rejected as rejected:
            reason = rejected.reason
            await perform(
                self._house,
                Change(rules.upload_needs(upload_id), lambda f: rules.decide_failed(upload_id, reason, f), 0),
            )
        else:
            done = await perform(
                self._house,
                Change(rules.upload_needs(upload_id), lambda f: rules.decide_finished(finish, f), 0),
            )
            if isinstance(done, Decision) and done.verdict == "gone":  # dropped while it was processed
                for path in (finish.url, finish.preview_url):
                    if path:
                        await self._store.remove(path.rsplit("/", 1)[1])
        source.unlink(missing_ok=True)
        self._finished(upload_id)

    def _finished(self, upload_id: int) -> None:
        event = self._done.get(upload_id)
        if event is not None:
            event.set()

    async def _made(self, upload_id: int, stem: str, sniffed: Sniffed, source: Path) -> FinishUpload:
        target, preview = self._beside(stem)
        made = await self._processor.run(source, sniffed, target, preview)
        name = f"{stem}.{EXTENSIONS[made.media_type]}"
        await self._store.take_in(name, target)
        small = f"{stem}-s.webp" if made.small else None
        if small is not None:
            await self._store.take_in(small, preview)
        return FinishUpload(
            upload_id, made.kind, f"/media/{name}", f"/media/{small}" if small else None, made.media_type, made.width,
            made.height, made.blurhash, made.meta,
        )  # fmt: skip

    def _beside(self, stem: str) -> tuple[Path, Path]:
        """Where a worker writes: never where another one does."""
        own = f"{stem}.{new_stem()[:8]}"
        return self._incoming / f"{own}.out", self._incoming / f"{own}.small"

    async def _picture(self, data: IO[bytes], stem: str, purpose: Purpose) -> tuple[Made, Path, Path]:
        """A picture processed at once, for a cover, avatar or header. Raises `Problem` 422."""
        source = self._incoming / f"{stem}.{purpose}"
        target, preview = self._beside(stem)
        sniffed = await self._take(data, source)
        try:
            if sniffed.kind != "image":
                raise Rejected("media_kind")
            return await self._processor.run(source, sniffed, target, preview, purpose), target, preview
        except Rejected as rejected:
            raise refused(rejected.reason) from None
        finally:
            source.unlink(missing_ok=True)

    async def _cover(self, data: IO[bytes], stem: str) -> Made:
        made, _, preview = await self._picture(data, stem, "preview")
        await self._store.take_in(f"{stem}-c.webp", preview)
        return made

    # --- changing -------------------------------------------------------------------------------------------------------

    async def change(
        self,
        owner_id: int,
        upload_id: int,
        *,
        name: str | None = None,
        focus: tuple[float, float] | None = None,
        cover: IO[bytes] | None = None,
    ) -> None:
        """Description, focus or cover of an upload that is attached to nothing yet. Raises `Problem`."""  # fmt: skip
        if name is not None or focus is not None:
            await self._changed(owner_id, ChangeUpload(upload_id, name, focus))
        if cover is not None:
            known = (await self._house.db.read(lambda tx: rows.known_uploads(tx, [upload_id]))).get(upload_id)
            if known is None or known.owner_id != owner_id:
                raise not_found()
            if known.object_id is not None:
                raise Problem.of(rules.IN_USE)
            if known.kind != "image":
                await self._set_cover(owner_id, upload_id, known.file, await self._cover(cover, known.file))

    async def _set_cover(self, owner_id: int, upload_id: int, stem: str, made: Made) -> None:
        change = ChangeUpload(
            upload_id, preview_url=f"/media/{stem}-c.webp", blurhash=made.blurhash, meta=made.meta
        )
        await self._changed(owner_id, change)

    async def _changed(self, owner_id: int, change: ChangeUpload) -> None:
        needs = rules.upload_needs(change.id)
        await perform_or_raise(
            self._house, Change(needs, lambda f: rules.decide_change(owner_id, change, f), 0)
        )

    async def drop(self, owner_id: int, upload_id: int) -> None:
        """Forget an upload that is attached to nothing. Raises `Problem`."""
        needs = rules.upload_needs(upload_id)
        await perform_or_raise(
            self._house, Change(needs, lambda f: rules.decide_drop(owner_id, upload_id, f), 0)
        )

    async def shown(self, owner: Viewer, upload_id: int) -> AttachmentView | None:
        """An upload as its owner is shown it."""
        return await self._house.db.read(lambda tx: rows.own_upload(tx, upload_id, owner))

    # --- pictures of actors ---------------------------------------------------------------------------------------------

    async def picture(
        self, actor_id: int, which: Any, data: IO[bytes], *, name: str = ""
    ) -> Callable[[Facts, int], KeepPicture]:
        """Process and keep an avatar or header (`which`), cut to 400×400 or 1500×500. Raises `Problem` 422.

        The answer makes the effect for a decision: `KeepPicture` with one new id. Until it is applied nobody is shown the picture.
        """
        stem = new_stem()
        made, target, _ = await self._picture(data, stem, which)
        file = f"{stem}.{EXTENSIONS[made.media_type]}"
        await self._store.take_in(file, target)

        def effect(facts: Facts, new_id: int) -> KeepPicture:
            return KeepPicture(
                new_id,
                actor_id,
                which,
                facts.now,
                stem,
                f"/media/{file}",
                made.media_type,
                made.width,
                made.height,
                name,
            )

        return effect

    async def set_picture(self, actor_id: int, which: Any, data: IO[bytes] | None) -> None:
        """A new avatar or header at once, or (None) none any more. Tells no peer: whoever changes a profile does."""
        effect = await self.picture(actor_id, which, data) if data is not None else None

        def decide(facts: Facts) -> Decision | Refusal:
            empty = KeepPicture(facts.new_ids[0], actor_id, which, facts.now)
            return rules.decide_picture(effect(facts, facts.new_ids[0]) if effect else empty, facts)

        await perform_or_raise(self._house, Change(Needs(actor_ids=frozenset({actor_id})), decide, 1))

    # --- forgetting -----------------------------------------------------------------------------------------------------

    async def _expire(self, payload: dict[str, Any]) -> None:
        upload_id = int(payload["id"])
        needs = rules.upload_needs(upload_id)
        await perform(self._house, Change(needs, lambda f: rules.decide_expired(upload_id, f), 0))

    async def _remove(self, payload: dict[str, Any]) -> None:
        stem = str(payload["file"])
        for name in {*payload["names"], f"{stem}-s.webp", f"{stem}-c.webp"}:
            await self._store.remove(name)
        (self._incoming / stem).unlink(missing_ok=True)

    # --- giving out -----------------------------------------------------------------------------------------------------

    async def file(self, name: str, key: str | None) -> File | None:
        """The file at `/media/NAME` (a stranger asks) or `/media/KEY/NAME`; None for what is missing and for what is not for
        the one whom the address was made for."""
        if not NAME.fullmatch(name):
            return None
        stem = name[:STEM_LENGTH]
        holder = None if key is None else self._addresses.holder(key, name)
        if key is not None and holder is None:
            return None

        async def unit(tx: Any) -> tuple[Viewer | None, rows.Served | None]:
            viewer: Viewer | None = STRANGER
            if holder is not None:
                viewer = await rows.holder(tx, holder.actor_id, holder.host, self._listed_only)
            return viewer, None if viewer is None else await rows.served(tx, stem, f"/media/{name}", viewer)

        viewer, found = await self._house.db.read(unit)
        if found is None and viewer is not None and viewer.instance:
            found = await self._vouched(stem, name, viewer)
        if found is None:
            return None
        size = await self._store.size(name)
        media_type = TYPES.get(name.rsplit(".", 1)[1], "application/octet-stream")
        return None if size is None else File(name, media_type, size, found.public and key is None)

    async def _vouched(self, stem: str, name: str, host: Viewer) -> rows.Served | None:
        """A file of a post in a closed group elsewhere: whether a host has members there, the group's server is asked."""
        post = await self._house.db.read(lambda tx: rows.post_of(tx, stem))
        if post is None or self._vouch is None:
            return None
        viewer = await self._vouch(host, post)
        return await self._house.db.read(lambda tx: rows.served(tx, stem, f"/media/{name}", viewer))

    def read(self, file: File, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from start up to (without) end."""
        return self._store.read(file.name, start, end)


def refused(reason: str) -> Problem:
    """Why a file was not taken, in words."""
    return Problem(422, reason, REASONS.get(reason, REASONS["media_broken"]))


def _copy(data: IO[bytes], target: Path) -> Sniffed:
    """On a thread: what kind it is, then all of it, unless it is too much."""
    head = data.read(HEAD)
    sniffed = sniff(head)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            size = file.write(head)
            while chunk := data.read(_COPY):
                size += file.write(chunk)
                if too_large(sniffed.kind, size):
                    raise Rejected("media_too_large")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return sniffed


def _sweep(folder: Path) -> None:
    """At the start: what came in and was never written down."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - STRAY_SECONDS:
                path.unlink()
