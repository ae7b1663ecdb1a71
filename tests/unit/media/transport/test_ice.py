"""The lite side of ICE: which paths are valid, which is used, what a restart changes."""

import itertools

import pytest
from aioice import stun as aioice
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.transport import ice, stun
from showcaller.media.transport.ice import CONSENT_S, MAX_PATHS, QUIET_S, Agent, Credentials
from showcaller.media.transport.parameters import Path

OURS = Credentials("ours", "p" * 32, "theirs")
ANEW = Credentials("anew", "q" * 32, "moved")
HOME, AWAY = Path(3, ("192.0.2.1", 4000)), Path(3, ("192.0.2.9", 5000))


def path(number):
    return Path(3, ("192.0.2.2", number))


def request(credentials=OURS, *, nominate=False, controlled=False, transaction=None):
    message = aioice.Message(aioice.Method.BINDING, aioice.Class.REQUEST, transaction)
    message.attributes["USERNAME"] = f"{credentials.ufrag}:{credentials.remote_ufrag}"
    message.attributes["ICE-CONTROLLED" if controlled else "ICE-CONTROLLING"] = 1
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(credentials.pwd.encode())
    return bytes(message)


def check(agent, where=HOME, now_s=1.0, credentials=OURS, **wishes):
    """The class of the reply to a check; None if there is none."""
    data = request(credentials, **wishes)
    reply = agent.answer(data, stun.read_check(data), where, now_s)
    return None if reply is None else aioice.parse_message(reply).message_class


def test_the_first_valid_path_is_used_until_one_is_nominated():
    agent = Agent(OURS, 0.0)
    assert agent.path is None
    assert check(agent, HOME) == aioice.Class.RESPONSE
    check(agent, AWAY)
    assert agent.path == HOME and not agent.nominated
    check(agent, AWAY, nominate=True)
    assert agent.path == AWAY and agent.nominated


def test_before_a_nomination_the_path_that_the_client_uses_is_preferred():
    agent = Agent(OURS, 0.0)
    check(agent, HOME)
    agent.prefer(AWAY)  # not valid
    assert agent.path == HOME
    check(agent, AWAY)
    agent.prefer(AWAY)
    assert agent.path == AWAY
    check(agent, HOME, nominate=True)
    agent.prefer(AWAY)
    assert agent.path == HOME


def test_the_newest_nomination_wins():
    agent = Agent(OURS, 0.0)
    for where in (HOME, AWAY, HOME):
        check(agent, where, nominate=True)
        assert agent.path == where
    check(agent, AWAY)
    assert agent.path == HOME


def test_who_does_not_know_both_names_and_the_password_gets_nothing():
    agent = Agent(OURS, 0.0)
    for wrong in (
        OURS._replace(pwd="q" * 32),
        OURS._replace(ufrag="our"),
        OURS._replace(remote_ufrag="theirs2"),
        OURS._replace(remote_ufrag=""),
        ANEW,
    ):
        assert check(agent, credentials=wrong, nominate=True) is None
    assert agent.path is None and agent.paths == {} and agent.consent_s == 0.0


def test_a_client_in_the_wrong_role_makes_no_path():
    agent = Agent(OURS, 0.0)
    assert check(agent, controlled=True, nominate=True) == aioice.Class.ERROR
    assert agent.path is None and agent.consent_s == 0.0


def test_each_check_is_consent():
    agent = Agent(OURS, 0.0)
    check(agent, now_s=7.0)
    assert agent.consent_s == 7.0


def test_media_from_a_valid_path_is_a_sign_of_life():
    agent = Agent(OURS, 0.0)
    check(agent, now_s=1.0)
    agent.note_media(HOME, 2.0)
    assert agent.consent_s == 2.0 and agent.paths == {HOME: 2.0}
    agent.note_media(AWAY, 3.0)
    assert agent.consent_s == 2.0 and agent.paths == {HOME: 2.0}


