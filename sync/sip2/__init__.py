"""SIP2, the language of library systems: its messages, and a client; see SIP2.md."""
