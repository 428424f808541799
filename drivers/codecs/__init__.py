"""Frames of each device family, sans-IO: bytes in, frames out, no clock.

A family of readers has a package: `frames` are its bytes, `commands` or `requests` what
it is asked, `replies` what it says, `describe` all of that in words. A module of one
file is a family of few words, or what several families share.

A module that explains frames offers `describe(frame: bytes) -> Content`, the decoded
content of one whole frame for `tongjie frame decode`; it raises
`drivers.api.ProtocolError` for what is none.
"""
