"""Reading a body of bounded size: raw bytes in, decoded bytes out, never more than the limit in memory.

The content codings are those we ask for (gzip, deflate). Decompression stops at the limit itself, so that
a small answer cannot become a large one, and at a ratio that no honest text reaches.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from typing import Protocol

from fedi_community.network.errors import FetchError, Reason

ACCEPT_ENCODING = "gzip, deflate"
MAX_RATIO = 100
"""Decoded bytes for one received byte; asked from RATIO_FREE_BYTES on."""
RATIO_FREE_BYTES = 65_536


class _Inflater(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


async def read_body(
    stream: AsyncIterable[bytes], *, coding: str, length: str | None, max_bytes: int
) -> bytes:
    """The whole decoded body.

    coding: value of Content-Encoding ("" if absent). length: value of Content-Length, refused early when
    too large. Raises FetchError(too_large | bad_encoding).
    """
    if length is not None and (not length.isascii() or not length.isdigit() or int(length[:20]) > max_bytes):
        raise FetchError(Reason.TOO_LARGE, "content length")
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return await _read_plain(stream, max_bytes)
    if coding in ("gzip", "x-gzip"):
        return await _inflate(stream, zlib.decompressobj(16 + zlib.MAX_WBITS), max_bytes)
    if coding == "deflate":
        return await _inflate(stream, zlib.decompressobj(), max_bytes)
    raise FetchError(Reason.BAD_ENCODING, "unknown content coding")


async def _read_plain(stream: AsyncIterable[bytes], max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > max_bytes:
            raise FetchError(Reason.TOO_LARGE, "body")
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _inflate(stream: AsyncIterable[bytes], inflater: _Inflater, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    received = size = 0
    async for chunk in stream:
        received += len(chunk)
        if received > max_bytes:
            raise FetchError(Reason.TOO_LARGE, "compressed body")
        pending = chunk
        while pending and not inflater.eof:
            try:
                part = inflater.decompress(pending, RATIO_FREE_BYTES)
            except zlib.error:
                raise FetchError(Reason.BAD_ENCODING, "damaged compressed body") from None
            size += len(part)
            if size > max_bytes or size > max(RATIO_FREE_BYTES, received * MAX_RATIO):
                raise FetchError(Reason.TOO_LARGE, "decompressed body")
            parts.append(part)
            pending = inflater.unconsumed_tail
    if received and not inflater.eof:
        raise FetchError(Reason.BAD_ENCODING, "compressed body ends early")
    return b"".join(parts)
