"""The Model Context Protocol server: the library's functions as tools, with limits on what a client may write.

It prints nothing but the protocol. Read ``server.py`` first.
"""
