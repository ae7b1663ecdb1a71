"""A media worker's half: a forwarding unit that decodes and encodes nothing."""
