"""Faults and attacks on a deployment with an audience that keeps ledgers: `make chaos`."""
