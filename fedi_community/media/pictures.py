"""A picture made safe: upright, in sRGB, without a word about where, when or with what it was taken. Runs in the worker only.

Everything is re-encoded from pixels, so that nothing of the file that was sent is in the one that is kept.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

import blurhash
from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

from fedi_community.media.kinds import (
    MAX_FRAME_PIXELS,
    MAX_FRAMES,
    MAX_IMAGE_PIXELS,
    MAX_KEPT_PIXELS,
    MAX_SIDE,
    Purpose,
    Rejected,
)

PREVIEW_SIDE: Final = 640
HASH_SIDE: Final = 32
HASH_PARTS: Final = (4, 3)
AVATAR: Final = (400, 400)
HEADER: Final = (1500, 500)
_QUALITY: Final = 85
_READERS: Final = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}


def process(source: Path, format_: str, purpose: Purpose, target: Path, preview: Path) -> dict[str, Any]:
    """Write `target` (and, of an attachment, `preview`); say what they are. Raises `Rejected`.

    purpose: attachment; preview (a cover for a sound or film: only `preview` is written); avatar, header (cut to size).
    """
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(source, formats=[_READERS[format_]]) as image:
            _check(image)
            if purpose == "attachment" and getattr(image, "n_frames", 1) > 1:
                return _animated(image, target, preview)
            return _still(image, format_, purpose, target, preview)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Rejected("media_too_many_pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError):
        raise Rejected("media_broken") from None


def _check(image: Image.Image) -> None:
    """By the header, before anything is decoded."""
    width, height = image.size
    if width < 1 or height < 1:
        raise Rejected("media_broken")
    if width * height > MAX_IMAGE_PIXELS or max(width, height) > MAX_SIDE:
        raise Rejected("media_too_many_pixels")
    frames = getattr(image, "n_frames", 1)
    if frames > MAX_FRAMES or (frames > 1 and frames * width * height > MAX_FRAME_PIXELS):
        raise Rejected("media_too_long")


def _still(image: Image.Image, format_: str, purpose: Purpose, target: Path, preview: Path) -> dict[str, Any]:
    if image.format == "JPEG" and image.width * image.height > 4 * MAX_KEPT_PIXELS:
        image.draft("RGB", (image.width // 2, image.height // 2))
    profile = image.info.get("icc_profile")
    upright = _plain(ImageOps.exif_transpose(image))
    if purpose in ("avatar", "header"):
        upright = ImageOps.fit(upright, AVATAR if purpose == "avatar" else HEADER, Image.Resampling.LANCZOS)
        made = _srgb(upright, profile)
        _save_webp(made, target)
        return {"media_type": "image/webp", "width": made.width, "height": made.height}
    if purpose == "preview":
        return _previewed(_srgb(upright, profile), preview)
    kept = _srgb(_within_pixels(upright, MAX_KEPT_PIXELS), profile)
    media_type = _save(kept, format_, target)
    found = {"kind": "image", "media_type": media_type, "width": kept.width, "height": kept.height}
    return found | _previewed(kept, preview)


def _plain(image: Image.Image) -> Image.Image:
    """RGB, RGBA or grey: palettes, CMYK and 16 bits become those."""
    if image.mode in ("RGB", "RGBA", "L"):
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return (
            image.point(lambda value: value / 256).convert("L")
            if image.mode == "I;16"
            else image.convert("L")
        )
    return image.convert(
        "RGBA" if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info else "RGB"
    )


def _within_pixels(image: Image.Image, pixels: int) -> Image.Image:
    have = image.width * image.height
    if have <= pixels:
        return image
    scale = (pixels / have) ** 0.5
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Colours of a wide-gamut picture as sRGB, so that the profile (which may name a device) can go."""
    if not isinstance(profile, bytes) or image.mode == "L":
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if made is None else made


def _clean(image: Image.Image) -> Image.Image:
    """Pixels alone: no text chunk, comment, EXIF, XMP or profile rides along into an encoder."""
    image.info = {}
    return image


def _save(image: Image.Image, format_: str, target: Path) -> str:
    image = _clean(image)
    if format_ in ("jpeg", "avif") and image.mode != "RGBA":
        image.convert("RGB").save(target, "JPEG", quality=_QUALITY, progressive=True, optimize=False)
        return "image/jpeg"
    if format_ in ("png", "gif"):
        image.save(target, "PNG", compress_level=6)
        return "image/png"
    _save_webp(image, target)
    return "image/webp"


def _save_webp(image: Image.Image, target: Path) -> None:
    _clean(image).save(target, "WEBP", quality=_QUALITY, method=3)


def _animated(image: Image.Image, target: Path, preview: Path) -> dict[str, Any]:
    """An animation stays one; its pieces of text go. Its preview stands still."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frame.load()  # before that, WebP does not say how long it is shown
        durations.append(min(max(int(frame.info.get("duration") or 100), 10), 60_000))
        frames.append(_clean(frame.convert("RGBA")))
    loop = int(image.info.get("loop") or 0)
    frames[0].save(
        target,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=loop,
        quality=75,
        method=1,
    )
    found = {"kind": "image", "media_type": "image/webp", "width": image.width, "height": image.height}
    return found | {"duration": sum(durations) / 1000} | _previewed(frames[0], preview)


def _previewed(image: Image.Image, preview: Path) -> dict[str, Any]:
    """The small picture, and its blurred hash: shrunk first, since the hash is made in Python."""
    small = image.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    _clean(small).save(preview, "WEBP", quality=75, method=3)
    return {"small": [small.width, small.height], "blurhash": _hash(small)}


def _hash(image: Image.Image) -> str:
    tiny = image.convert("RGBA")
    tiny.thumbnail((HASH_SIDE, HASH_SIDE))
    ground = Image.new("RGBA", tiny.size, (255, 255, 255, 255))
    ground.alpha_composite(tiny)
    raw = ground.convert("RGB").tobytes()
    row = ground.width * 3
    pixels = [[raw[at : at + 3] for at in range(start, start + row, 3)] for start in range(0, len(raw), row)]
    return str(blurhash.encode(pixels, *HASH_PARTS))
