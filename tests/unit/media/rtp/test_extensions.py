"""Header extensions by their URIs: each one that an offer may name is one that packets are read for."""

from __future__ import annotations

from showcaller.media.rtp import extensions


def test_no_two_extensions_have_one_uri():
    uris = [value for name, value in vars(extensions).items() if name.isupper()]
    assert len(uris) == len(set(uris)) == 7
    assert all(uri.startswith(("urn:", "http://")) for uri in uris)
