"""What is written on a library tag, sans-IO: memory bytes to elements and back."""
