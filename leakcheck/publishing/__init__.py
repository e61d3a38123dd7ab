"""A page where people check themselves, as a folder for any static host, and a probe of such."""
