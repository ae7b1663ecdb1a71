"""The only door between a node and its media workers: the engine, calls to it, and what it tells."""
