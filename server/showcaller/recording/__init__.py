"""Recording: what is published, kept as it came in parts that any player reads (docs/recording.md)."""
