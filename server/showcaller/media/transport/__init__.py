"""One UDP port for all clients of a worker: ICE, STUN, DTLS, and SRTP on its way in."""
