"""What machines and browsers call: ingest, commands, reads, signing in, health."""
