"""Where the files are: a folder, for the server's user alone. Small enough that another place can stand behind it.

Names are random and say nothing. What comes in is written beside and renamed, so that half a file is never served.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

NAME: Final = re.compile(r"[a-z2-7]{26}(-[sc])?\.[a-z0-9]{2,5}")
STEM_LENGTH: Final = 26
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
CHUNK: Final = 256 * 1024
EXTENSIONS: Final = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "video/mp4": "mp4",
    "video/webm": "webm", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/webm": "weba",
    "audio/flac": "flac", "audio/wav": "wav",
}  # fmt: skip
TYPES: Final = {extension: media_type for media_type, extension in EXTENSIONS.items()}


def new_stem() -> str:
    """130 random bits: the name of a file without its ending."""
    return "".join(secrets.choice(_LETTERS) for _ in range(STEM_LENGTH))


class Store(Protocol):
    """What holds files. A name fits `NAME`."""

    async def take_in(self, name: str, path: Path) -> None:
        """Keep a file that was made elsewhere on this machine, under a name; it replaces one of that name."""

    async def size(self, name: str) -> int | None:
        """Bytes, None where there is none."""

    def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from start up to (without) end."""

    async def remove(self, name: str) -> None:
        """Forget it; one that is gone already is no error."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a folder, spread over 1,024 others."""

    root: Path

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(name)
        return self.root / name[:2] / name

    async def take_in(self, name: str, path: Path) -> None:
        await asyncio.to_thread(_move, path, self._path(name))

    async def size(self, name: str) -> int | None:
        try:
            return (await asyncio.to_thread(self._path(name).stat)).st_size
        except OSError:
            return None

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._path(name).open, "rb")
        try:
            await asyncio.to_thread(file.seek, start)
            left = end - start
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, True)


def _move(source: Path, target: Path) -> None:
    """Durably: the bytes first, then the name."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.chmod(0o600)
    source.replace(target)


def open_store(media_url: str, folder: Path) -> Store:
    """The store that settings name. Only the folder is there; `config` refuses anything else."""
    if media_url:
        raise ValueError("no such store")
    return Folder(folder)
