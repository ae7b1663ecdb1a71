"""HTTP Live Streaming: what was written of a stage, as playlists and immutable addresses."""
