"""What has to be done every day, whether or not anybody thinks of it."""
