"""The readers: each takes a session and returns values, never rows."""
