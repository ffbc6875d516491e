"""The nouns. Everybody may know them; they know nobody but each other."""
