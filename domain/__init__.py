"""What is true: a folder per capability with its tables and its rules."""
