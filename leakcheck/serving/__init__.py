"""The other side, over HTTP: filters with byte ranges, the Pwned Passwords API, and verdicts."""
