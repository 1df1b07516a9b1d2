"""What a file is, and what the worker makes of it: real files, in a real process."""

from __future__ import annotations

import io
import os
import resource
import signal
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from fedi_community.media import kinds
from fedi_community.media.kinds import HEAD, REASONS, Rejected, Sniffed, sniff
from fedi_community.media.processing import Made, Processor
from tests.media import files


async def processed(data: bytes, folder: Path, purpose: str = "attachment") -> tuple[Made, bytes, bytes]:
    source, target, preview = folder / "in", folder / "out", folder / "small"
    source.write_bytes(data)
    made = await Processor().run(source, sniff(data[:HEAD]), target, preview, purpose)  # type: ignore[arg-type]
    return (
        made,
        target.read_bytes() if target.exists() else b"",
        preview.read_bytes() if preview.exists() else b"",
    )


async def refusal(data: bytes, folder: Path) -> str:
    with pytest.raises(Rejected) as caught:
        await processed(data, folder)
    assert not (folder / "out").exists()
    assert not (folder / "small").exists()
    assert caught.value.reason in REASONS
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (files.jpeg(), "jpeg"), (files.png(), "png"), (files.animation("GIF"), "gif"), (files.still("WEBP"), "webp"),
        (files.still("AVIF"), "avif"), (files.film(), "mp4"), (files.film("mov"), "mov"),
        (files.film("webm", "libvpx", "libopus"), "webm"), (files.sound("mp3", "libmp3lame"), "mp3"),
        (files.sound("ogg", "libopus"), "ogg"), (files.sound("ipod", "aac"), "m4a"), (files.sound("flac", "flac"), "flac"),
        (files.sound("wav", "pcm_s16le"), "wav"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(data: bytes, format_: str) -> None:
    assert sniff(data[:HEAD]).format == format_


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"<!doctype html><script>1</script>", b"%PDF-1.7",
     b"#EXTM3U\nfile:///etc/passwd", b"PK\x03\x04", b"\x7fELF", b"{}", b"\0" * 64],
)  # fmt: skip
def test_what_is_no_picture_film_or_sound_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match="media_kind"):
        sniff(data)


def test_heic_is_refused_with_advice() -> None:
    with pytest.raises(Rejected, match="media_heic"):
        sniff(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    assert "JPEG" in REASONS["media_heic"]


def test_sizes_are_bounded_by_kind() -> None:
    assert not kinds.too_large("image", kinds.MAX_IMAGE_BYTES)
    assert kinds.too_large("image", kinds.MAX_IMAGE_BYTES + 1)
    assert not kinds.too_large("video", kinds.MAX_VIDEO_BYTES)
    assert kinds.too_large("audio", kinds.MAX_VIDEO_BYTES + 1)


async def test_nothing_of_where_a_photo_was_taken_is_left(tmp_path: Path) -> None:
    given = files.jpeg()
    assert files.PLACE.encode() in given
    made, kept, small = await processed(given, tmp_path)
    assert files.PLACE.encode() not in kept + small
    for data in (kept, small):
        image = files.opened(data)
        assert not image.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(image.info)
    assert (made.kind, made.media_type, made.width, made.height) == ("image", "image/jpeg", 320, 200)
    assert made.small == (320, 200)
    assert made.blurhash
    assert len(made.blurhash) == 28


@pytest.mark.parametrize("orientation", [3, 6, 8])
async def test_a_photo_is_turned_upright_before_its_orientation_is_forgotten(
    orientation: int, tmp_path: Path
) -> None:
    made, kept, _ = await processed(files.jpeg(320, 200, orientation), tmp_path)
    assert (made.width, made.height) == ((320, 200) if orientation == 3 else (200, 320))
    image = files.opened(kept).convert("RGB")
    corner = {3: (310, 190), 6: (190, 10), 8: (10, 310)}[orientation]
    assert image.getpixel(corner)[0] > 200, "the yellow corner went along"  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(files.png(), "image/png"), (files.still("WEBP"), "image/webp"), (files.still("AVIF"), "image/jpeg")],
)
async def test_other_pictures_lose_their_words_too(data: bytes, media_type: str, tmp_path: Path) -> None:
    made, kept, small = await processed(data, tmp_path)
    assert made.media_type == media_type
    assert files.PLACE.encode() not in kept + small
    assert not files.opened(kept).getexif()


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
async def test_an_animation_stays_one(format_: str, tmp_path: Path) -> None:
    made, kept, small = await processed(files.animation(format_), tmp_path)
    assert made.media_type == "image/webp"
    assert getattr(files.opened(kept), "n_frames", 1) == 5
    assert getattr(files.opened(small), "n_frames", 1) == 1
    assert files.PLACE.encode() not in kept
    assert made.duration == pytest.approx(0.4)


