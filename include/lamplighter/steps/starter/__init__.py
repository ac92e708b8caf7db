"""What `lamplighter init` does: look at data, guess what a spec needs to say, and write it."""
