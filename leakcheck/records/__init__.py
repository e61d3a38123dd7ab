"""From text to rows: the one reader of structure, for every command.

    detect                          what a text is, from its beginning: found once, passed on
    formats, columns, rows          forms and dialects; the vocabulary; what readers give
    table, json, xml, html, yaml, sql, stealer, accounts, ldif, vcard     the reader of each form
    objects                         what a record is where objects stand within objects
    entries                         what an entry of a directory, or a card, holds of addresses
    picking                         which cells of a row are the secret, and whose
    batches, listing                rows as a build takes them, and as a scan does

A record is a row, an object or a block. What is not understood is a row with a
problem, so that every record is accounted for.
"""
