"""Power cuts on a real file system, over a disk whose write cache forgets."""
