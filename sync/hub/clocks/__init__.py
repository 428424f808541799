"""When something happened, though kiosks have no clock."""
