"""What pages are made of, one idea a file; all of it stands on /style in every state."""
