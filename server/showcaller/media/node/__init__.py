"""A node's half of media: HTTP, admission, stages and their workers. It never loads the WebRTC stack."""
