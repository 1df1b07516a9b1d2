"""A thread as nested lists: order, levels and pages, from (id, id it answers). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fedi_community.domain.views import PostView

PAGE: Final = 100
MAX_NEST: Final = 6
"""Levels that are drawn (and nested in the page); deeper replies stand beside the sixth and say their level."""


@dataclass(frozen=True, slots=True)
class Place:
    """level: 1 answers the start. parent_shown: what it answers is a post the reader may see."""

    id: int
    level: int
    parent_shown: bool


def branch(nodes: Sequence[tuple[int, int | None]], start: int, whole: bool) -> list[Place]:
    """The replies below `start`, each followed by its own, oldest first. whole: `start` is the thread's root, and replies
    to what the reader may not see hang on it; else they are left out."""
    known = {node for node, _ in nodes} | {start}
    children: dict[int, list[int]] = {}
    direct: dict[int, int | None] = dict(nodes)
    for node, parent in nodes:
        if node == start:
            continue
        if parent is not None and parent in known:
            children.setdefault(parent, []).append(node)
        elif whole:
            children.setdefault(start, []).append(node)
    found: list[Place] = []
    waiting = [(node, 1) for node in reversed(children.get(start, []))]
    while waiting:
        node, level = waiting.pop()
        found.append(Place(node, level, direct[node] in known))
        waiting.extend((child, level + 1) for child in reversed(children.get(node, [])))
    return found


def page_of(places: Sequence[Place], number: int) -> tuple[Sequence[Place], int]:
    """(the places of a page, counted from 1; how many pages there are)."""
    pages = max(1, -(-len(places) // PAGE))
    return places[(number - 1) * PAGE : number * PAGE], pages


@dataclass(slots=True)
class Node:
    """A reply with those below it, for the template."""

    post: PostView
    level: int
    parent_shown: bool
    replies: list[Node] = field(default_factory=list)


def nested(places: Sequence[Place], posts: dict[int, PostView]) -> list[Node]:
    """Nested lists of one page. What begins in the middle of a branch stands at the top and says its level."""
    top: list[Node] = []
    open_: list[tuple[int, Node]] = []
    for place in places:
        post = posts.get(place.id)
        if post is None:
            continue
        node = Node(post, place.level, place.parent_shown)
        nest = min(place.level, MAX_NEST)
        while open_ and open_[-1][0] >= nest:
            open_.pop()
        (open_[-1][1].replies if open_ else top).append(node)
        open_.append((nest, node))
    return top
