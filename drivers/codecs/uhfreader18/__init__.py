"""UHFReader18 readers: frames, commands, replies."""
