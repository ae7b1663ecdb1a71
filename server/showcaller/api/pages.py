"""The web pages: static HTML, styles and ES modules, served from memory.

Pages are the same for everybody: who looks and what is on comes over the API; those of an event have its
title and description in their head. So any cache may keep them. A page's styles are served as one file, and
its modules, linked, as another (`page_parts.py`); both are made when the page is first asked for. Loose, for
debugging, they are served one by one, and the page names all of its modules up front, so that a browser
fetches them at once. The policy allows no inline style, and one inline script: it chooses the language.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from ..bundling.script_text import UnreadableScript
from ..domain.schedule import Schedule
from ..http.answers import Handler
from ..http.asker import LOOKUP, served
from ..show.served import ServedEvent
from .agenda import PUBLIC_URL
from .event_head import manifest, with_head
from .page_parts import NAME, Page, PageMaker, entries_of
from .page_words import NAME as WORDS
from .page_words import catalogues_of, chooser_of, integrity_of, with_languages
from .prepared import prepare, prepared_answer
from .static_files import StaticFile, read_folder

log = logging.getLogger(__name__)

LOOSE: web.AppKey[bool] = web.AppKey("loose modules")

WEB = Path(__file__).parent.parent / "web"
# In a wheel the SDK lies beside the pages; in a checkout it is a folder of its own.
SDK_FOLDERS = (WEB / "sdk", WEB.parents[2] / "client_sdk" / "js" / "src")

_CHOOSER = chooser_of((WEB / "assets" / "language.js").read_text(encoding="utf-8"))
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' {integrity_of(_CHOOSER)}",
        "connect-src 'self' ws: wss:",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
VENDOR = "vendor/"  # others' scripts, which pages load when they need them
ASK_AGAIN = "no-cache"
KEEP_SHORTLY = "public, max-age=60"  # from page to page; a new release shows within a minute
KEEP_FOR_GOOD = "public, max-age=31536000, immutable"
# Browsers ask again; a CDN does so twice a minute, however many ask it.
SHARE_SHORTLY = "public, max-age=0, s-maxage=30, stale-while-revalidate=30"

_EVENT = re.compile(r"/e/([^/]+)/")
_NOT_PAGES = re.compile(r"/(api|assets|sdk)/")
_IMPORT = re.compile(r'^(?:import\b|export\s*[{*])[^;"]*"([^"]+)";', re.MULTILINE)


def modules_of(html: str, modules: dict[str, str]) -> list[str]:
    """Addresses of all modules that a page comes to import; `modules`: address → source."""
    found: list[str] = []
    ahead = entries_of(html)
    while ahead:
        address = ahead.pop(0)
        if address in modules and address not in found:
            found.append(address)
            folder = posixpath.dirname(address)
            imports = _IMPORT.findall(modules[address])
            ahead += [posixpath.normpath(posixpath.join(folder, one)) for one in imports]
    return found


def page_answer(
    request: web.Request,
    file: StaticFile,
    *,
    caching: str = ASK_AGAIN,
    status: int = 200,
    holds: Callable[[], bool] | None = None,
) -> web.Response:
    """Answer with a file of ours, under the policy of all pages. `holds`: as of `prepared_answer`."""
    return prepared_answer(
        request,
        file.prepared,
        content_type=file.content_type,
        charset="utf-8" if file.content_type.startswith("text/") else None,
        headers={"Cache-Control": caching, **PAGE_HEADERS},
        status=status,
        holds=holds,
    )


def page_file(name: str) -> StaticFile:
    """Return a page by itself, whose styles and modules are served one by one."""
    html = (WEB / "pages" / f"{name}.html").read_text(encoding="utf-8")
    catalogues = catalogues_of(read_folder(WEB / "assets"))
    return StaticFile(prepare(with_languages(html, _CHOOSER, catalogues).encode()), "text/html")


def _always() -> bool:
    return True


class Pages:
    """The handlers, over what was read at start-up. `loose`: serve modules and styles one by one."""

    def __init__(self, web_folder: Path, sdk_folder: Path, *, loose: bool = False) -> None:
        self._html = read_folder(web_folder / "pages")
        self._assets = read_folder(web_folder / "assets")
        self._sdk = read_folder(sdk_folder)
        self._catalogues = catalogues_of(self._assets)
        self._files = {f"/assets/{name}": file for name, file in self._assets.items()}
        self._files |= {f"/sdk/{name}": file for name, file in self._sdk.items()}
        self._loose = loose
        self._maker = PageMaker(self._files)
        self._made: dict[str, asyncio.Future[Page]] = {}
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self._heads: dict[tuple[str, str], tuple[Schedule, StaticFile]] = {}
        self._plain: dict[str, StaticFile] = {}

    async def close(self, _: web.Application) -> None:
        """Make nothing more."""
        self._aside.shutdown(wait=False, cancel_futures=True)

    async def _page(self, name: str) -> Page:
        """Return a page, made once for all who ask."""
        if name not in self._made:
            loop = asyncio.get_running_loop()
            self._made[name] = loop.run_in_executor(self._aside, self._make, name)
        return await asyncio.shield(self._made[name])

    def _make(self, name: str) -> Page:
        html = with_languages(self._html[f"{name}.html"].text, _CHOOSER, self._catalogues)
        if self._loose:
            return self._loose_page(html)
        try:
            return self._maker.make(name, html)
        except UnreadableScript as error:
            said = f"the page {name} is served in many files: {error}"
            log.warning(said, extra={"action": "pages.loose", "page": name})
            return self._loose_page(html)

    def _loose_page(self, html: str) -> Page:
        """Return a page as it is, with a `Link` header that names its modules (link type "modulepreload")."""
        sources = {name: file.text for name, file in self._files.items() if name.endswith(".js")}
        modules = modules_of(html, sources)
        return Page(html, {}, ", ".join(f"<{one}>; rel=modulepreload" for one in modules))

    async def home(self, request: web.Request) -> web.Response:
        return await self._answer(request, "home")

    def event_page(self, name: str) -> Handler:
        """Return the handler of `/e/{event}/…` that answers with this page, if the event is here."""

        async def answer(request: web.Request) -> web.Response:
            one = request.app[LOOKUP](request.match_info["event"])
            if one is None:
                return await self._answer(request, "missing", status=404)
            schedule = _schedule(one)
            if schedule is None:
                return await self._answer(request, name)
            page = await self._page(name)
            headed = self._headed(request, name, page, schedule)
            link = f"{page.link}, {_agenda_link(schedule)}"
            return self._sent(request, headed, link, holds=lambda: _schedule(one) is schedule)

        return answer

    def _headed(
        self, request: web.Request, name: str, page: Page, schedule: Schedule
    ) -> StaticFile:
        """Return a page with the event's head, made once for each page and schedule."""
        known = self._heads.get((schedule.event_id, name))
        if known is None or known[0] is not schedule:
            body = with_head(page.html, schedule, name, request.app[PUBLIC_URL]).encode()
            known = schedule, StaticFile(prepare(body), "text/html")
            self._heads[schedule.event_id, name] = known
        return known[1]

    async def manifest(self, request: web.Request) -> web.Response:
        """Answer with what a home screen needs of the event."""
        sheet = served(request).event.state.runsheet
        if sheet is None:
            raise web.HTTPNotFound
        file = StaticFile(prepare(manifest(sheet.schedule)), "application/manifest+json")
        return page_answer(request, file)

    async def nowhere(self, request: web.Request) -> web.Response:
        """Answer that there is no such page, with a way to the event that the address names, or to all."""
        event = _EVENT.match(request.path)
        here = event and request.app[LOOKUP](event[1]) is not None
        return await self._answer(request, "nowhere" if here else "missing", status=404)

    async def _answer(self, request: web.Request, name: str, *, status: int = 200) -> web.Response:
        """Answer with a page that is no event's."""
        page = await self._page(name)
        if name not in self._plain:
            self._plain[name] = StaticFile(prepare(page.html.encode()), "text/html")
        return self._sent(request, self._plain[name], page.link, status=status)

    def _sent(
        self,
        request: web.Request,
        file: StaticFile,
        link: str,
        *,
        status: int = 200,
        holds: Callable[[], bool] | None = None,
    ) -> web.Response:
        caching = SHARE_SHORTLY if status == 200 else ASK_AGAIN
        answer = page_answer(request, file, caching=caching, status=status, holds=holds)
        if link:
            answer.headers["Link"] = link
        return answer

    async def push_worker(self, request: web.Request) -> web.Response:
        """Answer with the service worker, which serves the folder that it is in: all pages."""
        return page_answer(request, self._assets["push_worker.js"])

    async def favicon(self, request: web.Request) -> web.Response:
        """Answer where browsers look for an icon by themselves; they take a PNG there."""
        return page_answer(request, self._assets["icon-192.png"], caching=KEEP_SHORTLY)

    async def asset(self, request: web.Request) -> web.Response:
        """Answer with a file of the pages, or with a part of one."""
        if words := WORDS.fullmatch(request.match_info["path"]):
            return self._words(request, **words.groupdict())
        named = NAME.fullmatch(request.match_info["path"])
        if named is None:
            if request.match_info["path"].startswith(VENDOR):  # packing one takes 0.1 s
                await asyncio.get_running_loop().run_in_executor(self._aside, self._pack_vendor)
            return self._file(request, self._assets)
        if f"{named['page']}.html" not in self._html:
            raise web.HTTPNotFound
        part = (await self._page(named["page"])).parts.get(named["kind"])
        if part is None:
            raise web.HTTPNotFound
        # A page of another release, from a cache or a neighbour, gets what there is, and no cache keeps it.
        if part.digest != named["digest"]:
            return page_answer(request, part.file, caching="no-store")
        return page_answer(request, part.file, caching=KEEP_FOR_GOOD, holds=_always)

    def _words(self, request: web.Request, language: str, digest: str) -> web.Response:
        """Answer with a catalogue; with ours, which no cache keeps, if another release's is asked for."""
        if language not in self._catalogues:
            raise web.HTTPNotFound
        ours = self._catalogues[language]
        caching = KEEP_FOR_GOOD if ours.digest == digest else "no-store"
        return page_answer(request, ours.file, caching=caching, holds=_always)

    def _pack_vendor(self) -> None:
        for name, file in self._assets.items():
            assert not name.startswith(VENDOR) or file.prepared.packed is not None

    async def sdk(self, request: web.Request) -> web.Response:
        answer = self._file(request, self._sdk)
        answer.headers["Access-Control-Allow-Origin"] = "*"  # a page elsewhere may import it
        return answer

    def _file(self, request: web.Request, files: dict[str, StaticFile]) -> web.Response:
        file = files.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        return page_answer(request, file, caching=KEEP_SHORTLY, holds=_always)


