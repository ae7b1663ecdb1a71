"""The web pages: static HTML, style and ES modules, served from memory.

Pages are the same for everybody: who looks and what is on comes over the API; those of an event have its
title and description in their head. So any cache may keep them. Modules import one another several levels
deep; a page names all of its modules up front, so that a browser fetches them at once. The policy allows no
inline script or style.
"""

from __future__ import annotations

import mimetypes
import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from ..domain.schedule import Schedule
from ..http.answers import Handler
from ..http.asker import LOOKUP, served
from .agenda import PUBLIC_URL
from .event_head import manifest, with_head
from .prepared import Prepared, prepare, prepared_answer

WEB = Path(__file__).parent.parent / "web"
# In a wheel the SDK lies beside the pages; in a checkout it is a folder of its own.
SDK_FOLDERS = (WEB / "sdk", WEB.parents[2] / "client_sdk" / "js" / "src")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
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
ASK_AGAIN = "no-cache"
KEEP_SHORTLY = "public, max-age=60"  # from page to page; a new release shows within a minute

_EVENT = re.compile(r"/e/([^/]+)/")
_NOT_PAGES = re.compile(r"/(api|assets|sdk)/")
_ENTRY = re.compile(r'<script type="module" src="([^"]+)"')
_IMPORT = re.compile(r'^(?:import\b|export\s*[{*])[^;"]*"([^"]+)";', re.MULTILINE)


class StaticFile(NamedTuple):
    """One file as it is served."""

    prepared: Prepared
    content_type: str

    @property
    def body(self) -> bytes:
        return self.prepared.body


def read_folder(folder: Path) -> dict[str, StaticFile]:
    """Every file below `folder` by its relative path."""
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _read(path: Path) -> StaticFile:
    if path.suffix == ".js":  # what the host's registry says of it varies; modules need this one
        content_type = "text/javascript"
    else:
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(prepare(path.read_bytes()), content_type)


def modules_of(html: str, modules: dict[str, str]) -> list[str]:
    """Addresses of all modules that a page comes to import; `modules`: address → source."""
    found: list[str] = []
    ahead = _ENTRY.findall(html)
    while ahead:
        address = ahead.pop(0)
        if address in modules and address not in found:
            found.append(address)
            folder = posixpath.dirname(address)
            imports = _IMPORT.findall(modules[address])
            ahead += [posixpath.normpath(posixpath.join(folder, one)) for one in imports]
    return found


def page_answer(
    request: web.Request, file: StaticFile, *, caching: str = ASK_AGAIN, status: int = 200
) -> web.Response:
    """Answer with a file of ours, under the policy of all pages."""
    return prepared_answer(
        request,
        file.prepared,
        content_type=file.content_type,
        charset="utf-8" if file.content_type.startswith("text/") else None,
        headers={"Cache-Control": caching, **PAGE_HEADERS},
        status=status,
    )


