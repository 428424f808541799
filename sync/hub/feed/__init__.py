"""What changed, told to every kiosk."""
