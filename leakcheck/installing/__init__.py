"""Publishers' filters onto this machine: found, downloaded, proved, kept up to date.

`publishers` has who offers what, `download` one filter file, `install` what
is put where, and when it is replaced.
"""
