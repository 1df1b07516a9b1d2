"""Search in text finds alike on both databases: without case and accents, by beginnings, newest first, and not what is gone."""

from __future__ import annotations

from typing import Any

import pytest

from fedi_community.domain import words
from fedi_community.domain.model import Viewer
from fedi_community.storage import search
from fedi_community.storage.database import Database
from fedi_community.storage.search import Asked
from tests.make import Make


@pytest.fixture
def make(db: Database) -> Make:
    return Make.on(db)


async def found(make: Make, viewer: Viewer, question: str, **more: Any) -> list[int]:
    return await make.house.db.read(lambda tx: search.posts(tx, viewer, Asked(question, **more)))


@pytest.mark.parametrize(
    ("question", "finds"),
    [
        ("sueño", True), ("SUEÑO tranquilo", True), ("sueno", True), ("tranq", True), ("tr", False),
        ("sueño agitado", False), ("'; drop", False), ('"sueño" OR', False), ("sueño*", True), ("", False), ("…", False),
    ],
)  # fmt: skip
async def test_words_are_found_without_case_and_accents_and_by_their_beginnings(
    make: Make, question: str, finds: bool
) -> None:
    nadia = await make.member("nadia")
    post = await make.post(nadia, "Un **sueño** tranquilo.")
    assert await found(make, make.viewer(nadia), question) == ([post] if finds else [])


async def test_the_newest_comes_first_and_pages_lead_on(make: Make) -> None:
    nadia = await make.member("nadia")
    ids = [await make.post(nadia, f"kettle number {n}") for n in range(5)]
    viewer = make.viewer(nadia)
    assert await found(make, viewer, "kettle", limit=2) == [ids[4], ids[3]]
    assert await found(make, viewer, "kettle", limit=2, offset=2) == [ids[2], ids[1]]
    assert await found(make, viewer, "kettle", before=ids[1]) == [ids[0]]


async def test_what_was_edited_is_found_by_its_new_words_and_what_was_deleted_by_none(make: Make) -> None:
    nadia = await make.member("nadia")
    viewer, post = make.viewer(nadia), await make.post(nadia, "kettle")
    await make.edit(nadia, post, "teapot")
    assert await found(make, viewer, "kettle") == []
    assert await found(make, viewer, "teapot") == [post]
    await make.delete(nadia, post)
    assert await found(make, viewer, "teapot") == []
    rows = await make.house.db.read(lambda tx: search.known(tx, post))
    assert not rows  # nor does the index hold them any more


async def test_a_group_is_searched_by_its_members_and_by_nobody_who_left(make: Make) -> None:
    nadia, omar, eve = [await make.member(name) for name in ("nadia", "omar", "eve")]
    group = await make.group("caregivers", reads="members")
    for one in (nadia, omar):
        await make.join(one, group)
    post = await make.post(nadia, "kettle", group_id=group)
    assert await found(make, make.viewer(omar), "kettle", author=group) == [post]
    assert await found(make, make.viewer(eve), "kettle") == []
    assert await found(make, Viewer(0, False), "kettle") == []
    await make.leave(omar, group)
    assert await found(make, make.viewer(omar), "kettle") == []


async def test_who_does_not_want_to_be_searched_is_found_by_himself_and_whom_he_names(make: Make) -> None:
    nadia, omar, eve = [await make.member(name) for name in ("nadia", "omar", "eve")]
    post = await make.post(nadia, "kettle for @omar")
    assert await found(make, make.viewer(nadia), "kettle") == [post]
    assert await found(make, make.viewer(omar), "kettle") == [post]
    assert await found(make, make.viewer(eve), "kettle") == []
    await make.indexable(nadia)
    assert await found(make, make.viewer(eve), "kettle") == [post]
    quiet = await make.post(nadia, "teapot", "unlisted")
    assert quiet not in await found(make, make.viewer(eve), "teapot")


def test_what_is_searched_is_bounded() -> None:
    assert words.asked(" ".join(f"w{n}" for n in range(50))) == [f"w{n}" for n in range(words.MAX_ASKED)]
    assert words.words_in("a" * 100) == ["a" * words.MAX_LETTERS]
    assert words.words_in("a a A á") == ["a"]
