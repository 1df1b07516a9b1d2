"""Films and sounds made safe: the first picture track and the first sound track in a fresh container. Runs in the worker only.

Nothing is encoded again. Data tracks, subtitles, cover pictures, chapters and every word of metadata stay behind: phones
write where a film was taken into several of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

from fedi_community.media.kinds import MAX_VIDEO_PIXELS, MAX_VIDEO_RATE, MAX_VIDEO_SECONDS, Rejected
from fedi_community.media.pictures import _plain, _previewed

_DEMUXERS: Final = {
    "mp4": "mov", "mov": "mov", "m4a": "mov", "webm": "matroska", "mp3": "mp3", "ogg": "ogg", "flac": "flac", "wav": "wav",
}  # fmt: skip
_MP4: Final = frozenset({"h264", "hevc", "av1", "vp9", "aac", "mp3", "opus", "flac", "ac3", "alac"})
_WEBM: Final = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})
_SOUND: Final = {
    "mp3": ("mp3", "audio/mpeg", frozenset({"mp3"})),
    "ogg": ("ogg", "audio/ogg", frozenset({"opus", "vorbis", "flac"})),
    "m4a": ("ipod", "audio/mp4", frozenset({"aac", "alac", "mp3"})),
    "flac": ("flac", "audio/flac", frozenset({"flac"})),
    "wav": ("wav", "audio/wav", frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"})),
}
PREVIEW_TRIES: Final = 60


def process(source: Path, format_: str, target: Path, preview: Path) -> dict[str, Any]:
    """Write `target`, and of a film `preview`; say what they are. Raises `Rejected`.

    The reader is chosen by us and given an open file: no playlist or reference makes it read anything else.
    """
    try:
        with _opened(source, format_) as given:
            film = next((s for s in given.streams.video if not _is_cover(s)), None)
            if format_ not in ("mp4", "mov", "webm"):
                film = None
            sound = next(iter(given.streams.audio), None)
            if film is None and sound is None:
                raise Rejected("media_codec")
            _check(given, film)
            shown = _shown(given, film, preview) if film is not None else {}
            chosen = [s.index for s in (film, sound) if s is not None]
            is_film = film is not None
        with _opened(source, format_) as given:
            return shown | _copied(given, chosen, is_film, format_, target)
    except (av.error.FFmpegError, OSError, ValueError, EOFError, IndexError):
        raise Rejected("media_broken") from None


@contextlib.contextmanager
def _opened(source: Path, format_: str) -> Iterator[Any]:
    with (
        source.open("rb") as file,
        av.open(file, format=_DEMUXERS[format_], metadata_errors="ignore") as given,
    ):
        yield given


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _check(given: Any, film: Any) -> None:
    if given.duration is not None and given.duration / 1_000_000 > MAX_VIDEO_SECONDS:
        raise Rejected("media_too_long")
    if film is None:
        return
    if film.width * film.height > MAX_VIDEO_PIXELS:
        raise Rejected("media_too_many_pixels")
    if film.average_rate is not None and film.average_rate > MAX_VIDEO_RATE:
        raise Rejected("media_codec")


def _shown(given: Any, film: Any, preview: Path) -> dict[str, Any]:
    """Size as it is shown (turned, where the film says so), and a picture of its beginning."""
    film.thread_type = "NONE"
    for tried, frame in enumerate(_frames(given, film)):
        if tried >= PREVIEW_TRIES:
            break
        turned = int(frame.rotation) % 360
        image: Image.Image = frame.to_image()
        if turned:
            image = image.rotate(turned, expand=True)
        found = _previewed(_plain(image), preview)
        return {"width": image.width, "height": image.height} | found
    raise Rejected("media_broken")


def _frames(given: Any, film: Any) -> Iterator[Any]:
    for packet in given.demux(film):
        yield from packet.decode()


def _copied(given: Any, chosen: list[int], is_film: bool, format_: str, target: Path) -> dict[str, Any]:
    """The packets of the chosen tracks, in a container that says nothing else."""
    streams = [given.streams[index] for index in chosen]
    if format_ == "webm":
        muxer, media_type, taken = "webm", "video/webm" if is_film else "audio/webm", _WEBM
    elif is_film:
        muxer, media_type, taken = "mp4", "video/mp4", _MP4
    else:
        muxer, media_type, taken = _SOUND.get(format_, ("ipod", "audio/mp4", _MP4))
    if not all(stream.codec.canonical_name in taken for stream in streams):
        raise Rejected("media_codec")
    options = {"fflags": "+bitexact"}
    if muxer in ("mp4", "ipod"):
        options["movflags"] = "+faststart"
    if muxer == "mp3":
        options["id3v2_version"] = "0"
    count = 0
    with target.open("w+b") as file, av.open(file, "w", format=muxer, options=options) as made:
        made.metadata.clear()
        tracks = {}
        for stream in streams:
            track = tracks[stream.index] = made.add_stream_from_template(stream)
            track.metadata.clear()
        for packet in given.demux(*streams):
            if packet.dts is None:
                continue
            packet.stream = tracks[packet.stream.index]
            made.mux(packet)
            count += 1
    if not count:
        raise Rejected("media_broken")
    found: dict[str, Any] = {"kind": "video" if is_film else "audio", "media_type": media_type}
    if given.duration:
        found["duration"] = round(given.duration / 1_000_000, 3)
    if given.bit_rate:
        found["bitrate"] = int(given.bit_rate)
    if is_film and streams[0].average_rate:
        found["frame_rate"] = str(streams[0].average_rate)
    return found
