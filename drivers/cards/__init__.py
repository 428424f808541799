"""Readers of patron cards."""
