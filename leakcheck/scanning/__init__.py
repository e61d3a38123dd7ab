"""Lists of subjects, checked row by row: what `leakcheck scan` and batch checks do.

    lists, textual, sheets, jsonrows   a list of any format becomes rows of cells
    columns                            which cells are the header, which the subject
    blocks                             rows become digests, in blocks
    asking                             blocks are looked up in every source, on all cores
    rows                               a row's answer, as Python value, JSON and table cells
    tally                              what is known after the last row
    run                                the whole: list in, reports out

Rule: every row of a list is answered exactly once. A row whose subject cannot
be accepted is `unknown`, with the reason. Only a row without any content is
none; such rows are counted.
"""
