//! str0m as a client: `str0m publish|watch URL TOKEN SECONDS CARD`.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interop::{Arguments, Counts, FRAME, SILENCE, SOUND};
use str0m::change::SdpAnswer;
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// One of the two that are played: what, as which codec, and how often.
struct Loop {
    mid: Mid,
    codec: Codec,
    packets: Vec<Vec<u8>>,
    step: Duration,
    rate: Frequency,
    sent: u32,
}

fn main() {
    let asked = Arguments::read();
    str0m::crypto::from_feature_flags().install_process_default();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut rtc = RtcConfig::new().clear_codecs().enable_vp8(true).enable_opus(true, false).build(Instant::now());
    rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
    let direction = if asked.publishes { Direction::SendOnly } else { Direction::RecvOnly };
    let mut change = rtc.sdp_api();
    let sound = change.add_media(MediaKind::Audio, direction, None, None, None);
    let picture = change.add_media(MediaKind::Video, direction, None, None, None);
    let (offer, pending) = change.apply().unwrap();
    let answer = SdpAnswer::from_sdp_string(&asked.post(&offer.to_sdp_string())).unwrap();
    rtc.sdp_api().accept_answer(pending, answer).unwrap();
    let counts = Arc::new(Counts::default());
    counts.tell(asked.seconds);
    let mut loops = Vec::new();
    if asked.publishes {
        let (opus, vp8) = (Codec::Opus, Codec::Vp8);
        let silence = vec![SILENCE.to_vec()];
        let rate = Frequency::FORTY_EIGHT_KHZ;
        loops.push(Loop { mid: sound, codec: opus, packets: silence, step: SOUND, rate, sent: 0 });
        let packets = asked.frames();
        let rate = Frequency::NINETY_KHZ;
        loops.push(Loop { mid: picture, codec: vp8, packets, step: FRAME, rate, sent: 0 });
    }
    run(&mut rtc, &socket, &mut loops, |mid| counts.note(mid == picture));
}

/// Do one thing at a time, and take all that comes of it before the next.
fn run(rtc: &mut Rtc, socket: &UdpSocket, loops: &mut [Loop], came: impl Fn(Mid)) {
    let mut began = None;
    loop {
        let until = drain(rtc, socket, &mut began, &came);
        let now = Instant::now();
        let next = loops.iter_mut().min_by_key(|played| played.step * played.sent);
        let due = began.zip(next).map(|(began, next)| (began + next.step * next.sent, next));
        match due {
            // Two packets are not taken without a moment in between.
            _ if until <= now => rtc.handle_input(Input::Timeout(now)).unwrap(),
            Some((due, next)) if due <= now => play(rtc, next),
            due => receive(rtc, socket, due.map_or(until, |(due, _)| due.min(until))),
        }
    }
}

fn drain(rtc: &mut Rtc, socket: &UdpSocket, began: &mut Option<Instant>, came: &impl Fn(Mid)) -> Instant {
    loop {
        match rtc.poll_output().unwrap() {
            Output::Timeout(until) => return until,
            Output::Transmit(sent) => drop(socket.send_to(&sent.contents, sent.destination)),
            Output::Event(Event::Connected) => *began = Some(Instant::now()),
            Output::Event(Event::MediaData(data)) => came(data.mid),
            Output::Event(_) => {}
        }
    }
}

fn play(rtc: &mut Rtc, played: &mut Loop) {
    let packet = played.packets[played.sent as usize % played.packets.len()].clone();
    let ticks = played.step.as_millis() as u64 * u64::from(played.rate.get()) / 1000;
    let time = MediaTime::new(u64::from(played.sent) * ticks, played.rate);
    played.sent += 1;
    let writer = rtc.writer(played.mid).unwrap();
    let kind = writer.payload_params().find(|p| p.spec().codec == played.codec).unwrap().pt();
    writer.write(kind, Instant::now(), time, packet).unwrap();
}

fn receive(rtc: &mut Rtc, socket: &UdpSocket, until: Instant) {
    let wait = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    socket.set_read_timeout(Some(wait)).unwrap();
    let mut buffer = [0; 2000];
    let input = match socket.recv_from(&mut buffer) {
        Ok((size, source)) => {
            let destination = socket.local_addr().unwrap();
            let Ok(contents) = buffer[..size].try_into() else { return };
            Input::Receive(Instant::now(), Receive { proto: Protocol::Udp, source, destination, contents })
        }
        Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => Input::Timeout(Instant::now()),
        Err(error) => panic!("{error}"),
    };
    rtc.handle_input(input).unwrap();
}
