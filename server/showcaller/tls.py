"""The certificate that this node serves by itself."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

from .errors import ConfigError


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return what serves the pair as it is on the disk; None where none is given. Raises `ConfigError`."""
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password=_refuse_passphrase)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"can't use --tls-cert and --tls-key: {error}") from error
    return context


def _refuse_passphrase() -> NoReturn:
    """Instead of asking at the terminal, which a service has none of."""
    raise ConfigError(
        "--tls-key is encrypted: give it without a passphrase, readable for the node only"
    )
