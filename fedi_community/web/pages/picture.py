"""The picture of those who have none: a quiet figure, drawn here so that no file has to be shipped."""

from __future__ import annotations

import functools
import struct
import zlib
from typing import Final

SIZE: Final = 192
_GROUND: Final = bytes((0xD7, 0xE0, 0xE4))
_FIGURE: Final = bytes((0x8F, 0xA5, 0xAE))


def _inside(x: int, y: int) -> bool:
    """A head (a circle) above shoulders (an ellipse)."""
    head = (x - 96) ** 2 + (y - 76) ** 2 <= 34**2
    return head or ((x - 96) / 62) ** 2 + ((y - 186) / 66) ** 2 <= 1


@functools.cache
def missing_png() -> bytes:
    """A PNG of 192 × 192 with a palette of two colours (ISO/IEC 15948)."""
    rows = b"".join(b"\0" + bytes(_inside(x, y) for x in range(SIZE)) for y in range(SIZE))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            chunk(b"IHDR", header),
            chunk(b"PLTE", _GROUND + _FIGURE),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        )
    )
