"""The Pwned Passwords corpus, fetched range by range into a filter, or kept as files.

A **range** is what the service answers for a prefix of five hex digits; a
**block** is the 256 ranges that share three. Blocks are the unit of work, of
memory and of resuming: each is fetched, verified and written whole. Processes
share the work, since HTTP in Python is bound by one core.
"""