def _schedule(one: ServedEvent) -> Schedule | None:
    sheet = one.event.state.runsheet
    return sheet.schedule if sheet is not None else None


def _agenda_link(schedule: Schedule) -> str:
    """Return what has a browser fetch the agenda, which every page of an event reads, at once."""
    place = quote(schedule.event_id, safe="")
    return f"</api/v1/events/{place}>; rel=preload; as=fetch; crossorigin=anonymous"


def _looks_for_a_page(request: web.Request) -> bool:
    """Tell whether a browser has been led here, and not a program or one of our pages."""
    asks = request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
    return (
        asks
        and not _NOT_PAGES.match(request.path)
        and "text/html" in request.headers.get(hdrs.ACCEPT, "")
    )


def _answering_wrong_addresses(pages: Pages) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Show people who come to a wrong address where to go; programs get the problem."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            if _looks_for_a_page(request):
                return await pages.nowhere(request)
            raise

    return answer


async def _add_slash(request: web.Request) -> web.Response:
    """Relative links on the agenda need the slash."""
    raise web.HTTPPermanentRedirect(f"{request.rel_url.raw_path}/")


def register(app: web.Application) -> None:
    """Adds the routes. Pages and SDK are read once, here."""
    sdk_folder = next(folder for folder in SDK_FOLDERS if folder.is_dir())
    pages = Pages(WEB, sdk_folder, loose=app.get(LOOSE, False))
    app.on_cleanup.append(pages.close)
    app.middlewares.append(_answering_wrong_addresses(pages))
    add = app.router.add_get
    add("/", pages.home)
    add("/e/{event}", _add_slash)
    add("/e/{event}/", pages.event_page("agenda"))
    add("/e/{event}/watch/{session}", pages.event_page("watch"))
    add("/e/{event}/questions/{session}", pages.event_page("questions"))
    add("/e/{event}/captions/{session}", pages.event_page("captions"))
    add("/e/{event}/captions", pages.event_page("captions"))
    add("/e/{event}/speak/{session}", pages.event_page("speak"))
    add("/e/{event}/speak", pages.event_page("speak"))
    add("/e/{event}/speakers/{speaker}", pages.event_page("speaker"))
    add("/e/{event}/speakers", pages.event_page("speaker"))
    add("/e/{event}/manifest.webmanifest", pages.manifest)
    add("/favicon.ico", pages.favicon)
    add("/push_worker.js", pages.push_worker)
    add("/e/{event}/moderate", pages.event_page("moderate"))
    add("/e/{event}/produce", pages.event_page("produce"))
    add("/e/{event}/access", pages.event_page("access"))
    add("/e/{event}/history", pages.event_page("history"))
    add("/e/{event}/organise", pages.event_page("organise"))
    add("/e/{event}/certificate", pages.event_page("certificate"))
    add("/e/{event}/certificate/{code}", pages.event_page("certificate"))
    add("/e/{event}/on-air", pages.event_page("onair"))
    add("/e/{event}/on-air/{stage}", pages.event_page("onair"))
    add("/assets/{path:.+}", pages.asset)
    add("/sdk/{path:.+}", pages.sdk)
