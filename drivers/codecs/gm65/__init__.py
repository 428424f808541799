"""GM65 and GM861 scan engines: frames, and what else their line carries."""
