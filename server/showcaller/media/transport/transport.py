"""Encrypted transports of one worker, all on one UDP port and one TCP port: ICE-lite, DTLS and SRTP.

Datagrams are told apart by their first byte (RFC 7983). STUN finds its client by our ufrag; everything
else by the address that it comes from, once an authentic check has made that address the client's. What
is not authentic is counted in `refused` and not answered. A client that only posted an offer costs a
dictionary entry: DTLS begins when it has shown that it receives at its address.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

import pylibsrtp

from ... import system
from ..contract.addresses import Addresses
from ..egress.keys import Keys
from ..rtp import rtcp
from . import dtls, ice, stun
from .parameters import Local, Path, Remote
from .tcp import TcpPort
from .turns import Turns
from .udp import Address, UdpPort

log = logging.getLogger(__name__)

CONNECT_S = 20.0  # from the offer to the end of the handshake
# an address stays a client's that checked it so lately, whoever else comes from there
HOLD_S = 10.0
SWEEP_S = 1.0
LOOK_EACH_SWEEPS = 5  # at the machine's addresses
MAX_TURNS = 8  # that one client may wait for: a flood would hold up everybody's joins
MAX_SSRCS = 64  # of one client: libsrtp keeps something for each
REPLAY_WINDOW = 1024  # packets
_MIN_MEDIA_BYTES = 12

_LIBSRTP_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "SRTP_AES128_CM_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


class Keyed(NamedTuple):
    """The keys of both directions, where they were agreed on without DTLS."""

    sending: Keys
    receiving: Keys


class Owner(Protocol):
    """The owner of a transport, which is told what happens on it: on the loop, and must not raise."""

    def on_connected(self, keys: Keys, now_s: float) -> None:
        """Media may flow: `keys` protect what we send, and the transport's `path` is set."""
        ...

    def on_path(self, path: Path) -> None:
        """The client is somewhere else now."""
        ...

    def on_rtp(self, packet: bytes, now_s: float) -> None:
        """An authentic RTP packet, decrypted, never the same twice."""
        ...

    def on_rtcp(self, packet: bytes, now_s: float) -> None:
        """An authentic compound of RTCP, decrypted."""
        ...

    def on_closed(self, reason: str, now_s: float) -> None:
        """The transport has ended by itself, once, and not after `close`.

        `reason`: dtls_failed, wrong_fingerprint, consent_expired, never_connected, closed_by_peer.
        """
        ...


