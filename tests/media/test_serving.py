"""Who gets a file, and how: the rule is asked at each request, and denied is missing in bytes."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from fedi_community.domain.effects import Decision, MarkActor, SetHost, SetState
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import State, Viewer
from fedi_community.media.addresses import DAY_MS, Addresses, Holder
from tests.mastodon.conftest import Reply, World
from tests.media import files
from tests.media.conftest import Phone, load, phone

ABSENT = "https://clinic.example/media/aaaaaaaaaaaaaaaaaaaaaaaaaa.jpg"
DAY = 86_400
PEER = "https://peer.example/users/alice"


async def absent(world: World) -> tuple[int, dict[str, str], bytes]:
    return whole(await load(world, ABSENT))


def whole(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """An answer without what may differ."""
    skip = {"date", "x-request-id"}
    return reply.status, {k.lower(): v for k, v in reply.headers.items() if k.lower() not in skip}, reply.body


async def private(world: World, nadia: Phone, data: bytes | None = None, **more: Any) -> dict[str, Any]:
    """A post for nadia's followers, as she is shown it."""
    made = await nadia.upload(data or files.jpeg())
    posted = await nadia.post(made["id"], visibility="private", **more)
    assert posted.status == 200, posted.body
    return dict(posted.json)


def url_of(status: Any, name: str = "url") -> str:
    return str(status["media_attachments"][0][name])


async def sent(world: World, address: str, method: str) -> Any:
    """The start of an answer as it leaves: a test client measures an empty body again."""
    started: list[Any] = []
    asked: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not asked:
            await asyncio.Event().wait()  # a client that stays: answering at once again would spin for ever
        return asked.pop()

    async def send(message: Any) -> None:
        started.append(message)

    path = urlsplit(address).path
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
             "scheme": "https", "http_version": "1.1", "root_path": "", "client": ("127.0.0.1", 1), "server": ("x", 1),
             "asgi": {"version": "3.0", "spec_version": "2.3"}, "extensions": {}}  # fmt: skip
    await world.parts.asgi(scope, receive, send)
    assert b"".join(m.get("body", b"") for m in started) == b""
    return started[0]


# --- addresses ------------------------------------------------------------------------------------------------------------


