"""M100 UHF readers: frames, commands, replies."""
