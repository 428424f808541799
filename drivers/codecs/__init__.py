"""Frames of each device family, sans-IO: bytes in, frames out, no clock.

The module that is called as a protocol (`feig_obid`, `pn532`, `lines`) offers
`describe(frame: bytes) -> dict[str, object]`, the decoded content of one whole frame
for `tongjie frame decode`; it raises `drivers.api.ProtocolError` for what is none.
"""
