"""An attendee behind a proxy that lets no WebSocket through: nginx that was told nothing of upgrades."""

import asyncio
import os
import re
import shutil
import socket
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from playwright.async_api import expect

from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

from .conftest import EVENT, Visitors
from .test_pages import ask, command

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = "ai-multi-tenancy"
CONFIG = """
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{node}; proxy_set_header Host $http_host; }}
  }}
}}
"""


@asynccontextmanager
async def plain_nginx(folder, node):
    """Yield the address of an nginx before a node: HTTP/1.0 to it, buffered, nothing is upgraded."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        CONFIG.format(folder=folder, port=port, node=node, user=user)
    )
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "this test needs nginx: `make tools` installs it"
    process = await asyncio.create_subprocess_exec(
        *(program, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"),
        *("-g", "daemon off;"),
    )
    try:
        await until(partial(_answers, port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _answers(port):
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def test_an_attendee_asks_votes_and_sees_a_cue_without_websockets(
    browser, server: ServeProcess, tmp_path
):
    produce = partial(command, server, server.token(EVENT, "producer"))
    async with plain_nginx(tmp_path, server.port) as url:
        visitors = Visitors(browser, server)
        ada = server.token(EVENT, "attendee", person="p_ada", name="Ada")
        page = await visitors.open(f"watch/{TALK}#token={ada}", at=url)
        pill = page.locator("#connection")
        await expect(pill).to_have_attribute("data-way", "http")
        await expect(pill).to_have_text("Connected")
        await expect(pill).to_have_attribute("title", re.compile("no WebSocket"))

        await ask(page, "Does it work here?")
        own = page.locator("#own-list [data-question]")
        await expect(own).to_contain_text("In review")
        question = await own.get_attribute("data-question")
        await produce("question.approve", question=question)
        other = server.token(EVENT, "attendee")
        theirs = await command(server, other, "question.ask", session=TALK, text="And votes?")
        await produce("question.approve", question=theirs["question"])
        vote = page.locator("#questions .question", has_text="And votes?").locator(".vote")
        await vote.click()
        await expect(vote).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#questions .votes").first).to_have_text("1")

        started = await produce("session.start", session="gpu-sharing")
        toast = page.locator('.toast[data-session="gpu-sharing"][data-cue="started"]')
        await expect(toast).to_contain_text("Session starting")
        await produce("control.undo", control=started["control"])
        assert "token=" not in (tmp_path / "access.log").read_text()
        await visitors.close()
