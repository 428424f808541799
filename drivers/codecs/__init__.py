"""Frames of each device family, sans-IO: bytes in, frames out, no clock.

Every codec module offers `describe(frame: bytes) -> dict[str, object]`, the
decoded content of one whole frame for `tongjie frame decode`; it raises
`drivers.api.ProtocolError` for a frame that is not one.
"""
