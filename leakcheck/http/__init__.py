"""Over the network: one client, headers, the cache, decoys, pages of a filter on a web server."""
