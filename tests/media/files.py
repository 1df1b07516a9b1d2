"""Files as phones and as bad people make them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

PLACE = "SECRETPLACE"
"""Stands in every piece of metadata that a file may have."""


def drawn(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (width, height), (30, 90, 160, 255)[: len(mode)])
    ImageDraw.Draw(image).rectangle((0, 0, width // 4, height // 4), fill=(250, 200, 20, 255)[: len(mode)])
    return image


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = made[0x0110] = PLACE
    gps = made.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (52.0, 31.0, 12.0), "E", (13.0, 24.0, 36.0)
    gps[0x1B] = PLACE.encode()
    return made


def jpeg(width: int = 320, height: int = 200, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{PLACE}</x:xmpmeta>".encode()
    drawn(width, height).save(
        out, "JPEG", exif=exif(orientation), comment=PLACE.encode(), xmp=xmp, quality=90
    )
    return out.getvalue()


def png(width: int = 320, height: int = 200, mode: str = "RGBA") -> bytes:
    out, info = io.BytesIO(), PngInfo()
    info.add_text("Comment", PLACE)
    info.add_itxt("XML:com.adobe.xmp", PLACE)
    drawn(width, height, mode).save(out, "PNG", pnginfo=info, exif=exif())
    return out.getvalue()


def still(format_: str) -> bytes:
    out = io.BytesIO()
    drawn().save(out, format_, exif=exif())
    return out.getvalue()


def animation(format_: str = "GIF", frames: int = 5, side: int = 64) -> bytes:
    out = io.BytesIO()
    made = [Image.new("RGB", (side, side), (n * 40 % 250, n % 7 * 30, 120)) for n in range(frames)]
    more: dict[str, Any] = {"comment": PLACE.encode()} if format_ == "GIF" else {"exif": exif()}
    made[0].save(out, format_, save_all=True, append_images=made[1:], duration=80, loop=0, **more)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few hundred bytes that says it has 900 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def film(format_: str = "mp4", codec: str = "libx264", sound: str = "aac", seconds: int = 2) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=format_) as made:
        for name in ("comment", "title", "location", "com.apple.quicktime.location.ISO6709", "description"):
            made.metadata[name] = PLACE
        stream = made.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.metadata["title"] = PLACE
        heard = made.add_stream(sound, rate=48_000)
        for n in range(10 * seconds):
            frame = av.VideoFrame.from_image(Image.new("RGB", (320, 240), (n * 8 % 255, 60, 60)))
            for packet in stream.encode(frame):
                made.mux(packet)
        for packet in stream.encode(None):
            made.mux(packet)
        _silence(made, heard, seconds)
    return out.getvalue()


def sound(format_: str, codec: str, seconds: int = 1) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=format_) as made:
        for name in ("title", "comment", "artist"):
            made.metadata[name] = PLACE
        _silence(made, made.add_stream(codec, rate=48_000), seconds)
    return out.getvalue()


def _silence(made: Any, stream: Any, seconds: int) -> None:
    size = stream.codec_context.frame_size or 1024
    layout = "stereo"
    for n in range(48_000 * seconds // size):
        frame = av.AudioFrame(format=stream.codec_context.format.name, layout=layout, samples=size)
        frame.sample_rate, frame.pts = 48_000, n * size
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in stream.encode(frame):
            made.mux(packet)
    for packet in stream.encode(None):
        made.mux(packet)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def said(data: bytes) -> dict[str, Any]:
    """What a film or sound says of itself, in all tracks."""
    with av.open(io.BytesIO(data)) as given:
        words = {**given.metadata}
        for stream in given.streams:
            words |= stream.metadata
        return {**words, "kinds": [stream.type for stream in given.streams]}


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
