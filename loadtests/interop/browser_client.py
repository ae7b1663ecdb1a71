"""A browser as a client, by plain WebRTC: `… chromium|firefox publish|watch URL TOKEN SECONDS CARD`."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin

from playwright.async_api import async_playwright

from showcaller.testing.firefox import Firefox

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
BEGIN = """
    async ({ role, url, token }) => {
      const peer = (window.peer = new RTCPeerConnection());
      if (role === "publish") {
        const asked = { audio: true, video: { width: 320, height: 180, frameRate: 25 } };
        const stream = await navigator.mediaDevices.getUserMedia(asked);
        for (const track of stream.getTracks()) peer.addTransceiver(track, { direction: "sendonly" });
      } else {
        for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
        peer.ontrack = ({ track }) => {
          const shown = document.body.appendChild(document.createElement(track.kind));
          Object.assign(shown, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
        };
      }
      await peer.setLocalDescription();
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
      const answer = await fetch(url, { method: "POST", headers, body: peer.localDescription.sdp });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
      return true;
    }
"""
COUNT = """
    async () => {
      const counts = { video: 0, audio: 0 };
      for (const entry of (await peer.getStats()).values()) {
        if (entry.type !== "inbound-rtp") continue;
        counts[entry.kind] = entry.framesDecoded ?? entry.packetsReceived ?? 0;
      }
      return counts;
    }
"""
Evaluate = Callable[..., Awaitable[Any]]


async def go(evaluate: Evaluate, role: str, url: str, token: str, seconds: float) -> None:
    await evaluate(BEGIN, {"role": role, "url": url, "token": token})
    for _ in range(round(seconds)):
        await asyncio.sleep(1)
        if role == "watch":
            print(json.dumps(await evaluate(COUNT)), flush=True)


async def main(browser: str, role: str, url: str, token: str, seconds: float) -> None:
    blank = urljoin(url, "/blank")
    if browser == "firefox":
        async with Firefox() as firefox:
            page = await firefox.open(blank)
            await go(page.evaluate, role, url, token, seconds)
        return
    async with async_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        launched = await playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        tab = await launched.new_page()
        await tab.goto(blank)
        await go(tab.evaluate, role, url, token, seconds)
        await launched.close()


asyncio.run(main(*sys.argv[1:5], float(sys.argv[5])))
