"""Thin WHEP viewers by the thousand, and a thin WHIP publisher, for any server that speaks both.

They share no code with the server: signalling, ICE, DTLS, SRTP and RTP are done here once more, as little
of each as a client must do. What viewers receive is counted by a C thread (`counter.c`).
"""
