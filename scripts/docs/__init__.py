"""The documentation site: pages written by hand, and pages written from the program itself."""
