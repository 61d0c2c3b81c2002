"""Errors are named by what the caller should do, and carry the status that says so."""

import pytest

from collector.query.errors import BadValueError, NotFoundError, QueryError, TryLaterError


@pytest.mark.parametrize(
    ("error", "status"), [(BadValueError, 400), (NotFoundError, 404), (TryLaterError, 503), (QueryError, 500)]
)
def test_an_error_has_the_status_of_what_to_do(error: type[QueryError], status: int) -> None:
    raised = error("limit is 0: write 1 or more")
    assert raised.status == status
    assert str(raised) == "limit is 0: write 1 or more"
    assert raised.where() == {}, "no position unless a part of a value is wrong"
