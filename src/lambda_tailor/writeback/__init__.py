"""Write-back: a plan's changes made in the source that deployed the functions, one folder or file a format.

Files are read and edited here; nothing of it speaks to AWS. Read ``service.py`` first, then ``engine.py``.
"""
