"""Prices as dated data by region."""
