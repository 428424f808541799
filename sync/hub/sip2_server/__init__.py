"""A SIP2 server, so that machines of others lend and take back in this county."""
