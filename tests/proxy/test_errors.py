"""Every reason has a status, and the answer says it in three places."""

import pytest

from proxy.errors import CLIENT_FAULTS, STATUS, Reason, response
from tests.proxy.rig import head_fields


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_status_on_the_right_side(reason: Reason) -> None:
    assert 400 <= STATUS[reason] < 600
    if reason in CLIENT_FAULTS:
        assert STATUS[reason] < 500 or reason in (Reason.NOT_IMPLEMENTED, Reason.LOOP)
    else:
        assert STATUS[reason] >= 500


def test_an_answer_names_its_reason_and_is_framed() -> None:
    raw = response(Reason.CONNECT_REFUSED, "nothing listens at a:1", close=True)
    fields = head_fields(raw)
    assert raw.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert fields["x-spanmesh-reason"] == "connect-refused"
    assert fields["connection"] == "close"
    body = raw.partition(b"\r\n\r\n")[2]
    assert int(fields["content-length"]) == len(body)
    assert response(Reason.OVERLOAD, "busy", close=False, body=False).endswith(b"\r\n\r\n")
