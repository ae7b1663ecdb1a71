"""WHIP and WHEP over HTTP, with aiortc as an independent client: what is let in, and what is answered."""

import json
import re

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.media.node.ice_servers import IceServers
from showcaller.testing.media_node import DOORS_ONE_MIN, PRODUCER, MediaNode
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.until import until

SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
PROBLEM = "application/problem+json"


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


@pytest.fixture
async def node(broker):
    turn = IceServers(("turn:me:secret@turn.example:3478",))
    async with MediaNode(broker, ice_servers=turn) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        yield node


@pytest.fixture
async def desk(broker):
    """A node without workers: for requests that never come as far as a worker."""
    async with MediaNode(broker, workers=0) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        yield node


@pytest.fixture
async def offers():
    """Return what a publisher and a viewer would offer."""
    clients = {"publish": Publisher(), "view": Watcher()}
    yield {name: await client.offer() for name, client in clients.items()}
    for client in clients.values():
        await client.close()


async def test_a_talk_is_published_watched_and_ended(node):
    publisher, published = await node.publish(brightness=90)
    await node.until(lambda: node.on_air("one"))
    for path in ("stages/main/whep", "sessions/one/whep"):
        watcher, watched = await node.watch(path)
        await watcher.wait_for_frames(10)
    for posted in (published, watched):
        assert posted.headers["Content-Type"] == SDP  # no charset: clients compare it whole
        assert re.fullmatch(r"/api/v1/events/event/media/w_\w+~r_\w+", posted.resource)
        assert re.fullmatch(r'"[^"]+"', posted.headers["ETag"])
        assert posted.headers["Accept-Patch"] == FRAGMENT
        assert posted.headers["Link"] == (
            '<turn:turn.example:3478>; rel="ice-server"; username="me"; '
            'credential="secret"; credential-type="password"'
        )
        assert posted.headers["Access-Control-Allow-Origin"] == "*"
        exposed = posted.headers["Access-Control-Expose-Headers"]
        assert {"Location", "ETag", "Link"} <= set(exposed.split(", "))
    assert node.on_air("one") == [published.resource.rpartition("/")[2]]

    speaker = node.token("speaker", person="p_speaker", sessions=("one",))
    deleted = await node.ask("DELETE", published.resource, token=speaker, If_Match='"old"')
    assert deleted.status == 200
    await node.until(lambda: not node.on_air("one"))
    gone = await node.ask("DELETE", published.resource, token=speaker)
    assert (gone.status, gone.type) == (404, PROBLEM)
    await publisher.close()


async def test_passwords_of_ice_servers_are_told_to_those_let_in_only(node):
    for path in ("sessions/one/whip", "stages/main/whep"):
        for method in ("OPTIONS", "GET", "HEAD"):
            assert "Link" not in (await node.ask(method, path)).headers


async def test_the_viewer_follows_the_clock_to_the_next_talk(node):
    await node.publish("one", brightness=60)
    watcher, _ = await node.watch()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    await node.end_session("one")
    await node.until(lambda: not node.on_air("one"))  # its room has closed
    await node.start_session("two")
    await node.publish("two", brightness=200)
    await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)


async def test_a_resource_is_patched_and_deleted_by_its_owner_only(node):
    await node.publish()
    _, watched = await node.watch()
    owner = node.token(person="p_viewer")
    tag = watched.headers["ETag"]
    fragment = "a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"

    async def patch(body=fragment, token=owner, resource=watched.resource, **headers):
        asked = {"Content_Type": FRAGMENT, "If_Match": tag} | headers
        asked = {name: value for name, value in asked.items() if value}
        answer = await node.ask("PATCH", resource, body, token=token, **asked)
        return answer.status

    assert await patch() == 204
    assert await patch(If_Match=None) == 428
    assert await patch(If_Match='"older"') == 412
    assert await patch(If_Match="*") == 204
    assert await patch(Content_Type=SDP) == 415
    assert await patch(body="rubbish") == 400
    assert await patch(body="a" * 70_000) == 413
    assert await patch(token="") == 401
    assert await patch(token=node.token(person="p_other")) == 403
    assert await patch(resource=watched.resource + "0") == 404

    async def get(token, method="GET"):
        answer = await node.ask(method, watched.resource, token=token)
        assert answer.text == "" or answer.type == PROBLEM
        return answer.status

    assert await get(owner) == await get(owner, "HEAD") == await get(node.token("producer")) == 204
    assert await get("") == 401
    assert await get(node.token(person="p_other")) == 403

    async def delete(token):
        return (await node.ask("DELETE", watched.resource, token=token)).status

    assert await delete("") == 401
    assert await delete(node.token(person="p_other")) == 403
    assert await delete(node.token("producer")) == 200
    assert await delete(owner) == 404
    assert await get(owner) == 404


