"""Pages, assets and SDK as they are served: types, policy, caching, compression."""

import base64
import gzip
import hashlib
import json
import re
from types import SimpleNamespace

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from showcaller.api import pages
from showcaller.api.agenda import PUBLIC_URL
from showcaller.domain.schedule import Brand, Schedule
from showcaller.http.answers import errors_as_problems
from showcaller.http.asker import LOOKUP

EVENT = "harbour-conf"
SCHEDULE = Schedule(
    event_id=EVENT,
    title='Ships & "cranes" <1>',
    summary="Two days\nof them.",
    time_zone="UTC",
    stages=(),
    sessions=(),
    brand=Brand(light="#0d5c63", cover="pictures/a cover.png"),
)


async def text_of(answer):
    """The answer's text, whichever way it was compressed."""
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}
    body = await answer.read()
    return unpack.get(answer.headers.get("Content-Encoding"), bytes)(body).decode()


def app_with_pages(loose=False):
    app = web.Application(middlewares=[errors_as_problems])
    sheet = SimpleNamespace(schedule=SCHEDULE)
    event = SimpleNamespace(event_id=EVENT, state=SimpleNamespace(runsheet=sheet))
    app[LOOKUP] = {EVENT: SimpleNamespace(event=event)}.get
    app[PUBLIC_URL] = "https://live.example.org"
    app[pages.LOOSE] = loose
    pages.register(app)
    return app


@pytest.fixture
async def client():
    async with TestClient(TestServer(app_with_pages()), auto_decompress=False) as client:
        yield client


@pytest.fixture
async def loose_client():
    app = app_with_pages(loose=True)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "",
        "watch/opening",
        "questions/opening",
        "captions/opening",
        "captions",
        "speak/opening",
        "moderate",
        "produce",
        "access",
        "history",
        "organise",
    ],
)
async def test_every_page_of_an_event_is_served_with_its_policy(client, path):
    answer = await client.get(f"/e/{EVENT}/{path}")
    assert answer.status == 200
    assert answer.content_type == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("path", "name"), [("", ""), ("produce", "Produce – "), ("speak", "Speak – ")]
)
async def test_an_events_page_has_its_title_and_description_in_the_head(client, path, name):
    answer = await client.get(f"/e/{EVENT}/{path}", headers={"Accept-Encoding": "identity"})
    head = (await answer.text()).partition("</head>")[0]
    title = "Ships &amp; &quot;cranes&quot; &lt;1&gt;"
    assert f"<title>{name}{title}</title>" in head
    assert f'<meta property="og:title" content="{title}">' in head
    assert '<meta name="description" content="Two days of them.">' in head
    picture = f"https://live.example.org/api/v1/events/{EVENT}/pictures/pictures/a%20cover.png"
    assert f'<meta property="og:image" content="{picture}">' in head
    assert "<!--" not in head


async def test_a_home_screen_is_told_of_the_event(client):
    answer = await client.get(
        f"/e/{EVENT}/manifest.webmanifest", headers={"Accept-Encoding": "identity"}
    )
    assert answer.content_type == "application/manifest+json"
    told = json.loads(await answer.read())
    assert (told["name"], told["start_url"]) == (SCHEDULE.title, f"/e/{EVENT}/")
    for icon in told["icons"]:
        assert (await client.get(icon["src"])).content_type == icon["type"]
    assert (await client.get("/favicon.ico")).content_type == "image/png"


async def test_an_event_that_is_not_here_has_a_page_of_its_own(client):
    answer = await client.get("/e/another/")
    assert answer.status == 404
    assert answer.content_type == "text/html"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/foo", "nothing at this address"),
        ("/e/another/foo", "nothing at this address"),
        (f"/e/{EVENT}/foo", "no such page"),
        (f"/e/{EVENT}/watch/", "no such page"),
        (f"/e/{EVENT}/speak/", "no such page"),
        (f"/e/{EVENT}/speak/opening/more", "no such page"),
    ],
)
async def test_a_wrong_address_is_a_page_that_leads_on(client, path, says):
    answer = await client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status, answer.content_type) == (404, "text/html")
    assert says in await text_of(answer)


@pytest.mark.parametrize("path", ["/foo", f"/e/{EVENT}/foo", "/api/v1/foo", "/assets/none.js"])
async def test_a_program_that_asks_for_a_wrong_address_is_told_the_problem(client, path):
    answer = await client.get(path, headers={"Accept": "*/*"})
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("event", [EVENT, "a%2Fb", "a%3Fb"])
async def test_the_address_without_a_slash_leads_to_the_one_with_it(client, event):
    address = URL(f"/e/{event}", encoded=True)
    answer = await client.get(address, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (308, f"/e/{event}/")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/assets/base.css", "text/css"),
        ("/assets/watch.js", "text/javascript"),
        ("/assets/icon.svg", "image/svg+xml"),
        ("/sdk/index.js", "text/javascript"),
    ],
)
async def test_assets_have_their_types(client, path, content_type):
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, content_type)


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/../pages/home.html", "/sdk/../package.json", "/assets/%2e%2e/x"],
)
async def test_nothing_else_is_served(client, path):
    answer = await client.get(path)
    assert answer.status == 404


