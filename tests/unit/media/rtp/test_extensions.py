"""Header extensions by their URIs."""

from __future__ import annotations

from showcaller.media.rtp import extensions


def test_no_two_extensions_have_one_uri():
    uris = [value for name, value in vars(extensions).items() if name.isupper()]
    assert uris
    assert len(uris) == len(set(uris))
    assert all(uri.startswith(("urn:", "http://", "https://")) for uri in uris)
