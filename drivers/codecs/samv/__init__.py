"""SAM_V identity card modules: frames, commands, the text on a card."""
