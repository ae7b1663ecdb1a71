"""The per-frame loop: rewrite, encrypt and send a batch of RTP packets to all viewers of a group.

Two egresses keep one contract: `native` (egress.c) and `python` (libsrtp by way of pylibsrtp). RTCP and
single packets go through libsrtp in both. Nothing here knows a clock, frames or layers.

Protection is never given twice for one packet index and different contents: what a stream has sent
already is left out of later batches, and `send_again` repeats byte by byte.
"""

from __future__ import annotations

from .batches import Batch, level
from .choice import choose
from .interface import Address, Egress, Group, Sink, Stream
from .keys import Keys

__all__ = ["Address", "Batch", "Egress", "Group", "Keys", "Sink", "Stream", "choose", "level"]
