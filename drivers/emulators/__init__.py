"""Devices that speak the same bytes from the other end of a pty."""
