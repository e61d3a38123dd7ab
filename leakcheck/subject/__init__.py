"""Subjects: kinds, canonical forms, digests, other spellings, masking."""
