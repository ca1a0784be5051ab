"""Write-back: a plan's changes made in the source that deployed the functions. Reads and edits files; no AWS."""
