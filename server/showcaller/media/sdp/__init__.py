"""Session descriptions: read, answered."""
