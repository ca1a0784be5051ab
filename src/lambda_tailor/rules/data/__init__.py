"""Facts that age, as dated data with their source."""
