"""The one error that ends a command with a plain sentence instead of a traceback."""


class DevclusterError(Exception):
    """Something the user can fix; the message names what is wrong and what would be right."""
