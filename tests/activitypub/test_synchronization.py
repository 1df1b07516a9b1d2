"""Digests of followers (FEP-8fcf): its own example, and the header field read strictly."""

from __future__ import annotations

import pytest

from fedi_community.activitypub.synchronization import Synchronization, digest_of, parsed, written

EXAMPLE = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"
SAID = Synchronization(
    "https://example.org/users/1/followers",
    "https://example.org/users/1/followers_synchronization",
    EXAMPLE,
)


def test_the_digest_is_that_of_the_example_whatever_the_order() -> None:
    one, two = "https://testing.example.org/users/1", "https://testing.example.org/users/2"
    assert digest_of([one, two]) == digest_of([two, one]) == EXAMPLE
    assert digest_of([]) == "0" * 64
    assert digest_of([one]) == "3a06e99569547f444c352ab7f52e4bab207abec5ca6f07b0045cfdc9723f8fa9"


def test_what_is_written_is_read_again() -> None:
    assert parsed(written(SAID)) == SAID
    assert parsed(f'digest="{EXAMPLE.upper()}",url="{SAID.url}",collectionId="{SAID.collection}"') == SAID


@pytest.mark.parametrize(
    "field",
    [
        "",
        f'collectionId="{SAID.collection}", url="{SAID.url}"',
        f'collectionId="{SAID.collection}", url="{SAID.url}", digest="abc"',
        written(SAID) + f', digest="{"0" * 64}"',
        written(SAID).replace('"', ""),
        written(SAID) + " and more",
        written(SAID) + f', more="{"x" * 5000}"',
    ],
)
def test_what_is_not_clean_says_nothing(field: str) -> None:
    assert parsed(field) is None
