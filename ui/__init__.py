"""The touchscreen: the latest view as a page, and touches as inputs."""
