"""Lists of subjects, checked row by row: what `leakcheck scan` and `check --from-file` do.

    query, blocks                 rows become digests, some ten thousand at a time
    source_set                    every source is asked about a block, on all cores
    options, asking               what is wanted; what is open to be asked, and the counts
    scan, lists, rows             one list, and several: rows out; a row as value, JSON and cells
    earlier_report, groups        what is new; rows by domain
    shared                        Windows accounts that have the same password
    summary                       what is known after the last row
    reporting, interrupts, plain  rows into reports, whole or marked partial; or printed as lines

Rule: every row of a list is answered exactly once. A row whose subject cannot
be accepted is `unknown`, with the reason. Only a row without any content is
none; such rows are counted.
"""