@pytest.mark.parametrize("sign", [Agent.note_media, lambda agent, *at: check(agent, *at)])
def test_a_path_from_which_nothing_comes_is_left_for_one_that_lives(sign):
    agent = Agent(OURS, 0.0)
    check(agent, HOME, 1.0)
    check(agent, AWAY, 2.0, nominate=True)
    sign(agent, HOME, 2.0 + QUIET_S)
    assert agent.path == AWAY
    sign(agent, HOME, 2.1 + QUIET_S)
    assert agent.path == HOME


def test_the_path_in_use_stays_while_anything_comes_from_there():
    agent = Agent(OURS, 0.0)
    check(agent, HOME, 1.0)
    check(agent, AWAY, 2.0, nominate=True)
    for second in range(3, 60):
        agent.note_media(HOME, float(second))
        if second % 5 == 0:
            agent.note_media(AWAY, float(second))
        assert agent.path == AWAY


def test_the_same_check_from_another_address_is_not_answered():
    agent = Agent(OURS, 0.0)
    same = {"nominate": True, "transaction": b"transaction!"}
    assert check(agent, HOME, **same)
    assert check(agent, HOME, **same)  # the client asks again: it heard no reply
    assert check(agent, AWAY, **same) is None
    assert agent.path == HOME


def test_a_restart_ends_the_old_credentials_with_the_first_new_check():
    agent = Agent(OURS, 0.0)
    check(agent, HOME, nominate=True)
    agent.pending = ANEW
    assert check(agent, HOME) and agent.credentials == OURS
    assert check(agent, AWAY, credentials=ANEW)
    assert agent.credentials == ANEW and agent.pending is None and agent.path == HOME
    assert check(agent, HOME, nominate=True) is None
    assert check(agent, AWAY, credentials=ANEW, nominate=True) and agent.path == AWAY


def test_a_restart_in_the_wrong_role_changes_nothing():
    agent = Agent(OURS, 0.0)
    check(agent, HOME, nominate=True)
    agent.pending = ANEW
    assert check(agent, AWAY, credentials=ANEW, controlled=True) == aioice.Class.ERROR
    assert agent.credentials == OURS and agent.pending == ANEW


def test_paths_that_are_checked_no_more_are_forgotten_but_not_the_one_in_use():
    agent = Agent(OURS, 0.0)
    check(agent, HOME, now_s=0.0, nominate=True)
    check(agent, AWAY, now_s=1.0)
    assert agent.drop_old(1.0 + CONSENT_S) == []
    assert agent.drop_old(1.1 + CONSENT_S) == [AWAY]
    assert agent.paths == {HOME: 0.0} and agent.path == HOME


def test_the_oldest_of_too_many_paths_are_forgotten():
    agent = Agent(OURS, 0.0)
    check(agent, HOME, now_s=0.0, nominate=True)
    for number in range(MAX_PATHS + 2):
        check(agent, path(number), now_s=(number + 1) / 2)
    assert agent.drop_old(20.0) == [path(0), path(1), path(2)]
    assert len(agent.paths) == MAX_PATHS and HOME in agent.paths


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.floats(0, 5)), max_size=60))
def test_law_the_path_in_use_is_valid_and_paths_are_few(steps):
    agent = Agent(OURS, 0.0)
    clock = itertools.accumulate((seconds for *_, seconds in steps))
    for (number, nominate, _), now_s in zip(steps, clock, strict=True):
        check(agent, path(number), now_s=now_s, nominate=nominate)
        dropped = agent.drop_old(now_s)
        assert agent.path in agent.paths and agent.path not in dropped
        assert len(agent.paths) <= MAX_PATHS
        assert not nominate or agent.path == path(number)


def test_a_browser_is_not_forgotten_between_two_of_its_checks():
    assert ice.CONSENT_S > 2 * 5  # every 2.5 s in Chromium, every 5 s in aioice and Firefox
