"""Trust: why a filter from a stranger's mirror can be believed.

    note (Ed25519) → edition (what a publisher offers) → digest → tree → page

`verity` has the tree, `note` the signature, `edition` the signed list, `keys`
who is trusted, `proof` the whole chain. XXH3 in a page is for accidents; only
what stands here is for authenticity.
"""
