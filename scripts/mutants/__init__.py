"""Each guard behind a guarantee taken out, one at a time: the guarantee's test has to turn red."""
