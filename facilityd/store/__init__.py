"""The journal: everything passes through it first. And what reads it forward, to sinks."""
