"""The metrics of media: valid, of each stage, source and worker, never of a viewer."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from showcaller.media.contract.statistics import (
    LayerStatistics,
    PublicationStatistics,
    SoundStatistics,
    StageStatistics,
    Statistics,
)
from showcaller.media.node.measures import MediaCollector, NodeMedia

CAMERA = PublicationStatistics(
    publication="w_1~r_1",
    session="nitro",
    person="p_1",
    source="main",
    live=True,
    layers=[
        LayerStatistics(rid="h", bitrate_bps=2_000_000, keyframe_age_s=4.0, lost_share=0.01),
        LayerStatistics(rid="l", bitrate_bps=200_000, keyframe_age_s=2.5),
    ],
    sound=SoundStatistics(bitrate_bps=40_000, level_dbov=-31, lost_share=0.02),
)
SECOND_CAMERA = PublicationStatistics(
    publication="w_1~r_2",
    session="nitro",
    person="p_2",
    source="main",
    live=True,
    layers=[LayerStatistics(bitrate_bps=1_000_000, lost_share=0.25)],
    sound=SoundStatistics(bitrate_bps=40_000),
)
NOT_CONNECTED = PublicationStatistics(
    publication="w_1~r_3", session="nitro", person="p_3", source="slides"
)
MAIN = StageStatistics(
    stage="main",
    viewers=300,
    packets_sent=1_000,
    nacks=7,
    lost_share=0.015,
    rtt_ms_p50=40.0,
    freeze_s=1.5,
    layers={"high": 290, "none": 10},
)
WORKER = Statistics(
    egress="native",
    port=50_000,
    load=0.4,
    connecting=3,
    datagrams_refused=9,
    publications=[CAMERA, SECOND_CAMERA, NOT_CONNECTED],
    stages=[MAIN],
)


def read(**media):
    """Samples by name and labels."""
    registry = CollectorRegistry()
    registry.register(MediaCollector(lambda: media))
    text = generate_latest(registry).decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    found = {
        (s.name.removeprefix("showcaller_media_"), *s.labels.values()): s.value for s in samples
    }
    assert len(found) == len(samples)
    return found


def test_everything_is_counted_once_under_its_labels():
    found = read(show=NodeMedia({0: WORKER, 1: Statistics()}, 2, 1), other=NodeMedia({}, 0, 0))
    assert found["workers", "show"] == 2
    assert found["workers", "other"] == 0  # for the alert
    assert found["worker_restarts_total", "show"] == 2
    assert found["publications", "show"] == 2
    assert found["connecting", "show"] == 3
    assert found["worker_info", "native", "show", "0", "50000"] == 1
    assert found["worker_load", "show", "0"] == 0.4
    assert found["datagrams_refused_total", "show", "0"] == 9
    assert found["datagrams_refused_total", "show", "1"] == 0
    assert found["stage_viewers", "show", "main"] == 300
    assert found["stage_packets_sent_total", "show", "main"] == 1_000
    assert found["stage_freeze_seconds_total", "show", "main"] == 1.5
    assert found["stage_rtt_seconds", "show", "0.5", "main"] == 0.04
    layers = {key[2]: value for key, value in found.items() if key[0] == "stage_layer_viewers"}
    assert layers == {"high": 290, "medium": 0, "low": 0, "none": 10}


def test_what_is_not_known_is_left_out():
    found = read(show=NodeMedia({0: WORKER}, 0, 1))
    assert ("stage_rtt_seconds", "show", "0.99", "main") not in found
    assert ("stage_splice_wait_seconds", "show", "main") not in found


def test_publications_of_one_source_are_one_sample():
    found = read(show=NodeMedia({0: WORKER}, 0, 1))
    camera = "show", "nitro", "main"
    assert found[("source_bitrate_bps", *camera)] == 3_280_000
    assert found[("source_lost_share", *camera)] == 0.25
    assert found[("source_level_dbov", *camera)] == -31
    assert found[("source_keyframe_age_seconds", *camera)] == 2.5
    assert ("source_bitrate_bps", "show", "nitro", "slides") not in found
