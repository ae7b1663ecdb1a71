"""The inner parts of libraries that we rely on (docs/design.md, "Which library is for what").

A new release may change them without a word. Then these fail, and name the module that must follow; what the
parts do is tested where they are used.
"""

import inspect

import aiohttp.web_protocol
import pylibsrtp
import pylibsrtp._binding
import pytest
from aiortc import rtcdtlstransport

from showcaller.media.egress import native

DTLS = "media/transport/dtls.py overrides or reads it; see what aiortc does in its place now"
SRTP = "media/egress/{pure,sinks,plan}.py call it; see how pylibsrtp reaches libsrtp now"
HTTP = "gateway/front.py takes connections over by it; see how aiohttp forgets a connection now"

ANSWERS = "http/connection.py overrides it; see how aiohttp answers what it can't read now"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_do_handshake", ["self"]),
        ("_write_ssl", ["self"]),
        ("_validate_peer_identity", ["self", "remoteParameters"]),
        ("_setup_srtp", ["self"]),
        ("_set_role", ["self", "role"]),
        ("_set_state", ["self", "state"]),
    ],
)
def test_aiortc_shakes_hands_by_these_steps(name, parameters):
    step = getattr(rtcdtlstransport.RTCDtlsTransport, name, None)
    assert step is not None, DTLS
    assert [*inspect.signature(step).parameters] == parameters, DTLS


def test_aiortc_calls_the_steps_that_we_take_its_place_in():
    source = inspect.getsource(rtcdtlstransport.RTCDtlsTransport)
    for step in ("_do_handshake", "_write_ssl", "_validate_peer_identity", "_setup_srtp"):
        assert f"self.{step}(" in source, f"{step}: {DTLS}"
    for attribute in ("_ssl", "_role", "_state", "_task", "_srtp_profiles"):
        assert f"self.{attribute}" in source, f"{attribute}: {DTLS}"


def test_aiortc_sends_and_reads_by_our_wire():
    source = inspect.getsource(rtcdtlstransport.RTCDtlsTransport)
    assert "transport._recv()" in source, DTLS
    assert ".role" in source, DTLS


def test_aiortc_makes_one_context_a_certificate():
    made = rtcdtlstransport.RTCCertificate._create_ssl_context
    assert [*inspect.signature(made).parameters] == ["self", "srtp_profiles"], DTLS


@pytest.mark.parametrize(
    "name", ["srtp_create", "srtp_dealloc", "srtp_protect", "srtp_protect_rtcp"]
)
def test_pylibsrtp_binds_libsrtp(name):
    assert hasattr(pylibsrtp._binding.lib, name), SRTP


def test_pylibsrtp_keeps_a_policy_as_libsrtp_takes_it():
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    holder = pylibsrtp._binding.ffi.new("srtp_t *")
    assert pylibsrtp._binding.lib.srtp_create(holder, policy._policy) == 0, SRTP
    pylibsrtp._binding.lib.srtp_dealloc(holder[0])


def test_the_native_egress_finds_an_openssl_among_what_python_has_loaded():
    assert list(native._that_have_openssl()), "media/egress/native.py looks in pylibsrtp and _ssl"


def test_aiohttp_forgets_a_connection_that_is_lost_without_touching_its_transport():
    handler = aiohttp.web_protocol.RequestHandler
    assert [*inspect.signature(handler.connection_lost).parameters] == ["self", "exc"], HTTP
    assert "transport" in handler.__slots__ or "transport" in dir(handler), HTTP


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("handle_error", ["self", "request", "status", "exc", "message"]),
        ("finish_response", ["self", "request", "resp", "start_time"]),
    ],
)
def test_aiohttp_answers_by_these_steps(name, parameters):
    handler = aiohttp.web_protocol.RequestHandler
    assert [*inspect.signature(getattr(handler, name)).parameters] == parameters, ANSWERS
    assert f"self.{name}(" in inspect.getsource(handler), ANSWERS
