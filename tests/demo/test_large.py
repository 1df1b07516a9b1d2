"""The big community is whole, always the same for a seed, and as big as it says."""

from __future__ import annotations

from collections import Counter

import pytest

from fedi_community.demo.check import check
from fedi_community.demo.content import large, load
from fedi_community.demo.large import MAX_DEPTH, THREAD_ID
from fedi_community.demo.model import Demo, Post


@pytest.fixture(scope="module")
def demo() -> Demo:
    return large(7)


def thread(demo: Demo) -> tuple[Post, ...]:
    return next(d for d in demo.discussions if d.id == THREAD_ID).posts


def test_it_has_thirty_groups_and_two_thousand_members_and_is_whole(demo: Demo) -> None:
    assert len(demo.groups) == 30
    assert sum(person.role == "member" for person in demo.people) == 2_000
    assert check(demo) is None


def test_its_thread_has_eight_hundred_replies_in_both_languages_deep_and_wide(demo: Demo) -> None:
    posts = thread(demo)
    depth = {posts[0].id: 0}
    for post in posts[1:]:
        assert post.reply_to
        depth[post.id] = depth[post.reply_to] + 1
    assert len(posts) == 801
    assert 6 <= max(depth.values()) <= MAX_DEPTH
    assert max(Counter(post.reply_to for post in posts).values()) >= 5
    assert min(Counter(post.language for post in posts).values()) >= 200


def test_everything_in_it_is_marked_as_sample(demo: Demo) -> None:
    assert all(post.text.endswith(("(sample)", "(muestra)")) for post in thread(demo))
    for person in demo.people:
        assert "sample" in person.name + person.bio.lower() or "muestra" in person.name


def test_the_same_seed_gives_the_same_community_and_another_seed_another(demo: Demo) -> None:
    assert large(7) == demo
    assert large(8) != demo


def test_it_contains_the_small_community(demo: Demo) -> None:
    small = load()
    assert demo.groups[:8] == small.groups
    assert demo.articles == small.articles
    assert set(small.people) <= set(demo.people)
    assert set(small.discussions) <= set(demo.discussions)
    assert all(any(group.handle in p.member_of for p in demo.people) for group in demo.groups)