class Transports:
    """All transports of one worker."""

    def __init__(
        self,
        udp: UdpPort,
        advertised: tuple[str, ...],
        behind: Callable[[], bool] = lambda: False,
        tcp: TcpPort | None = None,
    ) -> None:
        """Take over `udp` and `tcp`; joins wait while `behind()` says that media is late."""
        self.port = udp.port
        self.refused = 0  # datagrams: forged, replayed, strangers', not understood
        self.udp = udp
        self.tcp = tcp
        self.turns = Turns(behind)
        self.candidates = tuple((address, udp.port) for address in advertised)
        self.tcp_candidates = tuple(
            (address, tcp.port) for address in advertised if tcp is not None
        )
        self._all: set[Transport] = set()
        self._by_ufrag: dict[bytes, Transport] = {}
        self._by_path: dict[tuple[int, Address], Transport] = {}
        self._look: Callable[[], tuple[str, ...]] | None = None
        self._sweeps = 0
        udp.start(self._receive)
        if tcp is not None:
            tcp.start(self)
        self._next_sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep_again)

    @classmethod
    async def open(
        cls, addresses: Addresses, port: int = 0, *, tcp_port: int | None = None
    ) -> Transports:
        """Bind one UDP port number (0: any free one) at every bound address, and a TCP one if it is not None.

        Raises `OSError`.
        """
        udp = UdpPort.bind(addresses.bound, port)
        tcp = None if tcp_port is None else TcpPort.bind(addresses.bound, tcp_port)
        return cls(udp, addresses.advertised or addresses.bound, tcp=tcp)

    def follow(self, look: Callable[[], tuple[str, ...]]) -> None:
        """Be reached, from now on, at the addresses that `look` finds each few seconds."""
        self._look = look

    @property
    def bound(self) -> tuple[str, ...] | None:
        """The addresses of our port; None: all of this machine's, which come and go."""
        return self.udp.hosts if self._look is None else None

    def __len__(self) -> int:
        return len(self._all)

    def add(
        self, remote: Remote, owner: Owner, now_s: float, *, keyed: Keyed | None = None
    ) -> Transport:
        """Wait for the client that made this offer; `local` of the transport goes into the answer."""
        transport = Transport(self, remote, owner, now_s, keyed)
        self._all.add(transport)
        return transport

    async def shut(self) -> None:
        """Close every transport, then the port."""
        self._next_sweep.cancel()
        self.turns.stop()
        for transport in list(self._all):
            transport.close()
        self.udp.close()
        if self.tcp is not None:
            self.tcp.close()

    # Datagrams ------------------------------------------------------------------------------------

    def _receive(self, data: bytes, descriptor: int, address: Address, now_s: float) -> None:
        self.on_frame(data, Path(descriptor, address), now_s)

    def on_frame(self, data: bytes, path: Path, now_s: float) -> bool:
        """Take a packet that came by either port; return whether it was authentic."""
        taken = self._take(data, path, now_s)
        if not taken:
            self.refused += 1
        return taken

    def _take(self, data: bytes, path: Path, now_s: float) -> bool:
        first = data[0] if data else 255
        if first < 4:
            return self._check(data, path, now_s)
        transport = self._by_path.get(path)
        if transport is None:
            return False
        if 128 <= first < 192:
            return transport.take_media(data, path, now_s)
        return 20 <= first < 64 and transport.take_dtls(data, path, now_s)

    def on_lost(self, path: Path, now_s: float) -> None:
        """Have the client of a TCP connection that ended use another path, if it has one."""
        if (transport := self._by_path.pop(path, None)) is not None:
            transport.lose(path)

    def _check(self, data: bytes, path: Path, now_s: float) -> bool:
        try:
            check = stun.read_check(data)
        except ValueError:
            return False
        transport = self._by_ufrag.get(check.username.partition(b":")[0])
        if transport is None or self._is_held(path, transport, now_s):
            return False
        return transport.take_check(data, check, path, now_s)

    def _is_held(self, path: Path, wanted_by: Transport, now_s: float) -> bool:
        """Return whether the address is another client's: one with credentials could name it as its own."""
        holder = self._by_path.get(path)
        return (
            holder is not None
            and holder is not wanted_by
            and now_s - holder.ice.paths[path] < HOLD_S
        )

    # Called by transports -------------------------------------------------------------------------

    def listen(self, ufrag: str, transport: Transport) -> None:
        self._by_ufrag[ufrag.encode()] = transport

    def ignore(self, ufrag: str) -> None:
        self._by_ufrag.pop(ufrag.encode(), None)

    def map(self, path: Path, transport: Transport) -> None:
        holder = self._by_path.get(path)
        if holder is not None and holder is not transport:
            holder.ice.paths.pop(path, None)
        self._by_path[path] = transport

    def unmap(self, path: Path) -> None:
        self._by_path.pop(path, None)
        if path.descriptor < 0 and self.tcp is not None:
            self.tcp.end(path)

    def send(self, data: bytes, path: Path) -> None:
        if path.descriptor >= 0:
            self.udp.send(data, path)
        elif self.tcp is not None:
            self.tcp.send(data, path)

    def discard(self, transport: Transport) -> None:
        self._all.discard(transport)

    # Time -----------------------------------------------------------------------------------------

    def sweep(self, now_s: float) -> None:
        """End the transports whose time is up. One sweep for all: none has a timer of its own."""
        for transport in list(self._all):
            transport.check_time(now_s)
        if self.tcp is not None:
            self.tcp.sweep(now_s, self._by_path.__contains__)
        self._sweeps += 1
        if self._look is not None and self._sweeps % LOOK_EACH_SWEEPS == 0:
            self._name(self._look())

    def _name(self, hosts: tuple[str, ...]) -> None:
        """Bind what is new, and name in answers what is there now."""
        candidates = tuple((host, self.port) for host in self.udp.follow(hosts))
        if not candidates or candidates == self.candidates:
            return
        self.candidates = candidates
        if self.tcp is not None:
            self.tcp_candidates = tuple((host, self.tcp.port) for host in self.tcp.follow(hosts))
        addresses = ", ".join(host for host, _ in candidates)
        log.info(
            f"media is reached at other addresses now: {addresses}",
            extra={"action": "media.addresses_changed"},
        )

    def _sweep_again(self) -> None:
        self._next_sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep_again)
        self.sweep(system.monotonic_s())


