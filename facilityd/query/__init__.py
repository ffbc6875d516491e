"""The read model: questions to a site's journal, answered as dataclasses; each has ``plain()`` for JSON.

No terminal and no web stands here: the command line and an HTTP API show the same answers.
"""
