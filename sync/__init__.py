"""Both ends of the wire between a kiosk and its county hub."""