class Transport:
    """The encrypted transport to one client; made by `Transports.add`."""

    def __init__(
        self,
        home: Transports,
        remote: Remote,
        owner: Owner,
        now_s: float,
        keyed: Keyed | None = None,
    ) -> None:
        self._home = home
        self._owner: Owner | None = owner
        self._remote = remote
        self._began_s = now_s
        self._keyed = keyed
        self._dtls: dtls.Association | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._srtp: pylibsrtp.Session | None = None
        self._ssrcs: set[bytes] = set()
        self._turns = 0  # that datagrams of the handshake wait for
        self.connected = False
        self.heard_s = now_s  # the last authentic datagram
        self.ice = ice.Agent(_credentials(remote.ufrag), now_s)
        self.local = self._make_local(self.ice.credentials)
        home.listen(self.local.ufrag, self)

    @property
    def path(self) -> Path | None:
        """The path of datagrams to the client; None before it was heard."""
        return self.ice.path

    def restart(self, ufrag: str, pwd: str) -> Local:
        """Begin an ICE restart (RFC 8445 §9) with the client's new credentials; returns our new ones.

        The old ones and the path work until a check with the new ones comes.
        """
        if self.ice.pending is not None:
            self._home.ignore(self.ice.pending.ufrag)
        self._remote = self._remote._replace(ufrag=ufrag, pwd=pwd)
        self.ice.pending = _credentials(ufrag)
        self._home.listen(self.ice.pending.ufrag, self)
        self.local = self._make_local(self.ice.pending)
        return self.local

    def close(self) -> None:
        """Say goodbye if it can be said, and free everything; the owner is not told."""
        if self._owner is None:
            return
        self._owner = None
        if self._handshake is not None:
            self._handshake.cancel()
        if self._dtls is not None:
            self._dtls.close()
        self._handshake = self._dtls = self._srtp = None
        self.connected = False
        for credentials in (self.ice.credentials, self.ice.pending):
            if credentials is not None:
                self._home.ignore(credentials.ufrag)
        for path in self.ice.paths:
            self._home.unmap(path)
        self._home.discard(self)

    def _make_local(self, credentials: ice.Credentials) -> Local:
        setup = "active" if self._remote.setup == "passive" else "passive"
        ufrag, pwd, _ = credentials
        home = self._home
        return Local(ufrag, pwd, dtls.fingerprint(), setup, home.candidates, home.tcp_candidates)

    def lose(self, path: Path) -> None:
        """Go on by another path, if there is one; else wait for the client's next check."""
        before = self.ice.path
        self.ice.lose(path)
        if self.connected and self._owner and self.ice.path and self.ice.path != before:
            self._owner.on_path(self.ice.path)

    # Datagrams: each returns whether it was authentic ----------------------------------------------

    def take_check(self, data: bytes, check: stun.Check, path: Path, now_s: float) -> bool:
        before, credentials = self.ice.path, self.ice.credentials
        reply = self.ice.answer(data, check, path, now_s)
        if reply is None:
            return False
        self.heard_s = now_s
        self._home.send(reply, path)
        if credentials is not self.ice.credentials:
            self._home.ignore(credentials.ufrag)
        if path in self.ice.paths:
            self._validated(path, before, now_s)
        return True

    def _validated(self, path: Path, before: Path | None, now_s: float) -> None:
        self._home.map(path, self)
        if len(self.ice.paths) > ice.MAX_PATHS:
            self._drop_old_paths(now_s)
        if self._keyed is not None and not self.connected:
            self._begin_media(self._keyed, now_s)
        elif self._dtls is None and self.local.setup == "active":
            self._begin_dtls("client")
        if self.connected and self._owner and self.ice.path and self.ice.path != before:
            self._owner.on_path(self.ice.path)

    def take_dtls(self, data: bytes, path: Path, now_s: float) -> bool:
        if self._keyed is not None:
            return False
        if not self.connected:
            if self._turns == MAX_TURNS:
                return False
            self._turns += 1
            self._home.turns.do(lambda then_s: self._take_handshake(data, path, then_s))
        elif self._dtls is not None and not self._dtls.receive(data):
            self._end("closed_by_peer", now_s)
        return True

    def _take_handshake(self, data: bytes, path: Path, now_s: float) -> None:
        self._turns -= 1
        if self._owner is None:  # closed meanwhile
            return
        if not self.connected:
            self.ice.prefer(path)
        if self._dtls is None:
            self._begin_dtls("server")
        if self._dtls is not None and not self._dtls.receive(data):
            self._end("closed_by_peer", now_s)

    def take_media(self, data: bytes, path: Path, now_s: float) -> bool:
        if self._srtp is None or self._owner is None or len(data) < _MIN_MEDIA_BYTES:
            return False
        is_rtcp = rtcp.is_rtcp(data)
        ssrc = data[4:8] if is_rtcp else data[8:12]
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MAX_SSRCS:
            return False
        try:
            packet = (self._srtp.unprotect_rtcp if is_rtcp else self._srtp.unprotect)(data)
        except (pylibsrtp.Error, ValueError):  # forged, replayed; longer than libsrtp's buffer
            return False
        self._ssrcs.add(ssrc)
        self.heard_s, before = now_s, self.ice.path
        self.ice.note_media(path, now_s)
        if self.ice.path and self.ice.path != before:
            self._owner.on_path(self.ice.path)
        (self._owner.on_rtcp if is_rtcp else self._owner.on_rtp)(packet, now_s)
        return True

    # DTLS and time --------------------------------------------------------------------------------

    def _begin_dtls(self, role: dtls.Role) -> None:
        self._dtls = dtls.Association(role, self._send)
        self._handshake = asyncio.create_task(self._shake_hands(self._dtls))

    def _send(self, data: bytes) -> None:
        if self.ice.path is not None:
            self._home.send(data, self.ice.path)

    async def _shake_hands(self, association: dtls.Association) -> None:
        problem = await association.connect(self._remote.fingerprints)
        self._handshake = None
        if problem or association.sending is None or association.receiving is None:
            self._end(problem, system.monotonic_s())
            return
        self._begin_media(Keyed(association.sending, association.receiving), system.monotonic_s())

    def _begin_media(self, keys: Keyed, now_s: float) -> None:
        self._srtp = receiving_session(keys.receiving)
        self.connected = True
        if self._owner is not None:
            self._owner.on_connected(keys.sending, now_s)

    def check_time(self, now_s: float) -> None:
        if not self.connected and now_s - self._began_s > CONNECT_S:
            self._end("never_connected", now_s)
        elif now_s - self.ice.consent_s > ice.CONSENT_S:
            self._end("consent_expired", now_s)
        elif len(self.ice.paths) > 1:
            self._drop_old_paths(now_s)

    def _drop_old_paths(self, now_s: float) -> None:
        for path in self.ice.drop_old(now_s):
            self._home.unmap(path)

    def _end(self, reason: str, now_s: float) -> None:
        owner = self._owner
        self.close()
        if owner is not None:
            owner.on_closed(reason, now_s)


def _credentials(remote_ufrag: str) -> ice.Credentials:
    return ice.Credentials(system.random_hex(8), system.random_hex(16), remote_ufrag)


def receiving_session(keys: Keys) -> pylibsrtp.Session:
    """Return what decrypts SRTP and SRTCP of any SSRC, no packet twice."""
    policy = pylibsrtp.Policy(
        key=keys.key + keys.salt,
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND,
        srtp_profile=_LIBSRTP_PROFILES[keys.profile],
    )
    policy.window_size = REPLAY_WINDOW
    return pylibsrtp.Session(policy)
