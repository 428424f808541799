"""Cameras: grey frames from a device or from pictures, and the codes in them."""
