"""Migrations of the journal database, one file each in ``versions``; never changed once released."""
