"""Hands files to the worker process and waits for it: one process a file, at most `MAX_WORKERS` at a time, killed when late.

An idle server has no such process. What comes back is bounded and read as data; a worker that died, hung or talked nonsense
means that the file was not taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from fedi_community.media.kinds import Purpose, Rejected, Sniffed

MAX_WORKERS: Final = 2
IMAGE_SECONDS: Final = 20
VIDEO_SECONDS: Final = 45
"""Hard: then the worker is killed. Four films on two workers take less than a job's lease."""
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_REASON: Final = 40


@dataclass(frozen=True, slots=True)
class Made:
    """What the worker made. small: (width, height) of the preview, None where there is none. duration: seconds."""

    kind: str
    media_type: str
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    small: tuple[int, int] | None = None
    duration: float | None = None
    bitrate: int | None = None
    frame_rate: str | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """What is kept beside the columns."""
        found = {
            "small": list(self.small) if self.small else None, "duration": self.duration, "bitrate": self.bitrate,
            "frame_rate": self.frame_rate,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


class Interrupted(Exception):
    """The server ends; the file is processed when it is back."""


class Processor:
    """Runs workers. seconds: (picture, film), other than the usual in tests."""

    def __init__(self, seconds: tuple[int, int] = (IMAGE_SECONDS, VIDEO_SECONDS)) -> None:
        self._seconds = seconds
        self._slots = asyncio.Semaphore(MAX_WORKERS)
        self._running: set[asyncio.subprocess.Process] = set()
        self._closing = False

    async def run(
        self, source: Path, sniffed: Sniffed, target: Path, preview: Path, purpose: Purpose = "attachment"
    ) -> Made:
        """Process one file. Raises `Rejected`; then nothing that was written is left."""
        seconds = self._seconds[0] if sniffed.kind == "image" else self._seconds[1]
        asked = {
            "source": str(source), "format": sniffed.format, "kind": sniffed.kind, "purpose": purpose,
            "target": str(target), "preview": str(preview), "seconds": seconds,
        }  # fmt: skip
        try:
            async with self._slots:
                answer = await self._ask(orjson.dumps(asked), seconds)
            return _read(answer)
        except BaseException:
            for path in (target, preview):
                path.unlink(missing_ok=True)
            raise

    async def _ask(self, asked: bytes, seconds: int) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fedi_community.media.worker", cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._running.add(process)
        try:
            async with asyncio.timeout(seconds):
                answer, _ = await process.communicate(asked)
        except TimeoutError:
            raise Rejected("media_too_slow") from None
        finally:
            await self._end(process)
        if self._closing:
            raise Interrupted
        if process.returncode != 0:
            raise Rejected("media_broken")
        return answer

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
        self._running.discard(process)

    def close(self) -> None:
        """Kill what is running; its jobs are done again at the next start."""
        self._closing = True
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _read(answer: bytes) -> Made:
    try:
        found = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise Rejected("media_broken") from None
    if "rejected" in found:
        raise Rejected(str(found["rejected"])[:_REASON])
    small = found.pop("small", None)
    return Made(
        **({"kind": "image", "media_type": "image/webp"} | found), small=tuple(small) if small else None
    )