async def test_a_cache_that_asks_again_is_told_that_nothing_changed(client):
    first = await client.get("/assets/base.css")
    again = await client.get("/assets/base.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""
    assert first.headers["Cache-Control"] == "public, max-age=60"


async def test_a_loose_page_names_all_of_its_modules(loose_client):
    answer = await loose_client.get(f"/e/{EVENT}/watch/opening")
    modules = re.findall(r"<([^>]+)>; rel=modulepreload", answer.headers["Link"])
    assert modules[0] == "/assets/watch.js"
    assert {"/assets/dom.js", "/sdk/client.js", "/sdk/follower.js"} <= set(modules)
    for address in modules:
        assert (await loose_client.get(address)).status == 200


async def test_browsers_ask_for_a_page_again_and_cdns_twice_a_minute(client):
    answer = await client.get(f"/e/{EVENT}/watch/opening")
    kept = answer.headers["Cache-Control"]
    assert kept == "public, max-age=0, s-maxage=30, stale-while-revalidate=30"
    again = {"If-None-Match": answer.headers["ETag"]}
    assert (await client.get(f"/e/{EVENT}/watch/opening", headers=again)).status == 304
    assert (await client.get("/e/another/")).headers["Cache-Control"] == "no-cache"


async def test_a_page_is_three_files_and_the_agenda_is_asked_for_with_them(client):
    answer = await client.get(f"/e/{EVENT}/")
    html = await text_of(answer)
    files = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:css|js|svg))"', html)
    assert [file.rpartition(".")[2] for file in files] == ["css", "js"]
    style, script, agenda = answer.headers["Link"].split(", ")
    assert style == f"<{files[0]}>; rel=preload; as=style"
    assert script == f"<{files[1]}>; rel=modulepreload"
    assert agenda == f"</api/v1/events/{EVENT}>; rel=preload; as=fetch; crossorigin=anonymous"


async def files_of(client, path=f"/e/{EVENT}/"):
    html = await text_of(await client.get(path))
    return re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:css|js))"', html)


async def test_the_files_of_a_page_are_kept_for_good(client):
    for file in await files_of(client):
        answer = await client.get(file)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Encoding"] in ("br", "gzip")


async def test_a_page_of_another_release_gets_the_files_of_this_one_and_keeps_none(client):
    for file in await files_of(client):
        name, digest, kind = file.split(".")
        other = await client.get(f"{name}.{'0' * len(digest)}.{kind}")
        assert other.headers["Cache-Control"] == "no-store"
        assert await other.read() == await (await client.get(file)).read()
    assert (await client.get(f"/assets/none.{digest}.js")).status == 404


async def test_a_script_has_a_map_of_the_modules_that_it_was_made_of(client):
    _, script = await files_of(client)
    address = re.search(r"sourceMappingURL=(\S+)\n$", await text_of(await client.get(script)))[1]
    mapped = json.loads(await text_of(await client.get(address)))
    assert mapped["sources"][-1] == "/assets/agenda.js"
    for source in mapped["sources"]:
        assert (await client.get(source)).status == 200


def test_every_page_can_be_made_in_parts():
    made = pages.Pages(pages.WEB, next(folder for folder in pages.SDK_FOLDERS if folder.is_dir()))
    for name, file in pages.read_folder(pages.WEB / "pages").items():
        parts = made._maker.make(name.removesuffix(".html"), file.text).parts
        assert ("js" in parts) == ("<script" in file.text), name


def test_modules_are_named_once_even_if_they_import_one_another():
    modules = {
        "/a/x.js": 'import {\n  y,\n} from "./y.js";\n/** @type {import("./no.js").T} */',
        "/a/y.js": 'export { z } from "/b/z.js";\nimport "./x.js";\nexport const w = "./w.js";',
        "/b/z.js": "",
    }
    html = '<script type="module" src="/a/x.js"></script>'
    assert pages.modules_of(html, modules) == ["/a/x.js", "/a/y.js", "/b/z.js"]


async def test_who_takes_gzip_gets_it_and_others_get_the_same_plain(client):
    plain = await client.get("/assets/base.css", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/assets/base.css", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(await packed.read()) == await plain.read()


def test_pages_hold_no_inline_script_or_style():
    for name, file in pages.read_folder(pages.WEB / "pages").items():
        html = file.body.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", html), name


def test_every_file_that_a_page_names_exists():
    assets = pages.read_folder(pages.WEB / "assets")
    for name, file in pages.read_folder(pages.WEB / "pages").items():
        for asset in re.findall(r'"/assets/([^"]+)"', file.body.decode()):
            assert asset in assets, f"{name} names {asset}"


async def test_the_policy_allows_the_script_that_chooses_the_language_and_no_other(client):
    answer = await client.get("/e/another/", headers={"Accept-Encoding": "identity"})
    page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    [script] = re.findall(r"<script data-[^>]*>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert page.index("<script") < page.index("<title>")


async def test_a_catalogue_is_kept_for_good_and_another_releases_is_not(client):
    page = await text_of(await client.get("/e/another/"))
    addresses = dict(re.findall(r'data-([a-z]+)="(/assets/words/[^"]+)"', page))
    assert set(addresses) == {"ar", "de"}
    for language, address in addresses.items():
        answer = await client.get(address)
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.content_type == "application/json"
        assert "Events" in json.loads(await text_of(answer)), language
    old = await client.get(f"/assets/words/de.{'0' * 24}.json")
    assert (old.status, old.headers["Cache-Control"]) == (200, "no-store")
    assert (await client.get(f"/assets/words/fr.{'0' * 24}.json")).status == 404


async def test_what_is_read_without_scripts_is_there_in_each_language(client):
    page = await text_of(await client.get(f"/e/{EVENT}/"))
    [without] = re.findall(r"<noscript>(.*?)</noscript>", page)
    assert 'lang="de" dir="ltr"' in without
    assert 'lang="ar" dir="rtl"' in without
    assert "needs JavaScript" in without
