"""A real nginx with the configuration that we ship, in front of nodes of a test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .free_ports import free_ports
from .until import until

ROOT = Path(__file__).parents[3]


class Nginx:
    """nginx with the configuration that we ship: only ports, paths and nodes differ."""

    def __init__(
        self, folder: Path, node_port: int, other_port: int = 0, *, behind_cdn: bool = False
    ) -> None:
        self.folder = folder
        self.http_port, self.https_port, dead_port = free_ports(3)
        self.url = f"https://localhost:{self.https_port}"
        self._config = folder / "nginx.conf"
        text = (ROOT / "deploy/nginx.conf").read_text()
        for shipped, here in {
            r"listen \[::\].*;": "",
            r"listen 80 ": f"listen 127.0.0.1:{self.http_port} ",
            r"listen 443 ": f"listen 127.0.0.1:{self.https_port} ",
            r"127\.0\.0\.1:8081": f"127.0.0.1:{node_port}",
            r"127\.0\.0\.1:8082": f"127.0.0.1:{other_port or dead_port}",
            r"/run/": f"{folder}/",
            r"/var/log/nginx/": f"{folder}/",
            r"/etc/nginx/tls/": f"{folder}/",
            r"/var/www/acme": f"{folder}/acme",
            r"/var/cache/nginx/": f"{folder}/",
        }.items():
            text, changes = re.subn(shipped, here, text)
            assert changes, shipped
        if behind_cdn:
            text = text.replace("# set_real_ip_from 192.0.2.0/24;", "set_real_ip_from 127.0.0.1;")
            text, changes = re.subn(r"# (real_ip_\w+ )", r"\1", text)
            assert changes == 2
        self._config.write_text(text)

    async def __aenter__(self) -> Nginx:
        make_certificate(self.folder)
        user = "user root; " if os.geteuid() == 0 else ""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "this needs nginx: `make tools` installs it"
        self._process = await asyncio.create_subprocess_exec(
            *(program, "-c", self._config),
            *("-p", self.folder, "-e", self.folder / "error.log", "-g", f"{user}daemon off;"),
        )
        await until(self._answers)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await self._process.wait()

    async def _answers(self) -> bool:
        assert self._process.returncode is None, self.log("error")
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.https_port)
            writer.close()
            return True
        return False

    @property
    def trust(self) -> ssl.SSLContext:
        """The trust in its certificate, for clients."""
        return ssl.create_default_context(cafile=self.folder / "fullchain.pem")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def make_certificate(folder: Path) -> None:
    """Make a certificate of localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