def test_an_address_is_the_same_for_a_day_and_nobody_elses() -> None:
    now = [1_700_000_000_000 // DAY_MS * DAY_MS]
    made = Addresses(b"x" * 32, "https://clinic.example", lambda: now[0])
    nadia, omar, host = Viewer(4, True), Viewer(8, True), Viewer(0, False, "peer.example", instance=True)
    path = "/media/aaaaaaaaaaaaaaaaaaaaaaaaaa.jpg"
    first = made.sealed(nadia, path)
    now[0] += DAY_MS - 1
    assert made.sealed(nadia, path) == first
    assert len({first, made.sealed(omar, path), made.sealed(host, path), made.plain(path)}) == 4
    assert made.sealed(Viewer(), path) == made.plain(path)
    key, name = first.split("/")[-2:]
    assert made.holder(key, name) == Holder(actor_id=4)
    assert made.holder(key, name.replace("a.", "b.")) is None, "a key is for one file"
    assert made.holder(key[:-3] + "AAA", name) is None
    assert Addresses(b"y" * 32, "", lambda: now[0]).holder(key, name) is None
    for nonsense in ("", "x", "é" * 20, "A" * 1000, "../..", "=" * 8):
        assert made.holder(nonsense, name) is None
    now[0] += 1
    assert made.sealed(nadia, path) != first
    assert made.holder(key, name) == Holder(actor_id=4), "one more day for what is on the screen"
    of_host = made.sealed(Viewer(12, False, "peer.example"), path).split("/")[-2]
    assert made.holder(of_host, name) == Holder(host="peer.example"), "its readers share it"
    now[0] += DAY_MS
    assert made.holder(key, name) is None
    assert made.holder(of_host, name) == Holder(host="peer.example")
    now[0] += 40 * DAY_MS
    assert made.holder(of_host, name) is None


def test_an_address_says_nothing_about_its_holder() -> None:
    made = Addresses(b"x" * 32, "", lambda: 1_700_000_000_000)
    path = "/media/aaaaaaaaaaaaaaaaaaaaaaaaaa.jpg"
    assert "peer" not in made.sealed(Viewer(0, False, "peer.example", instance=True), path)
    one, other = (made.sealed(Viewer(i, True), path) for i in (4, 8))
    assert one[:12] != other[:12]


# --- public files ---------------------------------------------------------------------------------------------------------


async def test_a_public_file_is_sent_so_that_no_browser_runs_it(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.jpeg())
    got = await load(world, url_of((await nadia.post(made["id"])).json))
    assert got.headers["Content-Type"] == "image/jpeg"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert got.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in got.headers


async def test_a_file_that_is_known_is_not_sent_again(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.jpeg())
    url = url_of((await nadia.post(made["id"])).json)
    etag = (await load(world, url)).headers["ETag"]
    again = await load(world, url, If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")
    assert (await load(world, url, If_None_Match='"other"')).status == 200


async def test_players_get_ranges(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.film())
    url = url_of((await nadia.post(made["id"])).json)
    whole_ = await load(world, url)
    size = len(whole_.body)
    assert (whole_.status, whole_.headers["Accept-Ranges"]) == (200, "bytes")
    for asked, start, end in (("bytes=0-99", 0, 100), ("bytes=100-", 100, size), ("bytes=-50", size - 50, size),
                              (f"bytes=10-{size * 2}", 10, size)):  # fmt: skip
        got = await load(world, url, Range=asked)
        assert (got.status, got.body) == (206, whole_.body[start:end]), asked
        assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert got.headers["Content-Length"] == str(end - start)
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=9-3"):
        got = await load(world, url, Range=asked)
        assert (got.status, got.headers["Content-Range"]) == (416, f"bytes */{size}"), asked
    for asked in ("bytes=0-1,5-6", "lines=0-9", "bytes=-", "bytes=a-b"):
        assert (await load(world, url, Range=asked)).status == 200, asked
    changed = await load(world, url, Range="bytes=0-9", If_Range='"other"')
    assert (changed.status, len(changed.body)) == (200, size)
    head = await sent(world, url, "HEAD")
    assert (head["status"], dict(head["headers"])[b"content-length"]) == (200, str(size).encode())


async def test_names_that_are_none_are_missing(world: World) -> None:
    nothing = await absent(world)
    assert nothing[0] == 404
    for path in ("x", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "community.db", "..%2Fcommunity.db", "incoming/aaaaaaaaaaaaaaaaaaaaaaaaaa",
                 "aaaaaaaaaaaaaaaaaaaaaaaaaa-s.webp", "k/aaaaaaaaaaaaaaaaaaaaaaaaaa.jpg"):  # fmt: skip
        got = whole(await load(world, f"https://clinic.example/media/{path}"))
        assert got == nothing, path


# --- restricted files -----------------------------------------------------------------------------------------------------


async def test_a_file_of_a_restricted_post_has_an_address_for_each_reader(world: World, nadia: Phone) -> None:
    omar, eve = await phone(world, "omar"), await phone(world, "eve")
    await world.make.join(omar.id, nadia.id)
    post = await private(world, nadia)
    mine = url_of(post)
    shown = (await omar.get(f"/api/v1/statuses/{post['id']}")).json
    his, small = url_of(shown), url_of(shown, "preview_url")
    assert mine != his
    assert (await omar.get(f"/api/v1/statuses/{post['id']}")).json["media_attachments"] == shown[
        "media_attachments"
    ]
    for address in (mine, his, small):
        got = await load(world, address)
        assert (got.status, got.headers["Cache-Control"]) == (200, "private, max-age=300")
        assert files.PLACE.encode() not in got.body
    name = his.rsplit("/", 1)[1]
    nothing = await absent(world)
    for address in (f"https://clinic.example/media/{name}", his.replace("/media/", "/media/x"),
                    small.rsplit("/", 1)[0] + "/" + name):  # fmt: skip
        assert whole(await load(world, address)) == nothing
    hers = world.parts.db.address(Viewer(eve.id, True), f"/media/{name}")
    assert whole(await load(world, hers)) == nothing, "an address is no permission"


async def test_who_may_no_longer_read_the_post_no_longer_gets_the_file(world: World, nadia: Phone) -> None:
    omar = await phone(world, "omar")
    nothing = await absent(world)
    await world.make.join(omar.id, nadia.id)
    post = await private(world, nadia)
    his = url_of((await omar.get(f"/api/v1/statuses/{post['id']}")).json)
    assert (await load(world, his)).status == 200
    await world.make.leave(omar.id, nadia.id)
    assert whole(await load(world, his)) == nothing, "he left"
    await world.make.join(omar.id, nadia.id)
    assert (await load(world, his)).status == 200
    await world.make.block(nadia.id, omar.id)
    assert whole(await load(world, his)) == nothing, "she blocked him"
    await world.make.block(nadia.id, omar.id, on=False)
    await world.make.join(omar.id, nadia.id)
    assert (await load(world, his)).status == 200
    for state in ("suspended", "active"):
        needs = Needs(actor_ids=frozenset({omar.id}))
        mark: Any = state
        await world.make.must(needs, lambda f, m=mark: Decision((MarkActor(f.actors[omar.id], m, f.now),)))
        got = await load(world, his)
        assert (whole(got) == nothing) is (state == "suspended")
    world.clock.forward(2 * DAY)
    assert whole(await load(world, his)) == nothing, "the address is old"
    fresh = url_of((await omar.get(f"/api/v1/statuses/{post['id']}")).json)
    assert (await load(world, fresh)).status == 200


async def test_a_file_of_a_members_group_is_for_its_members(world: World, nadia: Phone) -> None:
    group = await world.make.group("caregivers", reads="members")
    omar, eve = await phone(world, "omar"), await phone(world, "eve")
    for one in (nadia, omar):
        await world.make.add(group, one.id)
    made = await nadia.upload(files.jpeg())
    post = (await nadia.post(made["id"], status="@caregivers look")).json
    assert post["visibility"] == "private"
    his = url_of((await omar.get(f"/api/v1/statuses/{post['id']}")).json)
    assert (await load(world, his)).status == 200
    assert (await eve.get(f"/api/v1/statuses/{post['id']}")).status == 404
    await world.make.remove(group, omar.id)
    assert whole(await load(world, his)) == await absent(world)


async def test_a_public_post_that_is_removed_takes_its_plain_address_along(
    world: World, nadia: Phone
) -> None:
    made = await nadia.upload(files.jpeg())
    post = (await nadia.post(made["id"])).json
    plain = url_of(post)
    post_id = int(post["id"])
    needs = Needs(post_ids=frozenset({post_id}))
    await world.make.must(needs, lambda f: Decision((SetState(f.posts[post_id], State.REMOVED),)), 0)
    assert whole(await load(world, plain)) == await absent(world)
    mine = url_of((await nadia.get(f"/api/v1/statuses/{post_id}")).json)
    assert mine != plain
    assert (await load(world, mine)).status == 200


async def test_an_upload_that_is_not_posted_is_its_owners(world: World, nadia: Phone) -> None:
    eve = await phone(world, "eve")
    made = await nadia.upload(files.jpeg())
    assert (await load(world, made["url"])).status == 200
    name = made["url"].rsplit("/", 1)[1]
    nothing = await absent(world)
    assert whole(await load(world, f"https://clinic.example/media/{name}")) == nothing
    hers = world.parts.db.address(Viewer(eve.id, True), f"/media/{name}")
    assert whole(await load(world, hers)) == nothing


# --- other servers --------------------------------------------------------------------------------------------------------


async def test_another_server_gets_an_address_that_works_for_its_readers_alone(
    world: World, nadia: Phone
) -> None:
    alice = await world.make.remote(PEER)
    await world.make.remote("https://other.example/users/rita")
    await world.make.join(alice, nadia.id, f"{PEER}/follows/1")
    post = await private(world, nadia, files.png())
    post_id = int(post["id"])
    documents = world.parts.documents
    person = await documents.post(Viewer(alice, False, "peer.example"), post_id)
    host = await documents.post(Viewer(0, False, "peer.example", instance=True), post_id)
    assert person is not None
    assert host is not None
    assert person["attachment"] == host["attachment"]
    (image,) = person["attachment"]
    assert (image["type"], image["mediaType"]) == ("Image", "image/png")
    assert (image["width"], image["height"], len(image["blurhash"])) == (320, 200, 28)
    assert (await load(world, image["url"])).status == 200
    nothing = await absent(world)
    name = image["url"].rsplit("/", 1)[1]
    foreign = world.parts.db.address(Viewer(0, False, "other.example", instance=True), f"/media/{name}")
    assert whole(await load(world, foreign)) == nothing
    unknown = world.parts.db.address(Viewer(0, False, "never.example", instance=True), f"/media/{name}")
    assert whole(await load(world, unknown)) == nothing
    world.clock.forward(20 * DAY)
    assert (await load(world, image["url"])).status == 200, "a peer keeps what it was told"
    await world.make.must(Needs(), lambda f: Decision((SetHost("peer.example", "suspended"),)), 0)
    assert whole(await load(world, image["url"])) == nothing


async def test_a_public_document_has_plain_addresses_for_everybody(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.film(), description="A walk", focus="0,0.5")
    post = (await nadia.post(made["id"])).json
    for viewer in (Viewer(), Viewer(0, False, "peer.example", instance=True)):
        document = await world.parts.documents.post(viewer, int(post["id"]))
        assert document is not None
        assert document["attachment"] == [
            {"type": "Document", "url": url_of(post), "mediaType": "video/mp4", "name": "A walk", "width": 320, "height": 240,
             "blurhash": post["media_attachments"][0]["blurhash"], "focalPoint": [0, 0.5]}
        ]  # fmt: skip


# --- pages ----------------------------------------------------------------------------------------------------------------


async def test_pages_show_pictures_films_and_sounds_with_their_words(world: World, nadia: Phone) -> None:
    ids = [
        (await nadia.upload(files.jpeg(), description='A "heart"'))["id"],
        (await nadia.upload(files.film(), description="A walk"))["id"],
        (await nadia.upload(files.sound("mp3", "libmp3lame"), description="Rain"))["id"],
    ]
    post = (await nadia.post(*ids)).json
    for prefix in ("", "/es"):
        page = (await world.get(f"{prefix}/objects/{post['id']}", Accept="text/html")).body.decode()
        assert 'alt="A &#34;heart&#34;" loading="lazy" width="320" height="200"' in page
        assert "<video " in page
        assert "<audio " in page
        assert page.count(" controls ") == 2
        assert ">Rain</span>" in page
    got = await world.get(f"/objects/{post['id']}", Accept="text/html")
    assert "media-src 'self'" in got.headers["Content-Security-Policy"]
