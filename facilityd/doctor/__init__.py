"""What is wrong with an installation, in plain words: looks, asks and connects, and changes nothing."""
