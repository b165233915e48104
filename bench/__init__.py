"""Benchmarks of Keystead, each against a baseline in the same run. They print tables and never fail on a time."""
