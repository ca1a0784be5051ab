"""The command line: it parses, asks, prints and catches Ctrl-C; what it shows it has from the library's functions.

No decision about a function is made here. Read ``commands.py`` first.
"""
