"""Lists of subjects, checked row by row: what `leakcheck scan` and batch checks do.

    streams, lists                 a file, stdin or a pipe becomes a list of some format
    textual, sheets, jsonrows      that format becomes rows of cells
    columns, cells                 which cells are the header, the subject, kept or hidden
    blocks, digesting              rows become digests, some ten thousand at a time
    opening, asking                blocks are looked up in every source, on all cores
    making, rows                   a row's answer, as Python value, JSON and table cells
    exact, kept, baseline, groups  hits asked again; what is new; rows by domain
    tally                          what is known after the last row
    run, reporting, interrupts     the whole: list in, reports out, whole or marked partial
    batch                          the same for plain lists, as `check` has it

Rule: every row of a list is answered exactly once. A row whose subject cannot
be accepted is `unknown`, with the reason. Only a row without any content is
none; such rows are counted.
"""
