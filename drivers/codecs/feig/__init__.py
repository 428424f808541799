"""FEIG OBID readers: frames, commands to reader and tags, replies."""
