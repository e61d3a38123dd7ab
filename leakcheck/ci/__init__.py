"""Breached passwords in a repository's configuration: walk, read, judge, look up, report.

walk finds the files, readers find candidates in the bytes of one, names and
values decide which of them are passwords, checking asks the sources, output
writes. No room but checking knows of sources; none prints a value.
"""
