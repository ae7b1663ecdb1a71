"""Rubbish for the STUN parser: `ValueError` or a check that no wrong password signed, never anything else."""

import contextlib

from aioice import stun as aioice
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.transport import ice, stun
from showcaller.media.transport.parameters import Path

PWD = "p" * 32
PATH = Path(3, ("192.0.2.1", 4000))


def true_check(nominates, controlled):
    message = aioice.Message(aioice.Method.BINDING, aioice.Class.REQUEST, b"transaction!")
    message.attributes["USERNAME"] = "ours:theirs"
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 1
    if nominates:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(PWD.encode())
    return bytes(message)


@st.composite
def bent_checks(draw):
    """Draw a true check with bytes changed, cut out, doubled or put in."""
    data = bytearray(true_check(draw(st.booleans()), draw(st.booleans())))
    for _ in range(draw(st.integers(1, 4))):
        at, size = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
        match draw(st.integers(0, 3)):
            case 0:
                data[at:at] = draw(st.binary(max_size=12))
            case 1:
                del data[at : at + size]
            case 2:
                data[at : at + size] = draw(st.binary(min_size=size, max_size=size))
            case _:
                data[at:at] = data[at : at + size]
        if not data:
            break
    if draw(st.booleans()) and len(data) >= 20:
        data[2:4] = (len(data) - 20).to_bytes(2)
    return bytes(data)


@settings(max_examples=500)
@given(st.one_of(st.binary(max_size=200), bent_checks()))
def test_any_datagram_is_refused_or_signed_by_no_wrong_password(data):
    with contextlib.suppress(ValueError):
        check = stun.read_check(data)
        assert not stun.authentic(data, check, b"another password")
        assert len(stun.success(check, PATH.address, b"")) > 20


@settings(max_examples=500)
@given(bent_checks())
def test_a_check_that_is_taken_was_signed(data):
    agent = ice.Agent(ice.Credentials("ours", PWD, "theirs"), 0.0)
    with contextlib.suppress(ValueError):
        check = stun.read_check(data)
        if agent.answer(data, check, PATH, 1.0) is None:
            assert agent.path is None
        else:  # nothing of what is signed was touched
            signed = data[4 : check.signed_at + 24]
            assert any(
                signed == true_check(nominates, controlled)[4 : check.signed_at + 24]
                for nominates in (False, True)
                for controlled in (False, True)
            )
