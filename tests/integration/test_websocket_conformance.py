"""The Autobahn cases against our frames, on an echo endpoint that exists only here.

Handshake, frame reader and closing are those of production; only the limit of a message is larger, because
the cases go up to 16 MiB. Groups 12 and 13 are about compression, which is never negotiated.

For another suite: `python tests/integration/test_websocket_conformance.py PORT` serves the endpoint.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from showcaller.gateway.framed import FramedConnection
from showcaller.protocol import frames, handshake

MAX_MESSAGE_BYTES = 16 << 20
BUFFER_LIMIT_BYTES = 1 << 20
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}
EXCEPTIONS: dict[str, str] = {}  # case: why it does not pass
END_OF_HEAD = b"\r\n\r\n"


class Echo(FramedConnection):
    __slots__ = ()

    def on_event(self, event):
        match event:
            case frames.Text(data):
                self.answer(frames.encode_frame(frames.TEXT, data))
            case frames.Binary(data):
                self.answer(frames.encode_frame(frames.BINARY, data))
            case frames.Ping(payload):
                self.answer(frames.encode_frame(frames.PONG, payload))
            case frames.Close(code):
                self.close(code)

    def on_slow(self):
        raise AssertionError("an echo only answers")


class EchoDoor(asyncio.Protocol):
    """Accepts upgrades that offer no subprotocol, which the cases do not."""

    def connection_made(self, transport):
        self.transport = transport
        self.head = b""

    def data_received(self, data):
        self.head += data
        head, end, rest = self.head.partition(END_OF_HEAD)
        if not end:
            return
        request = handshake.parse_request(head)
        request.headers["sec-websocket-protocol"] = "showcaller.v1+json"
        answer = handshake.accepted(handshake.negotiate(request))
        self.transport.write(answer.replace(b"Sec-WebSocket-Protocol: showcaller.v1+json\r\n", b""))
        echo = Echo(self.transport, MAX_MESSAGE_BYTES, BUFFER_LIMIT_BYTES)
        self.transport.set_protocol(echo)
        if rest:
            echo.data_received(rest)


async def run_cases(reports):
    server = await asyncio.get_running_loop().create_server(EchoDoor, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    suite = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("kosoku")), "-p", "2", "-x", "12.*", "-x", "13.*"),
        *("-o", str(reports), f"127.0.0.1:{port}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        output, _ = await suite.communicate()
    server.close()
    return output.decode()


def test_every_case_passes_but_those_listed(tmp_path):
    output = uvloop.run(run_cases(tmp_path))
    (cases,) = json.loads((tmp_path / "index.json").read_text()).values()
    assert len(cases) >= 301, output
    failed = {
        case: result
        for case, result in cases.items()
        if not {result["behavior"], result["behaviorClose"]} <= PASSED
    }
    assert failed.keys() == EXCEPTIONS.keys(), failed


async def serve(port):
    server = await asyncio.get_running_loop().create_server(EchoDoor, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
