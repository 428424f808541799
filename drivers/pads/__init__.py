"""RFID pads: a stack of books in, tags out."""
