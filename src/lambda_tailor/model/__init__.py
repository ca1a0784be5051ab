"""The product's words as frozen types; see each module for one group of them."""
