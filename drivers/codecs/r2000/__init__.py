"""R2000 ("A0") UHF readers: frames, commands, replies."""
