"""SSI scanners: packets, codes, settings."""
