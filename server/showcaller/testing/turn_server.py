"""A real coturn for tests: on loopback and free ports, with what it is told to trust."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path

from .free_ports import free_port
from .until import until

START_WITHIN_S = 30.0
ANSWER_WITHIN_S = 2.0  # or it is asked again, on another connection
BINDING_REQUEST, BINDING_ANSWER = b"\x00\x01\x00\x00\x21\x12\xa4\x42", b"\x01\x01"
USER, PASSWORD = "tests", "only-on-loopback"
PROGRAM = "/usr/bin/turnserver"


class TurnServer:
    """`async with TurnServer() as turn:`; with a `secret` it takes passwords that end, else one user's."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="showcaller-turn-")
        self._log = Path(self._folder.name) / "turn.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Without a password, as `--ice-server` takes it."""
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    def log_text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    async def __aenter__(self) -> TurnServer:
        trust = (
            ("--use-auth-secret", f"--static-auth-secret={self.secret}")
            if self.secret
            else ("--lt-cred-mech", f"--user={USER}:{PASSWORD}")
        )
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(PROGRAM, "-n", "--realm=tests", "--fingerprint", "--no-cli", "--no-tls"),
                *("--no-dtls", "--allow-loopback-peers", "--listening-ip=127.0.0.1"),
                *("--relay-ip=127.0.0.1", f"--listening-port={self.port}", "--log-file=stdout"),
                *(f"--userdb={self._folder.name}/turndb", f"--pidfile={self._folder.name}/pid"),
                *("--verbose", *trust),
                stdout=log,
                stderr=log,
                cwd=self._folder.name,
            )
        await until(self._answers, START_WITHIN_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._folder.cleanup()

    async def _answers(self) -> bool:
        """Tell whether it answers a binding request (RFC 8489 §5): it listens before it can."""
        assert self._process is not None
        if self._process.returncode is not None:
            raise RuntimeError(f"coturn ended:\n{self.log_text()}")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        request = BINDING_REQUEST + secrets.token_bytes(12)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                writer.write(request)
                answer = await reader.readexactly(len(request))
        except (OSError, EOFError, TimeoutError):
            return False
        finally:
            writer.close()
        return answer[:2] == BINDING_ANSWER and answer[4:] == request[4:]
