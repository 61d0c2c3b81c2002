"""ClickHouse's error codes in the words of who asked."""

import pytest

from collector.clickhouse.database import StatementError, StoreUnavailableError, store_error


@pytest.mark.parametrize(("code", "kind"), [(243, StoreUnavailableError), (62, StatementError)])
def test_codes_say_whether_to_try_again(code: int, kind: type[Exception]) -> None:
    assert type(store_error(code, "x")) is kind


def test_the_text_is_one_bounded_line() -> None:
    text = str(store_error(0, "a\nb  c Stack trace: 1\n2" + "x" * 1000))
    assert text == "a b c"
    assert len(str(store_error(0, "x" * 1000))) == 500
