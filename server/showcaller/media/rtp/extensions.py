"""The RTP header extensions (RFC 8285) that we know, by their URIs."""

from __future__ import annotations

# RFC 9143 §15.1
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
# RFC 8852 §4.3
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
# RFC 6464
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
# 3GPP TS 26.114 §7.4.5
ORIENTATION = "urn:3gpp:video-orientation"
# "RTP Payload Format For AV1", appendix A
DEPENDENCIES = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