async def test_an_ice_restart_has_new_credentials_and_a_new_etag(node):
    """RFC 9725 §4.3.2; the connection itself is tried in the transport's tests."""
    _, published = await node.publish()
    owner = node.token("speaker", person="p_speaker", sessions=("one",))

    async def patch(fragment, if_match):
        headers = {"Content_Type": FRAGMENT, "If_Match": if_match}
        return await node.ask("PATCH", published.resource, fragment, token=owner, **headers)

    restart = "a=ice-ufrag:newOne\r\na=ice-pwd:0123456789012345678901\r\n"
    restarted = await patch(restart, "*")
    assert (restarted.status, restarted.type) == (200, FRAGMENT)
    for line in ("a=ice-ufrag:", "a=ice-pwd:", "a=candidate:"):
        assert line in restarted.text
    old, new = published.headers["ETag"], restarted.headers["ETag"]
    assert old != new
    trickled = "a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
    assert (await patch(trickled, old)).status == 412
    taken = await patch(trickled, new)
    assert (taken.status, taken.text, "ETag" in taken.headers) == (204, "", False)
    assert (await patch(trickled, f"W/{new}")).status == 204  # a proxy has compressed the answer
    assert (await patch(trickled, f"W/{old}")).status == 412
    assert (await patch("a=ice-ufrag:again\r\n", "*")).status == 400
    assert (await patch(trickled, new)).status == 204  # what is refused changes nothing


async def test_a_speaker_says_what_is_published(node, offers):
    published = {}
    for source in ("main", "slides", "spare"):
        _, posted = await node.publish(source=source)
        published[posted.resource.rpartition("/")[2]] = source
    await node.until(lambda: len(node.on_air("one")) == 3)
    publications = node.sheet.sessions["one"].publications
    assert {id: publication.source for id, publication in publications.items()} == published
    producer = node.token("producer")
    refused = await node.post("sessions/one/whip?source=attic", offers["publish"], producer)
    assert (refused.status, refused.type) == (400, PROBLEM)
    assert json.loads(refused.text)["field"] == "source"


async def test_before_the_start_producers_alone_see_who_publishes(broker):
    """Then the clock puts it on the stage, for those too who were there early."""
    async with MediaNode(broker, from_min=DOORS_ONE_MIN) as node:
        await node.until(lambda: node.sheet.sessions["one"].state == "doors_open")
        _, published = await node.publish(brightness=60)
        await node.until(lambda: node.on_air("one"))
        watcher, _ = await node.watch()
        producer = node.token("producer")
        preview, _ = await node.watch(_preview_of(published), token=producer)
        await preview.wait_for(lambda w: abs(w.brightness - 60) < 12)
        await preview.wait_for_frames(25)
        assert watcher.frames == {"audio": 0, "video": 0}
        await node.start_session("one")
        await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
        await watcher.wait_for_frames(5)


async def test_a_producer_may_put_a_publication_on_the_stage_before_the_start(broker):
    async with MediaNode(broker, from_min=DOORS_ONE_MIN) as node:
        await node.until(lambda: node.sheet.sessions["one"].state == "doors_open")
        await node.publish(brightness=60)
        _, slides = await node.publish(source="slides", brightness=200)
        await node.until(lambda: len(node.on_air("one")) == 2)
        watcher, _ = await node.watch()
        await _choose(node, slides)
        await watcher.wait_for(lambda w: abs(w.brightness - 200) < 12)
        preview, _ = await node.watch(_preview_of(slides), token=node.token("producer"))
        await _choose(node, None)

        async def nothing_comes():
            before = dict(watcher.frames)
            await preview.wait_for_frames(25)
            return watcher.frames == before

        await until(nothing_comes, 10)


