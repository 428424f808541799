"""Copies on their way between sites: what has to go where, and in which box."""
