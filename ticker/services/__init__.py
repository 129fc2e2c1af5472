"""What may be done: one function, one story, one transaction."""
