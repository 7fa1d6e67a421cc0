"""Orders: what they are, what may happen to them, and what that does to stock."""
