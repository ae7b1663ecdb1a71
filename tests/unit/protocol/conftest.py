import tracemalloc

import pytest


@pytest.fixture
def peak_bytes():
    """Return how much more memory was in use, at most, than when the test began."""
    tracemalloc.start()
    tracemalloc.reset_peak()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
