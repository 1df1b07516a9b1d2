"""What a server's software does with a closed group, by the name that it gives itself."""

from __future__ import annotations

import pytest

from fedi_community.domain.softwares import keeps


@pytest.mark.parametrize(
    ("software", "meant"),
    [
        ("", "unknown"),
        ("fedi-community 0.1.0", "group"),
        ("lemmy 1.0.0-alpha.12", "group"),
        ("lemmy 1.1", "group"),
        ("lemmy 0.19.11", "nothing"),
        ("lemmy", "nothing"),
        ("streams 25.1", "group"),
        ("hubzilla 9.4", "group"),
        ("mastodon 4.5.0", "named"),
        ("gotosocial 0.20.1", "named"),
        ("akkoma 3.15", "named"),
        ("mbin 1.8.2", "nothing"),
        ("kbin 0.10", "nothing"),
        ("piefed 1.2", "nothing"),
        ("pixelfed 0.12.4", "nothing"),
        ("mastodonish 1", "nothing"),
    ],
)
def test_a_software_keeps_a_group_its_named_people_or_neither(software: str, meant: str) -> None:
    assert keeps(software) == meant
