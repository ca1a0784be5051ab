"""The embedded AWS, and the story told on it."""
