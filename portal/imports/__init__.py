"""Imports: files of other systems, read line by line and handed to the rules of the domain."""
