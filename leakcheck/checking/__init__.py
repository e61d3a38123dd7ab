"""Checking one or a few subjects: what is said of each, and what to do next."""
