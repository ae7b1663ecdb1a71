"""Streams of real encoders, from their RTP payloads to parts, read back by FFmpeg."""

import io

import av
import pytest

from showcaller.media.recorder.depacketise import frame_of
from showcaller.media.recorder.descriptions import describe_sound
from showcaller.media.rtp.opus import SILENCE
from showcaller.recording.layout import take_of
from showcaller.recording.muxer import Muxer
from showcaller.recording.part import Sample
from showcaller.testing.encoded_streams import HEIGHT, STREAMS, WIDTH, packets_of, stream

BASE_MS = 1_800_000_000_000
NAMES = {"video/vp8": "VP8", "video/h264": "H264", "video/vp9": "VP9", "video/av1": "AV1"}


def take_for(init):
    about = {"session": "talk", "publication": "w~p", "person": "ada", "source": "main"}
    return take_of(init, folder="e/r/talk/take", base_ms=BASE_MS, **about)


def frames_of(name):
    key, frames = stream(name)
    return [frame_of(NAMES[key.partition(" ")[0]], payloads) for _, payloads in frames]


def written(init, samples, until_ms, **options):
    muxer = Muxer(take_for(init), **options)
    made = [muxer.add(sample) for sample in samples] + [muxer.flush(until_ms)]
    return [part for part in made if part]


def file_of(init, made):
    return io.BytesIO(init.data + b"".join(data for _, data in made))


@pytest.mark.parametrize("name", STREAMS)
def test_every_frame_comes_back_at_its_time(name):
    frames = frames_of(name)
    init = frames[0].init
    samples = [
        Sample(BASE_MS + 40 * n, 3600 * n, frame.keyframe, frame.data)
        for n, frame in enumerate(frames)
    ]
    made = written(init, samples, BASE_MS + 40 * len(frames), part_ms=200)
    assert (init.width, init.height) == (WIDTH, HEIGHT)
    with av.open(file_of(init, made)) as file:
        (video,) = file.streams
        packets = [packet for packet in file.demux(video) if packet.size]
        assert [float(packet.pts * video.time_base) for packet in packets] == pytest.approx(
            [0.04 * n for n in range(len(frames))]
        )
        assert [p.is_keyframe for p in packets] == [p.is_keyframe for p in packets_of_encoder(name)]
    with av.open(file_of(init, made)) as file:
        decoded = list(file.decode(video=0))
        assert len(decoded) == len(frames)
        assert {(frame.width, frame.height) for frame in decoded} == {(WIDTH, HEIGHT)}


def packets_of_encoder(name):
    return packets_of(STREAMS[name][1])


@pytest.mark.parametrize("name", ["h264", "vp8"])
def test_a_part_begins_at_each_keyframe_and_lasts_no_longer_than_it_may(name):
    frames = frames_of(name)
    samples = [
        Sample(BASE_MS + 40 * n, 3600 * n, frame.keyframe, frame.data)
        for n, frame in enumerate(frames)
    ]
    made = written(frames[0].init, samples, BASE_MS + 40 * len(frames), part_ms=200)
    ticks_a_ms = frames[0].init.timescale / 1000
    lengths = [part.duration / ticks_a_ms for part, _ in made]
    assert max(lengths) <= 200
    assert [part.sequence for part, _ in made] == list(range(len(made)))
    times = [round(part.time_ms - BASE_MS) for part, _ in made]
    assert all(40 * n in times for n, frame in enumerate(frames) if frame.keyframe)
    assert [part.rtp_time for part, _ in made] == [90 * ms for ms in times]
    assert [part.keyframe for part, _ in made] == [frames[ms // 40].keyframe for ms in times]


def test_sound_is_as_long_as_it_was():
    init = describe_sound(2)
    samples = [Sample(BASE_MS + 20 * n, 960 * n, True, SILENCE) for n in range(250)]
    made = written(init, samples, BASE_MS + 5_000)
    assert [part.duration for part, _ in made] == [48_000] * 5
    with av.open(file_of(init, made)) as file:
        (sound,) = file.streams
        assert sound.codec_context.name == "opus" or sound.codec_context.name == "libopus"
        packets = [packet for packet in file.demux(sound) if packet.size]
        assert [packet.pts for packet in packets] == [960 * n for n in range(250)]


@pytest.mark.parametrize("name", ["h264", "vp8", "vp9", "av1"])
def test_a_file_that_ends_with_any_part_plays_to_there(name):
    frames = frames_of(name)
    init = frames[0].init
    samples = [
        Sample(BASE_MS + 40 * n, 3600 * n, frame.keyframe, frame.data)
        for n, frame in enumerate(frames)
    ]
    made = written(init, samples, BASE_MS + 40 * len(frames), part_ms=200)
    for count in range(1, len(made)):
        with av.open(file_of(init, made[:count])) as file:
            packets = [packet for packet in file.demux(video=0) if packet.size]
        assert len(packets) == sum(1 for s in samples if s.time_ms < made[count][0].time_ms)
