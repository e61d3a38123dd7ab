"""The store: all ranges of Pwned Passwords, with their counts, in one file. See docs/store.md."""
