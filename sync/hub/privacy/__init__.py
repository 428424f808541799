"""What the county forgets of its readers, and shows, corrects and erases for them."""
