"""One file for each way of showing a plan or a run: terminal, HTML, Markdown, CSV, SARIF, JUnit.

It sees documents only: nothing is read from AWS or the journal here, and nothing is computed twice. Read ``texts.py``
first.
"""
