"""RTP and RTCP packets, and what codecs put in them."""
