"""What kiosk and hub carry to each other on a USB stick; STICK.md is the specification."""
