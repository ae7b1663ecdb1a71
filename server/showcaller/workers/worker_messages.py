"""The messages between a supervisor and its workers, one JSON object a line.

The supervisor writes a `ServingConfig` to the worker's standard input and keeps that open while it lives.
`STOP` and `REPLACED` there have the worker drain. The worker writes the others to its standard output.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..settings import Settings

STOP = b"stop\n"  # drain
REPLACED = b"replaced\n"  # drain: another process serves in your place


class ServingConfig(Struct, frozen=True, kw_only=True):
    """The configuration of worker `number`."""

    number: int
    settings: Settings
    listeners: list[int]  # descriptors of bound sockets
    measurements: Path  # the folder in which workers share what they measure
    supervisor: int  # its process id
    log_level: str


class Ready(Struct, frozen=True, tag="ready"):
    """The worker serves. `description` is what `serve` prints."""

    description: dict[str, Any]


class Failed(Struct, frozen=True, tag="failed"):
    """The worker can't start, or go on; it ends."""

    message: str
    is_config: bool  # a setting is wrong, or a schedule


class Alive(Struct, frozen=True, tag="alive"):
    """The worker's event loop turns. Said every other second, from the beginning."""


Said = Ready | Failed | Alive
_decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
_config_decoder = msgspec.json.Decoder(ServingConfig, dec_hook=lambda type_, value: type_(value))


def encode(message: Said | ServingConfig) -> bytes:
    """Encode the message as a line."""
    return msgspec.json.encode(message, enc_hook=str) + b"\n"


def decode(line: bytes) -> Said:
    """Decode a line. Raises `msgspec.MsgspecError`."""
    return _decoder.decode(line)


def decode_config(line: bytes) -> ServingConfig:
    """Decode a line. Raises `msgspec.MsgspecError`."""
    return _config_decoder.decode(line)
