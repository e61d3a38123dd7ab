"""Who is asked about: kinds, canonical forms, digests, other spellings, masking."""
