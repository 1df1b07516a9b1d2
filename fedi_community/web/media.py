"""/media: files that members posted, for whoever the rule lets have them. Missing and denied are the same bytes.

Files come from strangers' hands: they are sent as what we made of them, never guessed at, in a sandbox without script.
"""

from __future__ import annotations

import re
from typing import Final

import orjson
from quart import Blueprint, Response, request

from fedi_community.uploads import File, Uploads

PUBLIC_SECONDS: Final = 3600
PRIVATE_SECONDS: Final = 300
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Access-Control-Allow-Origin": "*",
}


def media(uploads: Uploads) -> Blueprint:
    """The blueprint."""
    blueprint = Blueprint("media", __name__)

    @blueprint.get("/media/<name>")
    async def public_file(name: str) -> Response:
        return _answer(uploads, await uploads.file(name, None))

    @blueprint.get("/media/<key>/<name>")
    async def restricted_file(key: str, name: str) -> Response:
        return _answer(uploads, await uploads.file(name, key))

    return blueprint


def missing() -> Response:
    """The one answer for what is not there and for what is not for the one who asks."""
    response = Response(
        orjson.dumps({"error": "Record not found"}), 404, content_type="application/json; charset=utf-8"
    )
    response.headers.update(_SAFE)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answer(uploads: Uploads, file: File | None) -> Response:
    if file is None:
        return missing()
    etag = f'"{file.name}"'
    headers = {**_SAFE, "ETag": etag, "Accept-Ranges": "bytes"}
    headers["Cache-Control"] = (
        f"public, max-age={PUBLIC_SECONDS}" if file.public else f"private, max-age={PRIVATE_SECONDS}"
    )
    if not file.media_type.startswith(("image/", "video/", "audio/")):
        headers["Content-Disposition"] = "attachment"
    if etag in request.headers.get("If-None-Match", ""):
        return Response(b"", 304, headers=headers)
    status, start, end = _span(file.size, etag)
    if status == 416:
        return Response(b"", 416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    # To HEAD the length is told and nothing read: an empty stream, since an empty text would be measured.
    body = uploads.read(file, start, start if request.method == "HEAD" else end)
    response = Response(body, status, headers=headers, content_type=file.media_type)
    response.headers["Content-Length"] = str(end - start)
    return response


def _span(size: int, etag: str) -> tuple[int, int, int]:
    """Status, first byte and the one after the last (RFC 9110 §14): one range; several, or nonsense, mean all of it."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or not any(match.groups()) or request.headers.get("If-Range", etag) != etag:
        return 200, 0, size
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (206, start, end) if start < end else (416, 0, 0)
