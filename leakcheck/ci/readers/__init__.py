"""A reader for each family of text: it adds what it sees to a Text. leakcheck.ci.reading says
which one reads what.
"""
