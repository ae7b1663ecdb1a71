//! webrtc-rs as a client: `webrtc_rs publish|watch URL TOKEN SECONDS CARD`.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use interop::{Arguments, Counts, FRAME, SILENCE, SOUND};
use tokio::time::interval;
use webrtc::api::APIBuilder;
use webrtc::api::interceptor_registry::register_default_interceptors;
use webrtc::api::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine};
use webrtc::interceptor::registry::Registry;
use webrtc::media::Sample;
use webrtc::peer_connection::RTCPeerConnection;
use webrtc::peer_connection::peer_connection_state::RTCPeerConnectionState;
use webrtc::peer_connection::sdp::session_description::RTCSessionDescription;
use webrtc::rtp_transceiver::RTCRtpTransceiverInit;
use webrtc::rtp_transceiver::rtp_codec::{RTCRtpCodecCapability, RTPCodecType};
use webrtc::rtp_transceiver::rtp_transceiver_direction::RTCRtpTransceiverDirection as Direction;
use webrtc::track::track_local::track_local_static_sample::TrackLocalStaticSample;

#[tokio::main]
async fn main() {
    let asked = Arguments::read();
    let counts = Arc::new(Counts::default());
    let peer = peer().await;
    if asked.publishes {
        publish(&peer, asked.frames()).await;
    } else {
        watch(&peer, &counts).await;
    }
    connect(&peer, &asked).await;
    counts.tell(asked.seconds);
    pending().await
}

async fn peer() -> RTCPeerConnection {
    let mut engine = MediaEngine::default();
    engine.register_default_codecs().unwrap();
    let registry = register_default_interceptors(Registry::new(), &mut engine).unwrap();
    let api = APIBuilder::new().with_media_engine(engine).with_interceptor_registry(registry).build();
    api.new_peer_connection(Default::default()).await.unwrap()
}

async fn connect(peer: &RTCPeerConnection, asked: &Arguments) {
    let offer = peer.create_offer(None).await.unwrap();
    let mut gathered = peer.gathering_complete_promise().await;
    peer.set_local_description(offer).await.unwrap();
    gathered.recv().await;
    let offer = peer.local_description().await.unwrap();
    let answer = RTCSessionDescription::answer(asked.post(&offer.sdp)).unwrap();
    peer.set_remote_description(answer).await.unwrap();
}

async fn publish(peer: &RTCPeerConnection, frames: Vec<Vec<u8>>) {
    let sound = track(peer, MIME_TYPE_OPUS).await;
    let picture = track(peer, MIME_TYPE_VP8).await;
    peer.on_peer_connection_state_change(Box::new(move |state| {
        if state == RTCPeerConnectionState::Connected {
            tokio::spawn(play(picture.clone(), frames.clone(), FRAME));
            tokio::spawn(play(sound.clone(), vec![SILENCE.to_vec()], SOUND));
        }
        Box::pin(async {})
    }));
}

async fn track(peer: &RTCPeerConnection, mime: &str) -> Arc<TrackLocalStaticSample> {
    let codec = RTCRtpCodecCapability { mime_type: mime.to_owned(), ..Default::default() };
    let made = Arc::new(TrackLocalStaticSample::new(codec, mime[..5].to_owned(), "card".to_owned()));
    let init = RTCRtpTransceiverInit { direction: Direction::Sendonly, send_encodings: vec![] };
    let transceiver = peer.add_transceiver_from_track(made.clone(), Some(init)).await.unwrap();
    let sender = transceiver.sender().await;
    tokio::spawn(async move { while sender.read_rtcp().await.is_ok() {} });
    made
}

async fn play(track: Arc<TrackLocalStaticSample>, packets: Vec<Vec<u8>>, duration: Duration) {
    let mut ticks = interval(duration);
    for data in packets.iter().cycle() {
        ticks.tick().await;
        let sample = Sample { data: data.clone().into(), duration, ..Default::default() };
        track.write_sample(&sample).await.unwrap();
    }
}

async fn watch(peer: &RTCPeerConnection, counts: &Arc<Counts>) {
    for kind in [RTPCodecType::Video, RTPCodecType::Audio] {
        let init = RTCRtpTransceiverInit { direction: Direction::Recvonly, send_encodings: vec![] };
        peer.add_transceiver_from_kind(kind, Some(init)).await.unwrap();
    }
    let counts = counts.clone();
    peer.on_track(Box::new(move |track, _, _| {
        let counts = counts.clone();
        tokio::spawn(async move {
            while track.read_rtp().await.is_ok() {
                counts.note(track.kind() == RTPCodecType::Video);
            }
        });
        Box::pin(async {})
    }));
}
