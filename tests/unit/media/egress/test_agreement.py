"""The law of the two egresses: given the same, they emit the same, byte by byte, and count the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.egress.interface import ALL
from showcaller.media.egress.keys import CM, GCM

near = st.integers(-40, 40)
steps = st.one_of(
    st.just(1), st.just(1), near, st.integers(-1100, 1100), st.integers(-33_000, 33_000)
)
packets = st.tuples(steps, st.one_of(st.just(300), st.integers(0, 400)), st.booleans())
batches = st.tuples(st.just("batch"), st.lists(packets, max_size=12), st.booleans())
shifts = st.tuples(
    st.just("shift"), st.integers(-3, 3), st.integers(-9, 9), st.integers(-2, 2), st.integers(-2, 2)
)
agains = st.tuples(st.just("again"), st.integers(0, 11), st.booleans())
stories = st.lists(st.one_of(batches, batches, shifts, agains), min_size=1, max_size=12)
begins = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFE]))


class Story:
    """The outcome of the steps of a story, for one egress."""

    def __init__(self, egress, watch, make, profile):
        self.make = make
        self.sink, self.peer = watch(egress, profile=profile)
        self.stream, self.group = self.sink.stream(7), egress.group()
        self.group.add(self.stream)
        self.last = []

    def tell(self, begin, story):
        """Yield all that came, and the counts, after each step."""
        sequence = begin
        for kind, *step in story:
            if kind == "shift":
                self.stream.shift(sequence=step[0], timestamp=step[1], picture=step[2], tl0=step[3])
            elif kind == "again":
                self.again(*step)
            else:
                sequence = self.batch(sequence, *step)
            yield self.peer.datagrams(), self.counts()
        self.sink.close()

    def counts(self):
        return self.stream.packets, self.stream.octets, self.stream.dropped

    def batch(self, sequence, steps, stamped):
        made, pictures, tl0s = [], [], []
        for step, size, picture in steps:
            sequence += step
            packet = self.make.rtp(
                sequence, b"\x80\x05\x09" + bytes(size), timestamp=sequence & 0xFFFF
            )
            packet = self.make.with_send_time(packet) if stamped else packet
            made.append(packet)
            at = 20 if stamped else 12
            pictures.append(at if picture else 0)
            tl0s.append(at + 2 if picture else 0)
        fields = {"send_time_at": 17 if stamped else 0, "picture_at": tuple(pictures)}
        assert self.group.send(self.make.batch(*made, tl0_at=tuple(tl0s), **fields), 0, ALL) == 1
        return sequence

    def again(self, place, stamped):
        """Something like what was sent last; whether it was sent is the egress's to know."""
        packet = self.make.rtp(place, ssrc=7)
        packet = self.make.with_send_time(packet) if stamped else packet
        self.stream.send_again(packet, 17 if stamped else 0)


@settings(max_examples=150, deadline=None)
@given(begin=begins, story=stories, profile=st.sampled_from([GCM, CM]))
def test_both_egresses_emit_the_same_bytes(agreeing, begin, story, profile):
    both, watch, make = agreeing
    told = [list(Story(egress, watch, make, profile).tell(begin, story)) for egress in both]
    assert told[0] == told[1]


@settings(max_examples=60, deadline=None)
@given(begin=begins, story=stories, profile=st.sampled_from([GCM, CM]))
def test_a_peer_understands_all_that_the_native_egress_emits(agreeing, begin, story, profile):
    both, watch, make = agreeing
    one = Story(both[1], watch, make, profile)
    batches_only = [step for step in story if step[0] != "again"]
    for datagrams, _ in one.tell(begin, batches_only):
        for datagram in datagrams:
            one.peer.session.unprotect(datagram)
