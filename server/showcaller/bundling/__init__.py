"""A page's modules as one script: JavaScript in, JavaScript out, without I/O."""
