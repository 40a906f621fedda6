"""The pages, by who is looking."""
