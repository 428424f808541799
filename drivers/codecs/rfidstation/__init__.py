"""RFIDStation (7E55) pads: frames, commands, what tags say through them."""
