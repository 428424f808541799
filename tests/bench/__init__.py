"""What the product costs, beside what the least thing of its kind costs."""
