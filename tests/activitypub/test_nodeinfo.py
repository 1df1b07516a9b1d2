"""NodeInfo: what we say in two schemas, and what a peer may make us read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.activitypub.nodeinfo import (
    SCHEMA,
    Counts,
    RemoteSoftware,
    discovery,
    document,
    link_of,
    parse,
)
from fedi_community.domain.counts import rounded
from fedi_community.errors import Refusal


def ours(version: str) -> dict[str, object]:
    return document(
        version,
        software_version="0.1.0",
        counts=Counts(members=1234, active_month=9, active_halfyear=57, posts=100, comments=3),
        open_registrations=False,
        name="Clinic",
        repository="https://code.example/fedi-community",
    )


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_the_document_says_what_clients_gate_on(version: str) -> None:
    found = ours(version)
    assert found["version"] == version
    assert found["protocols"] == ["activitypub"]
    assert found["services"] == {"inbound": [], "outbound": []}
    assert found["metadata"] == {"upstream": {"name": "mastodon"}, "nodeName": "Clinic"}
    software = found["software"]
    assert isinstance(software, dict)
    assert (software["name"], software["version"]) == ("fedi-community", "0.1.0")
    assert ("repository" in software) == (version == "2.1")
    assert parse(found) == RemoteSoftware("fedi-community", "0.1.0")


def test_counts_are_rounded_down_and_small_ones_hidden() -> None:
    assert ours("2.0")["usage"] == {
        "users": {"total": 1200, "activeHalfyear": 50, "activeMonth": 0}, "localPosts": 100, "localComments": 0
    }  # fmt: skip


@given(st.integers(-5, 10**9))
def test_a_rounded_count_never_says_more_than_there_is(count: int) -> None:
    shown = rounded(count)
    assert 0 <= shown <= max(0, count)
    assert shown % 10 == 0
    assert shown >= count * 0.9 or count < 100


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="no such NodeInfo schema"):
        ours("1.0")


def test_our_discovery_leads_to_the_newest_schema() -> None:
    assert (
        link_of(discovery("https://clinic.example/"), "clinic.example")
        == "https://clinic.example/nodeinfo/2.1"
    )


@pytest.mark.parametrize(
    "href",
    [
        "https://other.example/nodeinfo", "http://peer.example/nodeinfo", "data:application/json,{}", "https://127.0.0.1/",
        "https://peer.example:8443/n", "https://peer.example@evil.example/", "//peer.example/", None, 7,
    ],
)  # fmt: skip
def test_a_link_that_leaves_the_host_is_not_followed(href: object) -> None:
    assert link_of({"links": [{"rel": SCHEMA + "2.0", "href": href}]}, "peer.example") is None
    assert (
        link_of({"links": [{"rel": SCHEMA + "2.0", "href": "https://peer.example/n"}]}, "peer.example")
        is not None
    )


@pytest.mark.parametrize(
    "value", [None, [], {}, {"links": None}, {"links": [None, {}, {"rel": 1, "href": "x"}]}]
)
def test_a_discovery_document_of_any_shape_is_read(value: object) -> None:
    assert link_of(value, "peer.example") is None


@pytest.mark.parametrize(
    "value", [None, [], {}, {"software": "x"}, {"software": {"name": "a b"}}, {"software": {"name": 1}}]
)
def test_a_document_without_software_is_refused(value: object) -> None:
    assert isinstance(parse(value), Refusal)


def test_a_peers_software_is_named_in_lower_case() -> None:
    assert parse({"software": {"name": "Mobilizon", "version": "5.1.0\n"}}) == RemoteSoftware(
        "mobilizon", "5.1.0"
    )
    assert parse({"software": {"name": "lemmy"}}) == RemoteSoftware("lemmy", "")
