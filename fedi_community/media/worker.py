"""The process that reads one file of a stranger: `python -m fedi_community.media.worker`, a request on its input, an answer out.

It is started for one file, with no settings and no secrets in its environment, with bounds on memory, time and the size of what it
writes, and dies with its parent. Whatever a file does to a decoder, the server lives on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from fedi_community.media.kinds import Rejected

MAX_MEMORY: Final = 1536 * 1024 * 1024
MAX_WRITTEN: Final = 256 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1


def bounded(seconds: int) -> None:
    """Bounds that the kernel holds, beside the parent's own clock."""
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(10)
    for what, bound in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (bound, bound))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def work(asked: dict[str, Any]) -> dict[str, Any]:
    """asked: {source, format, kind, purpose, target, preview}. The answer says what was made, or `rejected` with a reason."""
    source, target, preview = (Path(asked[name]) for name in ("source", "target", "preview"))
    try:
        if asked["kind"] == "image":
            from fedi_community.media import pictures

            return pictures.process(source, asked["format"], asked["purpose"], target, preview)
        from fedi_community.media import films

        return films.process(source, asked["format"], target, preview)
    except Rejected as rejected:
        return {"rejected": rejected.reason}
    except (MemoryError, RuntimeError, ArithmeticError, AttributeError):
        return {"rejected": "media_broken"}


def main() -> None:
    asked = orjson.loads(sys.stdin.buffer.read())
    bounded(int(asked["seconds"]))
    sys.stdout.buffer.write(orjson.dumps(work(asked)))


if __name__ == "__main__":
    main()
