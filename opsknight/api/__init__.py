"""What machines and browsers call: ingest, commands, reads, signing in, health."""

from opsknight.api.mount import guarded, mount

__all__ = ["guarded", "mount"]
