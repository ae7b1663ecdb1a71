"""The messages to a worker, and how long a dead one's place stays empty."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from showcaller.settings import Settings
from showcaller.workers.backoff import MOST_S, STABLE_AFTER_S, Backoff
from showcaller.workers.supervisor import worker_settings
from showcaller.workers.worker_messages import (
    Alive,
    Failed,
    Ready,
    ServingConfig,
    decode,
    decode_config,
    encode,
)


@given(st.integers(0, 20), st.integers(1, 8))
def test_media_workers_are_shared_out(media_workers, workers):
    settings = Settings(schedules=(), media_workers=media_workers, workers=workers)
    shares = [worker_settings(settings, number).media_workers for number in range(workers)]
    assert sum(shares) == media_workers
    assert sorted(shares, reverse=True) == shares
    assert max(shares) - min(shares) <= 1


def test_a_worker_is_told_everything():
    settings = Settings(
        schedules=(Path("a.yaml"), Path("b.yaml")),
        secret="of many bytes, said to nobody else",
        tls_cert=Path("cert.pem"),
        invite_codes=("welcome",),
        drain_timeout_s=2.5,
    )
    config = ServingConfig(
        number=1,
        settings=settings,
        listeners=[3, 4],
        measurements=Path("/tmp/x"),
        supervisor=1,
        log_level="info",
    )
    line = encode(config)
    assert line.count(b"\n") == 1
    assert decode_config(line) == config


def test_each_message_of_a_worker_is_one_line():
    for said in (Ready({"url": "http://x"}), Failed("no\nRedis", is_config=False), Alive()):
        line = encode(said)
        assert line.count(b"\n") == 1
        assert decode(line) == said


def test_a_worker_that_dies_again_and_again_is_started_ever_more_rarely():
    backoff = Backoff()
    waits_s = [backoff.after(0.1) for _ in range(20)]
    assert waits_s[0] == 0
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] == MOST_S
    assert backoff.after(STABLE_AFTER_S + 1) == 0
