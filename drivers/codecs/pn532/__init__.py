"""The PN532 card reader chip: frames and commands."""
