"""The writers: each takes a unit of work, changes state, records what it did, and never commits."""
