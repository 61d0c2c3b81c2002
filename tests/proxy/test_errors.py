"""Every reason has a status."""

import pytest

from proxy.errors import CLIENT_FAULTS, STATUS, Reason


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_status_on_the_right_side(reason: Reason) -> None:
    assert 400 <= STATUS[reason] < 600
    if reason in CLIENT_FAULTS:
        assert STATUS[reason] < 500 or reason in (Reason.NOT_IMPLEMENTED, Reason.LOOP)
    else:
        assert STATUS[reason] >= 500
