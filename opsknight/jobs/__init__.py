"""What happens without anyone asking: escalation, delivery, housekeeping."""
