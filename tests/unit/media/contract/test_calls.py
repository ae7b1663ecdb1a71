"""The calls of media: what each is answered with, and how two releases understand one another."""

import typing

import msgspec
import pytest

from showcaller.errors import OurFault
from showcaller.media.contract.calls import (
    Answer,
    AnyCall,
    Asker,
    ChooseLayer,
    Close,
    DescribePicture,
    Find,
    Lend,
    Measure,
    OfResource,
    Publish,
    Take,
    answer_type,
)
from showcaller.media.contract.statistics import Statistics
from showcaller.media.contract.wire import Request, call_of, request
from showcaller.media.sfu.forwarding_engine import HANDLERS

CALLS = typing.get_args(AnyCall)
ADA = Asker("ada", "j_1")
BY_NODES = {Find, Lend, Take}


def carried(fields, **more):
    """The call that a node of another release sends as these fields."""
    return call_of(Request(1, msgspec.Raw(msgspec.msgpack.encode({**fields, **more}))))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_every_call_is_carried_out_by_engines_or_by_nodes_alone(call):
    assert (call in HANDLERS) != (call in BY_NODES)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_every_call_says_what_it_is_answered_with(call):
    assert not isinstance(answer_type(call), typing.TypeVar)


def test_answers_have_their_types():
    assert answer_type(Publish) is Answer
    assert answer_type(Measure) is Statistics
    assert answer_type(Close) is type(None)


def test_a_call_arrives_as_it_was():
    call = ChooseLayer(resource="w~r", asker=ADA, layer="low")
    assert call_of(request(1, call)) == call


def test_a_newer_release_may_say_more():
    fields = {"type": "Close", "resource": "w~r", "asker": {"person": "ada"}}
    assert (
        carried(fields)
        == carried(fields, because="over")
        == Close(resource="w~r", asker=Asker("ada"))
    )


def test_an_older_release_may_say_less():
    fields = {"type": "Publish", "stage": "main", "session": "one", "offer": "v=0"}
    assert carried(fields, asker={"person": "ada"}).source == "main"


def test_a_call_that_only_the_other_release_knows_is_answered_with_a_fault():
    with pytest.raises(OurFault, match="another release") as refused:
        carried({"type": "Rewind", "resource": "w~r"})
    assert refused.value.code == "unknown_call"


def test_only_viewers_themselves_are_asked_about_their_picture():
    of_resources = [call for call in CALLS if issubclass(call, OfResource)]
    assert [call for call in of_resources if call.only_by_owner] == [ChooseLayer, DescribePicture]
