"""The other side: filters with byte ranges, and the Pwned Passwords API, over HTTP."""
