"""What those who run the server ask it, and who else may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fedi_community import app
from fedi_community.config import Settings


async def asked(settings: Settings, headers: dict[str, str], client: str = "127.0.0.1") -> tuple[int, bytes]:
    parts = await app.build(settings)
    try:
        answer = await parts.web.test_client().get(
            "/metrics", headers=headers, scope_base={"client": (client, 5)}
        )
        return answer.status_code, await answer.get_data()
    finally:
        await parts.close()


@pytest.fixture
def settings(tmp_path: Path, sqlite_template: Path) -> Any:
    (tmp_path / "community.db").write_bytes(sqlite_template.read_bytes())

    def make(base_url: str, token: str = "") -> Settings:
        return Settings(base_url=base_url, data=str(tmp_path), keys=str(tmp_path / "k"), metrics_token=token)

    return make


async def test_a_monitor_on_this_machine_reads_the_metrics_of_a_server_on_plain_http(settings: Any) -> None:
    status, body = await asked(settings("http://localhost:8080"), {})
    assert (status, b"fedi_inbox_waiting" in body) == (200, True)
    assert b"# TYPE fedi_delivery_in_flight gauge" in body, "what is going on goes up and down"
    assert b"# TYPE fedi_delivery_delivered_total counter" in body


@pytest.mark.parametrize(
    ("base_url", "headers", "client"),
    [
        ("http://localhost:8080", {}, "192.0.2.7"),
        ("http://localhost:8080", {"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1"),
        ("https://clinic.example", {}, "127.0.0.1"),
        ("https://clinic.example", {"Authorization": "Bearer wrong"}, "127.0.0.1"),
        ("https://clinic.example", {"Authorization": "Bearer "}, "127.0.0.1"),
    ],
)
async def test_nobody_else_does(settings: Any, base_url: str, headers: dict[str, str], client: str) -> None:
    status, body = await asked(settings(base_url), headers, client)
    assert (status, b"fedi_" in body) == (404, False)


async def test_behind_a_proxy_a_token_is_asked_for(settings: Any) -> None:
    behind = settings("https://clinic.example", "a-long-secret")
    assert (await asked(behind, {"Authorization": "Bearer a-long-secret"}))[0] == 200
    assert (await asked(behind, {"Authorization": "Bearer a-long-secre"}))[0] == 404