class Pages:
    """The handlers, over what was read at start-up."""

    def __init__(self, web_folder: Path, sdk_folder: Path) -> None:
        self._pages = read_folder(web_folder / "pages")
        self._assets = read_folder(web_folder / "assets")
        self._sdk = read_folder(sdk_folder)
        self._heads: dict[tuple[str, str], tuple[Schedule, StaticFile]] = {}
        self._links = {name: self._preload(file) for name, file in self._pages.items()}

    def _preload(self, page: StaticFile) -> str:
        """The `Link` header that names the page's modules (HTML, link type "modulepreload")."""
        sources = {
            f"/{folder}/{name}": file.body.decode()
            for folder, files in (("assets", self._assets), ("sdk", self._sdk))
            for name, file in files.items()
            if name.endswith(".js")
        }
        modules = modules_of(page.body.decode(), sources)
        return ", ".join(f"<{address}>; rel=modulepreload" for address in modules)

    async def home(self, request: web.Request) -> web.Response:
        return self._page(request, "home.html")

    def event_page(self, page: str) -> Handler:
        """Return the handler of `/e/{event}/…` that answers with this page, if the event is here."""

        async def answer(request: web.Request) -> web.Response:
            one = request.app[LOOKUP](request.match_info["event"])
            if one is None:
                return self._page(request, "missing.html", status=404)
            sheet = one.event.state.runsheet
            headed = self._headed(request, page, sheet.schedule) if sheet is not None else None
            return self._page(request, f"{page}.html", headed=headed)

        return answer

    def _headed(self, request: web.Request, page: str, schedule: Schedule) -> StaticFile:
        """Return a page with the event's head, made once for each page and schedule."""
        known = self._heads.get((schedule.event_id, page))
        if known is None or known[0] is not schedule:
            html = self._pages[f"{page}.html"].body.decode()
            body = with_head(html, schedule, page, request.app[PUBLIC_URL]).encode()
            known = schedule, StaticFile(prepare(body), "text/html")
            self._heads[schedule.event_id, page] = known
        return known[1]

    async def manifest(self, request: web.Request) -> web.Response:
        """Answer with what a home screen needs of the event."""
        sheet = served(request).event.state.runsheet
        if sheet is None:
            raise web.HTTPNotFound
        file = StaticFile(prepare(manifest(sheet.schedule)), "application/manifest+json")
        return page_answer(request, file)

    def nowhere(self, request: web.Request) -> web.Response:
        """Answer that there is no such page, with a way to the event that the address names, or to all."""
        event = _EVENT.match(request.path)
        if event and request.app[LOOKUP](event[1]) is not None:
            return self._page(request, "nowhere.html", status=404)
        return self._page(request, "missing.html", status=404)

    def _page(
        self,
        request: web.Request,
        name: str,
        *,
        status: int = 200,
        headed: StaticFile | None = None,
    ) -> web.Response:
        answer = page_answer(request, headed or self._pages[name], status=status)
        if self._links[name]:
            answer.headers["Link"] = self._links[name]
        return answer

    async def favicon(self, request: web.Request) -> web.Response:
        """Answer where browsers look for an icon by themselves; they take a PNG there."""
        return page_answer(request, self._assets["icon-192.png"], caching=KEEP_SHORTLY)

    async def asset(self, request: web.Request) -> web.Response:
        return self._file(request, self._assets)

    async def sdk(self, request: web.Request) -> web.Response:
        answer = self._file(request, self._sdk)
        answer.headers["Access-Control-Allow-Origin"] = "*"  # a page elsewhere may import it
        return answer

    def _file(self, request: web.Request, files: dict[str, StaticFile]) -> web.Response:
        file = files.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        return page_answer(request, file, caching=KEEP_SHORTLY)


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
                return pages.nowhere(request)
            raise

    return answer


async def _add_slash(request: web.Request) -> web.Response:
    """Relative links on the agenda need the slash."""
    raise web.HTTPPermanentRedirect(f"{request.rel_url.raw_path}/")


def register(app: web.Application) -> None:
    """Adds the routes. Pages and SDK are read once, here."""
    sdk_folder = next(folder for folder in SDK_FOLDERS if folder.is_dir())
    pages = Pages(WEB, sdk_folder)
    app.middlewares.append(_answering_wrong_addresses(pages))
    add = app.router.add_get
    add("/", pages.home)
    add("/e/{event}", _add_slash)
    add("/e/{event}/", pages.event_page("agenda"))
    add("/e/{event}/watch/{session}", pages.event_page("watch"))
    add("/e/{event}/speak/{session}", pages.event_page("speak"))
    add("/e/{event}/speak", pages.event_page("speak"))
    add("/e/{event}/manifest.webmanifest", pages.manifest)
    add("/favicon.ico", pages.favicon)
    add("/e/{event}/moderate", pages.event_page("moderate"))
    add("/e/{event}/produce", pages.event_page("produce"))
    add("/e/{event}/access", pages.event_page("access"))
    add("/assets/{path:.+}", pages.asset)
    add("/sdk/{path:.+}", pages.sdk)