async def test_wide_colours_become_srgb_and_the_profile_goes(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    out = io.BytesIO()
    Image.new("LAB", (40, 40), (200, 0, 0)).convert("RGB").save(out, "JPEG", icc_profile=profile.tobytes())
    _, kept, _ = await processed(out.getvalue(), tmp_path)
    assert "icc_profile" not in files.opened(kept).info


async def test_a_large_photo_is_made_smaller_and_a_small_one_is_not(tmp_path: Path) -> None:
    made, _, _ = await processed(files.jpeg(5000, 4000), tmp_path)
    assert made.width is not None
    assert made.height is not None
    assert made.width * made.height <= kinds.MAX_KEPT_PIXELS
    assert made.small == (640, 512)


async def test_a_pixel_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert await refusal(files.bomb(), tmp_path) == "media_too_many_pixels"
    assert await refusal(files.bomb(20_000, 10), tmp_path) == "media_too_many_pixels"
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime - before.ru_utime < 3


async def test_an_animation_with_too_many_frames_is_refused(tmp_path: Path) -> None:
    assert await refusal(files.animation("GIF", kinds.MAX_FRAMES + 1, 8), tmp_path) == "media_too_long"


@pytest.mark.parametrize(
    "data", [files.jpeg()[:700], files.png()[:300], files.film()[:900], b"ID3" + b"\1" * 500]
)
async def test_damaged_files_are_refused(data: bytes, tmp_path: Path) -> None:
    assert await refusal(data, tmp_path) == "media_broken"


@pytest.mark.parametrize(
    ("data", "media_type", "tracks"),
    [
        (files.film(), "video/mp4", ["video", "audio"]),
        (files.film("mov"), "video/mp4", ["video", "audio"]),
        (files.film("webm", "libvpx", "libopus"), "video/webm", ["video", "audio"]),
        (files.sound("mp3", "libmp3lame"), "audio/mpeg", ["audio"]),
        (files.sound("ogg", "libopus"), "audio/ogg", ["audio"]),
        (files.sound("ipod", "aac"), "audio/mp4", ["audio"]),
        (files.sound("flac", "flac"), "audio/flac", ["audio"]),
        (files.sound("wav", "pcm_s16le"), "audio/wav", ["audio"]),
    ],
)
async def test_films_and_sounds_keep_their_tracks_and_no_words(
    data: bytes, media_type: str, tracks: list[str], tmp_path: Path
) -> None:
    assert files.PLACE.encode() in data
    made, kept, small = await processed(data, tmp_path)
    assert files.PLACE.encode() not in kept + small
    words = files.said(kept)
    assert (made.media_type, words["kinds"]) == (media_type, tracks)
    assert made.duration == pytest.approx(2 if "video" in tracks else 1, abs=0.2)
    if "video" in tracks:
        assert (made.kind, made.width, made.height, made.small) == ("video", 320, 240, (320, 240))
        assert files.opened(small).format == "WEBP"
    else:
        assert (made.kind, small) == ("audio", b"")


async def test_a_film_in_a_form_that_nobody_plays_is_refused(tmp_path: Path) -> None:
    assert await refusal(files.film("mp4", "mpeg4"), tmp_path) == "media_codec"


@pytest.mark.parametrize(("purpose", "size"), [("avatar", (400, 400)), ("header", (1500, 500))])
async def test_pictures_of_actors_are_cut_to_size(
    purpose: str, size: tuple[int, int], tmp_path: Path
) -> None:
    made, kept, small = await processed(files.jpeg(900, 700), tmp_path, purpose)
    assert (made.width, made.height) == size == files.opened(kept).size
    assert small == b""
    assert files.PLACE.encode() not in kept


async def test_a_worker_that_is_late_is_killed_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in"
    os.mkfifo(source)  # a file that never ends being read
    with pytest.raises(Rejected, match="media_too_slow"):
        await Processor((1, 1)).run(source, Sniffed("image", "jpeg"), tmp_path / "out", tmp_path / "small")
    assert not (tmp_path / "out").exists()


async def test_a_worker_that_dies_means_the_file_was_not_taken(tmp_path: Path) -> None:
    import asyncio

    source = tmp_path / "in"
    os.mkfifo(source)
    processor = Processor((20, 20))
    task = asyncio.create_task(
        processor.run(source, Sniffed("image", "jpeg"), tmp_path / "out", tmp_path / "small")
    )
    while not processor._running:
        await asyncio.sleep(0)
    next(iter(processor._running)).send_signal(signal.SIGKILL)
    with pytest.raises(Rejected, match="media_broken"):
        await task
    assert not processor._running
