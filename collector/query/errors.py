"""The errors of the query API, named by what the caller should do. Each text is one line with the fix."""


class QueryError(Exception):
    """A question that cannot be answered, with the HTTP status that says so."""

    status = 500

    def where(self) -> dict[str, int]:
        """Return the position of the error in what was sent, as clients read it; {} when a whole value is
        wrong."""
        return {}


class BadValueError(QueryError):
    """Change the request: a value in it is not what its key takes."""

    status = 400


class NotFoundError(QueryError):
    """Ask for something else: what was named is not known here."""

    status = 404


class TryLaterError(QueryError):
    """Send the same request again later: the store or the collector cannot answer it now."""

    status = 503
