"""Benchmarks: run by hand, printed as ratios, never asserted."""