async def test_producers_preview_what_is_not_on_the_stage(node, offers):
    await node.publish(brightness=60)
    _, slides = await node.publish(source="slides", brightness=200)
    await node.until(lambda: len(node.on_air("one")) == 2)
    path = _preview_of(slides)
    preview, _ = await node.watch(path, token=node.token("producer"))
    await preview.wait_for(lambda w: abs(w.brightness - 200) < 12)
    watcher, _ = await node.watch()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)

    owner = node.token("speaker", person="p_speaker", sessions=("one",))
    assert (await node.post(path, offers["view"], owner)).status == 403
    producer = node.token("producer")
    gone = await node.post(path.replace("/whep", "0/whep"), offers["view"], producer)
    assert gone.status == 404
    assert (await node.post("publications/x/whep", offers["view"], producer)).status == 404


async def test_a_producer_puts_another_publication_on_the_stage(node):
    await node.publish(brightness=60)
    _, slides = await node.publish(source="slides", brightness=200)
    await node.until(lambda: len(node.on_air("one")) == 2)
    watcher, _ = await node.watch()
    await watcher.wait_for(lambda w: abs(w.brightness - 60) < 12)
    for posted, brightness in ((slides, 200), (None, 60)):
        await _choose(node, posted)
        await watcher.wait_for(lambda w, wanted=brightness: abs(w.brightness - wanted) < 12)


async def test_a_viewer_chooses_a_layer_for_itself_only(node):
    await node.publish()
    watcher, watched = await node.watch()
    await watcher.wait_for_frames(2)
    owner = node.token(person="p_viewer")

    async def choose(body, token=owner, resource=watched.resource, type="application/json"):
        path = f"{resource}/layer"
        return (await node.ask("POST", path, body, token=token, Content_Type=type)).status

    assert await choose('{"layer": "none"}') == 204
    await until(lambda: _stops(watcher), 5)
    assert await choose('{"layer": "auto"}') == 204
    await watcher.wait_for_frames(5)
    for wrong in ('{"layer": "best"}', "{}", "[]", "none", ""):
        assert await choose(wrong) == 400
    assert await choose('{"layer": "low"}', type="text/plain") == 415
    assert await choose('{"layer": "low"}', token="") == 401
    assert await choose('{"layer": "low"}', token=node.token("producer")) == 403
    assert await choose('{"layer": "low"}', resource=watched.resource + "0") == 404
    options = await node.ask("OPTIONS", f"{watched.resource}/layer")
    assert "POST" in options.headers["Access-Control-Allow-Methods"]
    assert options.headers["Accept-Post"] == "application/json"


async def _stops(watcher):
    """Return whether pictures stop while the sound goes on."""
    before = dict(watcher.frames)
    await watcher.wait_for(lambda w: w.frames["audio"] >= before["audio"] + 25)
    return watcher.frames["video"] == before["video"]


def _preview_of(posted):
    return f"publications/{posted.resource.rpartition('/')[2]}/whep"


async def _choose(node, posted):
    """Have a producer put it on the stage; None: as if nothing had been chosen."""
    publication = posted.resource.rpartition("/")[2] if posted else ""
    fact = facts.SourceChosen(
        session="one", publication=publication, control=f"c_{publication}", by=PRODUCER
    )
    outcome = await node.event.append(fact, f"choose {publication}")
    assert not outcome.refused


async def test_how_a_talk_came_across_is_kept(node):
    await node.publish()
    watcher, _ = await node.watch()
    await watcher.wait_for_frames(20)
    await node.end_session("one")
    await node.until(lambda: "one" in node.sheet.quality)
    quality = node.sheet.quality["one"]
    assert quality.viewers == 1
    assert quality.packets_sent > 20


async def test_a_banned_person_is_cut_off(node):
    await node.publish()
    watcher, _ = await node.watch()
    await watcher.wait_for_frames(2)
    await node.event.append(facts.PersonBanned(person="p_viewer", by=PRODUCER), "ban")
    owner = node.token(person="p_viewer")
    assert (await node.post("stages/main/whep", "v=0", owner)).status == 403
    await node.until(lambda: watcher.pc.connectionState == "closed")


