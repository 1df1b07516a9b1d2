"""What a file is, by its first bytes, and how much of it is taken. The client's file name and media type count for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["image", "video", "audio"]
Purpose = Literal["attachment", "preview", "avatar", "header"]
"""What a picture is for: preview is a cover for a sound or film; avatar and header are cut to size."""

MAX_IMAGE_BYTES: Final = 16 * 1024 * 1024
MAX_VIDEO_BYTES: Final = 48 * 1024 * 1024
"""Also of a sound."""
MAX_IMAGE_PIXELS: Final = 7680 * 4320
"""Width times height, read from the header before anything is decoded."""
MAX_KEPT_PIXELS: Final = 3840 * 2160
"""Larger pictures are made smaller."""
MAX_SIDE: Final = 16_384
MAX_FRAMES: Final = 600
MAX_FRAME_PIXELS: Final = 150_000_000
"""Of all frames of an animation together."""
MAX_VIDEO_PIXELS: Final = 3840 * 2160
MAX_VIDEO_RATE: Final = 120
MAX_VIDEO_SECONDS: Final = 3600
HEAD: Final = 64
"""Bytes that `sniff` needs."""

REASONS: Final[dict[str, str]] = {
    "media_kind": "This kind of file cannot be posted. Pictures (JPEG, PNG, GIF, WebP, AVIF), films (MP4, WebM, MOV) and "
    "sounds (MP3, OGG, M4A, FLAC, WAV) can.",
    "media_heic": "HEIC pictures cannot be read here. Please share the picture as JPEG; phones can do so in their settings.",
    "media_too_large": f"The file is too large. A picture may have {MAX_IMAGE_BYTES // 2**20} MB, a film or sound "
    f"{MAX_VIDEO_BYTES // 2**20} MB.",
    "media_too_many_pixels": f"The picture has too many pixels. At most {MAX_IMAGE_PIXELS // 1_000_000} million can be taken.",
    "media_too_long": "The animation or film is too long.",
    "media_codec": "The film or sound is in a form that cannot be taken. MP4 with H.264 and AAC works everywhere.",
    "media_broken": "The file is damaged and could not be read.",
    "media_too_slow": "The file took too long to read. Please try a smaller one.",
}
"""Why a file was not taken, in words for people."""


class Rejected(Exception):
    """A file is not taken. reason: a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is. format: our name of the container."""

    kind: Kind
    format: str


_TYPES: Final[dict[str, tuple[Kind, str]]] = {
    "jpeg": ("image", "image/jpeg"),
    "png": ("image", "image/png"),
    "gif": ("image", "image/gif"),
    "webp": ("image", "image/webp"),
    "avif": ("image", "image/avif"),
    "mp4": ("video", "video/mp4"),
    "mov": ("video", "video/quicktime"),
    "webm": ("video", "video/webm"),
    "mp3": ("audio", "audio/mpeg"),
    "ogg": ("audio", "audio/ogg"),
    "m4a": ("audio", "audio/mp4"),
    "flac": ("audio", "audio/flac"),
    "wav": ("audio", "audio/wav"),
}
ACCEPTED: Final = tuple(
    [media for _, media in _TYPES.values()]
    + ["audio/mp3", "audio/x-m4a", "audio/x-wav", "audio/wave", "audio/x-flac", "audio/vorbis"]
)
"""Media types as clients name them, for the instance's answer."""
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF: Final = frozenset({b"avif", b"avis"})


def sniff(head: bytes) -> Sniffed:
    """What begins with these bytes (`HEAD` of them). Raises `Rejected`."""
    found = _format(head)
    if found is None:
        raise Rejected("media_kind")
    return Sniffed(_TYPES[found][0], found)


def _format(head: bytes) -> str | None:
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _branded(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2)):
        return "mp3"
    return None


def _branded(head: bytes) -> str:
    """ISO base media files: the major brand, and for still pictures the compatible ones."""
    brand = head[8:12]
    size = min(int.from_bytes(head[:4], "big"), HEAD)
    brands = {brand, *(head[i : i + 4] for i in range(16, size - 3, 4))}
    if brand in _AVIF or (brand in _HEIC and brands & _AVIF):
        return "avif"
    if brand in _HEIC:
        raise Rejected("media_heic")
    if brand == b"qt  ":
        return "mov"
    return "m4a" if brand in (b"M4A ", b"M4B ") else "mp4"


def too_large(kind: Kind, size: int) -> bool:
    """Whether a file of so many bytes is refused unread."""
    return size > (MAX_IMAGE_BYTES if kind == "image" else MAX_VIDEO_BYTES)
