"""Answers with what it was sent."""


def handler(event, context):
    """Answer."""
    return event
