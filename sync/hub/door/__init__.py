"""Where requests come in: the server, who may come in and when, the kiosks' API."""
