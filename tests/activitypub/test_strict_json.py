"""JSON from strangers is strict and bounded."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.activitypub.strict_json import MAX_DEPTH, MAX_NODES, loads
from fedi_community.errors import Problem

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def refusal(body: bytes) -> str:
    with pytest.raises(Problem) as caught:
        loads(body)
    assert caught.value.status == 400
    return caught.value.reason


@given(st.dictionaries(st.text(), VALUES), st.booleans())
def test_what_is_json_is_read_as_json(document: dict[str, object], ascii_only: bool) -> None:
    assert loads(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=6), st.booleans())
def test_a_name_that_occurs_twice_is_refused_and_only_then(
    pairs: list[tuple[str, str]], nested: bool
) -> None:
    body = "{" + ", ".join(f"{json.dumps(k)} : {json.dumps(v)}" for k, v in pairs) + "}"
    body = f'{{"a": [1, {body}], "b": ":"}}' if nested else body
    if max(Counter(k for k, _ in pairs).values(), default=0) > 1:
        assert refusal(body.encode()) == "json_duplicate_member"
    else:
        loads(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"actor": 1, "\\u0061ctor": 2}',
        b'{"a\\\\": 1, "a\\\\": 2}',
        b'{"a\\"": ":", "a\\"": ":"}',
        b'{"x": {"type": "Like", "type": "Delete"}}',
    ],
)
def test_no_escape_hides_a_second_name(body: bytes) -> None:
    assert refusal(body) == "json_duplicate_member"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": ":", "b": "{\\"a\\": 1}"}',
        b'{"a\\\\\\"": 1, "a": 2}',
        b'{"": 1}',
        b'{"a":"\\u005c","b":"::"}',
        b" {}\n",
    ],
)
def test_punctuation_inside_of_strings_is_no_structure(body: bytes) -> None:
    assert loads(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": "\xff"}', b'{"a": "\\ud800"}',
        b"", b"{", b'{"a":', b'{"a": 1,}', b'{"a": 1} {}', b"{'a': 1}", b"\xef\xbb\xbf{}", b'{"a": "\n"}', b'{"a": 01}',
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert refusal(body) == "json_invalid"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b'[{"id": 1}]'])
def test_the_top_level_must_be_an_object(body: bytes) -> None:
    assert refusal(body) == "json_not_object"


def test_the_deepest_allowed_document_is_read_and_one_level_more_is_not() -> None:
    inner = MAX_DEPTH - 1
    assert loads(b'{"a":' + b"[" * inner + b"]" * inner + b"}")
    assert refusal(b'{"a":' + b"[" * (inner + 1) + b"]" * (inner + 1) + b"}") == "json_too_deep"
    assert refusal(b'{"a":' * 33 + b"1" + b"}" * 33) == "json_too_deep"


def test_many_shallow_containers_are_not_deep() -> None:
    assert len(loads(b'{"a":[' + b",".join([b'{"b":[1]}'] * 500) + b"]}")) == 1


def test_the_largest_allowed_document_is_read_and_a_larger_one_is_not() -> None:
    fits = b'{"a":[' + b",".join([b"0"] * (MAX_NODES - 2)) + b"]}"
    assert len(loads(fits)["a"]) == MAX_NODES - 2  # type: ignore[arg-type]
    assert refusal(b'{"a":[' + b",".join([b"0"] * MAX_NODES) + b"]}") == "json_too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2**20,
        b"[" * 2**19 + b"]" * 2**19,
        b'{"a":' * 150_000,
        b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'"' * 2**20,
        b'{"a":[' + b"0," * 500_000 + b"0]}",
        b'{"' + b'\\"' * 500_000,
        b'{"a":"' + b"\\" * 2**20,
        b'["' + b'","' * 300_000 + b'"]',
        b"{}" * 2**19,
    ],
)
def test_hostile_megabytes_are_refused_in_bounded_time(body: bytes) -> None:
    began = time.process_time()
    refusal(body)
    assert time.process_time() - began < 0.5


def test_a_refusal_quotes_nothing_of_the_body() -> None:
    with pytest.raises(Problem) as caught:
        loads(b'{"secret": canary}')
    assert "canary" not in str(caught.value) + caught.value.safe + caught.value.detail
