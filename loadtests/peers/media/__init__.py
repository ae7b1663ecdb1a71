"""Other media servers, each with one publication that thin viewers watch (`bench_media_peers.py`)."""
