//! What the Rust clients share: their arguments, the test card, the request, and a count each second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs, process, thread};

pub const FRAME: Duration = Duration::from_millis(40);
pub const SOUND: Duration = Duration::from_millis(20);
/// Twenty milliseconds of silence in Opus.
pub const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// `publish|watch URL TOKEN SECONDS CARD`.
pub struct Arguments {
    pub publishes: bool,
    pub url: String,
    pub token: String,
    pub seconds: f64,
    pub card: String,
}

impl Arguments {
    pub fn read() -> Self {
        let [role, url, token, seconds, card] =
            env::args().skip(1).collect::<Vec<_>>().try_into().expect("five arguments");
        let seconds = seconds.parse().expect("seconds");
        Self { publishes: role == "publish", url, token, seconds, card }
    }

    /// Return the answer to an offer.
    pub fn post(&self, offer: &str) -> String {
        let answer = ureq::post(&self.url)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/sdp")
            .send(offer);
        answer.expect("201").body_mut().read_to_string().expect("an answer")
    }

    /// Return the frames of the card, an IVF file.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let file = fs::read(&self.card).expect("the card");
        let mut rest = &file[32..];
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let size = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            frames.push(rest[12..12 + size].to_vec());
            rest = &rest[12 + size..];
        }
        frames
    }
}

/// What has come.
#[derive(Default)]
pub struct Counts {
    pub video: AtomicU64,
    pub audio: AtomicU64,
}

impl Counts {
    pub fn note(&self, video: bool) {
        let count = if video { &self.video } else { &self.audio };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Print them each second from now on; end the process after `seconds`.
    pub fn tell(self: &Arc<Self>, seconds: f64) {
        let counts = self.clone();
        thread::spawn(move || {
            for _ in 0..seconds as u64 {
                thread::sleep(Duration::from_secs(1));
                let (video, audio) = (&counts.video, &counts.audio);
                println!("{{\"video\": {video:?}, \"audio\": {audio:?}}}");
            }
            process::exit(0);
        });
    }
}
