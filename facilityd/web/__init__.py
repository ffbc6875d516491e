"""The HTTP API, in a process of its own: it reads the journal, drops commands into the inbox, and no more.

The daemon listens on nothing and knows nothing of this process (decision 0001): it may be killed, flooded or
made to take all memory that it may, and nobody on site is less watched for it.
"""
