"""A vendor's integration from end to end: it asks for access, checks that it has it, and reports on the courses."""
