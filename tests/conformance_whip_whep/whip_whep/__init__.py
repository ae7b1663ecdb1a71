"""A client that can be made to misbehave, for asking WHIP and WHEP servers."""
