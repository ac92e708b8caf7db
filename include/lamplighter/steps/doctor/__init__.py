"""What `lamplighter doctor` looks at, a file for each subject. `visit` is the whole of it."""
