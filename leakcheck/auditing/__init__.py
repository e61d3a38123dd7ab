"""All the passwords of one person, account by account: what `leakcheck vault` does.

    accounts    exports become accounts, each once, however many exports name it
    guessing    whether a password can be guessed from the account it belongs to
    audit       what is wrong with each account, worst first
    reporting   that as reports, and what to do with the exports

Rule: no password, digest or length leaves this room; accounts are told apart
by passwords in memory alone.
"""
