"""On the kiosk: push the ledger, pull the mirror, tell the hub we are alive."""
