"""Settings: where they come from, and what stands in for those that nobody set."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedi_community.config import Settings, load
from fedi_community.errors import Problem

NOWHERE = Path("/nonexistent/fedi.toml")


def read(**environ: str) -> Settings:
    return load({f"FEDI_{name.upper()}": value for name, value in environ.items()}, NOWHERE)


def test_rates_are_wide_only_where_private_peers_play_a_whole_fediverse() -> None:
    usual, played = read(), read(allow_private_peers="1")
    assert (usual.api_rate, usual.inbox_rate) == (300, 3000)
    assert (played.api_rate, played.inbox_rate) == (100_000, 1_000_000)
    assert read(allow_private_peers="1", api_rate="7").api_rate == 7
    assert read(allow_private_peers="0").api_rate == 300


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fedi.toml"
    file.write_text('site_name = "File"\nhome_length = 100\n')
    found = load({"FEDI_SITE_NAME": "Environment"}, file)
    assert (found.site_name, found.home_length) == ("Environment", 100)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("base_url", "https://a.example/path", "BASE_URL"),
        ("base_url", "http://a.example", "https is needed"),
        ("signups", "maybe", "one of open, approval, closed"),
        ("home_length", "many", "'many' is no int"),
        ("database_url", "mysql://x", "sqlite:///PATH"),
        ("node", "16", "0 to 15"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(name: str, value: str, says: str) -> None:
    with pytest.raises(Problem) as problem:
        read(**{name: value})
    assert says in problem.value.safe


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "fedi.toml").write_text("colour = 1\n")
    with pytest.raises(Problem) as problem:
        load({}, tmp_path / "fedi.toml")
    assert "colour" in problem.value.safe
