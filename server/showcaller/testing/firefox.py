"""A real Firefox, driven by WebDriver BiDi over its own socket: no driver program is needed."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from .until import until

_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
}
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
_START_S = 60.0
_SEE_S = 20.0  # a deadline: busy machines need it
_MAX_MESSAGE = 1 << 24  # bytes
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Down": "\ue015", "Right": "\ue014"}
_IS_SHOWN = """
    ({ selector, text }) => [...document.querySelectorAll(selector)]
      .some((one) => one.checkVisibility({ visibilityProperty: true }) && one.textContent.includes(text))
"""


class ScriptFailed(Exception):
    """A script of the test threw; the text is the page's."""


class Firefox:
    """`async with Firefox() as firefox`: without a window, in a profile of its own."""

    async def __aenter__(self) -> Self:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        assert program, "these tests need Firefox: `make tools` installs it"
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items())
        await asyncio.to_thread(Path(self._profile.name, "user.js").write_text, "\n".join(lines))
        self._process = await asyncio.create_subprocess_exec(
            *(program, "--headless", "--no-remote", "--profile", self._profile.name),
            *("--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_START_S):
            address = await self._address()
        self._drain = asyncio.create_task(self._drain_errors())
        self._socket: ClientConnection = await connect(f"{address}/session", max_size=_MAX_MESSAGE)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        await self.call("session.new", capabilities={})
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self._socket.close()
        self._process.terminate()
        await self._process.wait()
        for task in (self._reading, self._drain):
            task.cancel()
        self._profile.cleanup()

    async def _address(self) -> str:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if found := _LISTENING.search(line):
                return found.group(1).decode()
        raise AssertionError("Firefox ended before it could be driven")

    async def _drain_errors(self) -> None:
        assert self._process.stderr is not None
        while await self._process.stderr.read(1 << 16):
            pass

    async def _read(self) -> None:
        async for message in self._socket:
            reply = json.loads(message)
            if (waiting := self._waiting.pop(reply.get("id"), None)) and not waiting.done():
                waiting.set_result(reply)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; raises `ScriptFailed` for an error."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        reply = await self._waiting[number]
        if reply["type"] == "error":
            raise ScriptFailed(f"{method}: {reply['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def open(self, url: str, script: str = "") -> FirefoxPage:
        """A tab, when it has loaded; `script` runs before any of the page's."""
        context = (await self.call("browsingContext.create", type="tab"))["context"]
        if script:
            declared = f"() => {{{script}}}"
            await self.call(
                "script.addPreloadScript", functionDeclaration=declared, contexts=[context]
            )
        await self.call("browsingContext.navigate", context=context, url=url, wait="complete")
        return FirefoxPage(self, context)


class FirefoxPage:
    """One tab."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def evaluate(self, function: str, argument: object = None) -> Any:
        """Call a JavaScript function with `argument`; both ways what JSON can say."""
        told = json.dumps(json.dumps(argument))
        script = f"(async () => JSON.stringify(await ({function})(JSON.parse({told}))))()"
        reply = await self._firefox.call(
            "script.evaluate",
            expression=script,
            target={"context": self._context},
            awaitPromise=True,
        )
        if reply["type"] == "exception":
            raise ScriptFailed(reply["exceptionDetails"]["text"])
        result = reply["result"]
        return json.loads(result["value"]) if result["type"] == "string" else None

    async def press(self, *keys: str) -> None:
        """Press and release each: a letter, or one of `KEYS`."""
        values = [KEYS.get(key, key) for key in keys]
        strokes = [{"type": kind, "value": one} for one in values for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        await self._firefox.call("input.performActions", context=self._context, actions=actions)

    async def see(self, selector: str, text: str = "") -> None:
        """Wait until something like it is shown, with this text. Raises `AssertionError`."""
        asked = {"selector": selector, "text": text}
        try:
            await until(lambda: self.evaluate(_IS_SHOWN, asked), _SEE_S)
        except TimeoutError:
            focused = await self.evaluate("() => document.activeElement?.outerHTML.slice(0, 200)")
            told = f"{selector} with {text!r} did not come; the focus is on {focused}"
            raise AssertionError(told) from None

    async def focus(self, selector: str) -> None:
        await self.see(selector)
        await self.evaluate("(selector) => document.querySelector(selector).focus()", selector)

    async def close(self) -> None:
        await self._firefox.call("browsingContext.close", context=self._context)