@pytest.mark.parametrize(
    ("path", "roles", "status"),
    [
        ("sessions/one/whip", ("attendee",), 403),
        ("sessions/one/whip", ("moderator",), 403),
        ("sessions/nowhere/whip", ("producer",), 404),
        ("sessions/nowhere/whep", ("attendee",), 404),
        ("stages/nowhere/whep", ("attendee",), 404),
        ("/api/v1/events/nowhere/stages/main/whep", ("attendee",), 404),
        ("sessions/two/whip", ("producer",), 409),
        ("sessions/two/whep", ("attendee",), 409),
        ("stages/side/whep", ("attendee",), 409),
        ("stages/main/whep", ("attendee",), 503),  # admitted, but no worker runs
        ("sessions/one/whip", ("producer",), 503),
    ],
)
async def test_a_request_without_the_rights_is_refused(desk, offers, path, roles, status):
    offer = offers["publish" if path.endswith("whip") else "view"]
    refused = await desk.post(path, offer, desk.token(*roles))
    assert (refused.status, refused.type) == (status, PROBLEM), refused.text
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    if status in (409, 503):
        assert 1 <= int(refused.headers["Retry-After"]) <= 60


async def test_a_speaker_of_another_session_may_not_publish(desk, offers):
    token = desk.token("speaker", sessions=("two",))
    assert (await desk.post("sessions/one/whip", offers["publish"], token)).status == 403


async def test_a_session_that_is_over_takes_nobody(desk, offers):
    await desk.end_session("one")
    for path, offer in (("whip", offers["publish"]), ("whep", offers["view"])):
        refused = await desk.post(f"sessions/one/{path}", offer, desk.token("producer"))
        assert refused.status == 409
        assert "Retry-After" not in refused.headers


async def test_tokens_are_asked_for(desk, offers):
    for token in ("", "rubbish"):
        refused = await desk.post("stages/main/whep", offers["view"], token)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_body_that_is_no_offer_is_refused(node, offers):
    token = node.token("producer")

    async def post(body, type=SDP, path="stages/main/whep"):
        posted = await node.ask("POST", path, body, token=token, Content_Type=type)
        assert posted.type == PROBLEM
        return posted.status

    assert await post(offers["view"], "text/plain") == 415
    assert await post("v=0\r\n" + "a=x\r\n" * 20_000) == 413
    assert await post(b"\xff\xfe") == 400
    assert await post("rubbish") == 400
    assert await post("") == 400
    assert await post(re.sub("VP8|H264|opus", "AV1", offers["view"])) == 422
    assert await post(offers["publish"]) == 422  # it sends, but a viewer receives
    assert await post(offers["view"], path="sessions/one/whip") == 422
    assert len(node.media.measured().workers) == 1


async def test_endpoints_describe_themselves(desk):
    whip = await desk.ask("GET", "sessions/one/whip")
    assert (whip.status, whip.text) == (204, "")
    for method in ("GET", "HEAD"):
        whep = await desk.ask(method, "stages/main/whep")
        assert (whep.status, whep.type, whep.text) == (200, SDP, "")
    for path in ("sessions/one/whip", "sessions/one/whep", "stages/main/whep"):
        options = await desk.ask("OPTIONS", path, Origin="https://elsewhere.example")
        assert options.status == 204
        assert options.headers["Accept-Post"] == SDP
        assert "POST" in options.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in options.headers["Access-Control-Allow-Headers"]
    options = await desk.ask("OPTIONS", "media/w_1~r_2")
    assert "PATCH" in options.headers["Access-Control-Allow-Methods"]
    assert options.headers["Accept-Patch"] == FRAGMENT


async def test_one_person_cannot_pile_up_offers(node, offers):
    token = node.token(person="p_greedy")
    answered = [await node.post("stages/main/whep", offers["view"], token) for _ in range(17)]
    assert [posted.status for posted in answered] == [201] * 16 + [429]
    assert int(answered[-1].headers["Retry-After"]) >= 1
    other = await node.post("stages/main/whep", offers["view"], node.token())
    assert other.status == 201
