"""The recorder: a process that borrows what is published, as a branch does, and writes it down."""
