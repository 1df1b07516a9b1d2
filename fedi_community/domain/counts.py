"""Counts as strangers may know them: a small one is a person."""

from __future__ import annotations


def rounded(count: int) -> int:
    """The count rounded down to two leading digits, at least to tens; below ten it is zero."""
    step: int = 10 ** max(1, len(str(max(0, count))) - 2)
    return max(0, count) // step * step
