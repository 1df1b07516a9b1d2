"""URLs as identities: one spelling of each origin, and a refusal for every trick."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.domain.origins import (
    MAX_URL,
    canonical,
    canonical_host,
    host_of,
    origin,
    same_origin,
    valid_id,
)

TRICKS = Path(__file__).parents[2] / ".." / "shared" / "fixtures" / "hostile" / "s20_unicode_host_tricks.json"

REFUSED = [
    "https://peer.example./notes/1",
    "https://peer.example@evil.example/notes/1",
    "https://user:password@peer.example/",
    "https://@peer.example/",
    "https://peer.example\\@evil.example/",
    "https://peer.example/a\\b",
    "https://peer.example%2eevil.example/",
    "https://peer\u3002example/",
    "https://peer\uff0eexample/",
    "https://peer\uff61example/",
    "https://\uff50eer.example/",
    "https://peer.example/a b",
    "https://peer.example/a\nb",
    "https://peer.example/\x00",
    "https://peer.example/\u202e",
    " https://peer.example/",
    "https://peer.example/\n",
    "https://peer.example:/",
    "https://peer.example:0/",
    "https://peer.example:0443/",
    "https://peer.example:65536/",
    "https://peer.example:443:443/",
    "https:///path",
    "https://",
    "https:peer.example",
    "//peer.example/",
    "ftp://peer.example/",
    "javascript://peer.example/%0aalert(1)",
    "data:text/html,x",
    "acct:alice@peer.example",
    "https://.peer.example/",
    "https://peer..example/",
    "https://-peer.example/",
    "https://peer_.example/",
    "https://127.1/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://1.2.3.4.5/",
    "https://[::1/",
    "https://[::1]x/",
    "https://[v1.x]/",
    "https://xn--zzzz.example/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/",
    "https://peer.example/" + "a" * MAX_URL,
    "",
]


@pytest.mark.parametrize("uri", REFUSED)
def test_a_trick_has_no_origin(uri: str) -> None:
    assert origin(uri) is None
    assert canonical(uri) is None
    assert host_of(uri) is None
    assert not valid_id(uri, allow_http=True)
    assert not same_origin(uri, uri)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://peer.example/notes/1", "https://peer.example"),
        ("https://PEER.Example/Notes/1", "https://peer.example"),
        ("HTTPS://peer.example", "https://peer.example"),
        ("https://peer.example:443/", "https://peer.example"),
        ("https://peer.example:8443/", "https://peer.example:8443"),
        ("http://peer.example:80/", "http://peer.example"),
        ("http://peer.example:443/", "http://peer.example:443"),
        ("https://peer.example?x=1", "https://peer.example"),
        ("https://peer.example#main-key", "https://peer.example"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example"),
        ("https://127.0.0.1:3000/", "https://127.0.0.1:3000"),
        ("https://localhost/", "https://localhost"),
        ("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443"),
        ("https://peer.example/https://other.example/@x", "https://peer.example"),
    ],
)
def test_an_origin_has_one_spelling(uri: str, expected: str) -> None:
    assert origin(uri) == expected
    assert (canonical(uri) or "").startswith(expected)


def test_a_canonical_url_keeps_path_query_and_fragment() -> None:
    assert canonical("https://Peer.Example:443/A?b=C#D") == "https://peer.example/A?b=C#D"
    assert canonical("https://peer.example") == "https://peer.example"


def test_a_look_alike_is_another_origin() -> None:
    assert not same_origin("https://\u0440\u0435er.example/", "https://peer.example/")
    assert same_origin("https://PEER.example:443/a", "https://peer.example/b")
    assert not same_origin("http://peer.example/", "https://peer.example/")


def test_plain_http_is_an_id_only_where_it_is_allowed() -> None:
    assert not valid_id("http://peer.example/1")
    assert valid_id("http://peer.example/1", allow_http=True)
    assert valid_id("https://peer.example/1")


def test_a_host_is_named_without_its_default_port() -> None:
    assert host_of("https://Peer.example:443/1") == "peer.example"
    assert host_of("https://peer.example:8443/1") == "peer.example:8443"
    assert canonical_host("Bücher.example") == "xn--bcher-kva.example"
    assert canonical_host("user@peer.example") is None


@given(st.text())
def test_no_text_raises_and_canonical_spelling_is_stable(text: str) -> None:
    for uri in (text, "https://" + text, "https://peer.example/" + text):
        spelling = canonical(uri)
        assert spelling is None or canonical(spelling) == spelling
        assert (origin(uri) is None) == (spelling is None)


@pytest.mark.skipif(
    not TRICKS.is_file(), reason="the corpus of recorded payloads is not beside this checkout"
)
def test_every_row_of_the_recorded_tricks_gives_its_answer() -> None:
    cases = json.loads(TRICKS.read_text("utf-8"))["payload"]["cases"]
    assert len(cases) == 11
    for case in cases:
        assert same_origin(case["id"], case["same_origin_as"]) is case["expect"], case
