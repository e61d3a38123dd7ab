"""Which watched people are in a raw dump, where, and in what context: `leakcheck hunt`.

    watch, parsing       a list of addresses, domains, terms and phone numbers becomes a Watch
    keys, sieve, reference    which places of a chunk may name one: fast, too many at worst
    readings, folding    a text as it stands, without its escapes, without its case
    matching, hosts, phones   which of them do: exactly
    plain_lines          what most lines are, at less cost
    context, secrets     what else stands there, by class; nothing that may be secret is shown
    pipeline, places     inputs become chunks, places, hits, on all cores
    following, state     a growing file or folder, across restarts
    hunt, hits, run      hits counted, as rows of a report, and the whole

Rule 1: what is found is what plain search over canonical forms finds, no more
and no less. Rule 2: nothing but the entry itself is shown unless it is known
to be harmless.
"""
