"""The county: receives what the kiosks did and tells them what they need to know."""
