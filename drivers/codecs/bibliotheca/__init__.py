"""3M and Bibliotheca pads: frames, requests, replies."""
