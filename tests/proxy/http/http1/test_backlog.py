"""Requests that wait come out in their order, each as far as it has come."""

from proxy.errors import Reason, RefusedError
from proxy.http.http1.backlog import Backlog, PipelinedRequest
from proxy.http.http1.requests import Http1RequestHead


def head(path: bytes) -> Http1RequestHead:
    made = Http1RequestHead()
    made.method, made.path = b"POST", path
    return made


def test_requests_come_out_as_they_came_in_up_to_a_refusal() -> None:
    backlog = Backlog()
    assert not backlog
    assert backlog.take() is None
    backlog.add_head(first := head(b"/1"))
    backlog.add_data(b"a")
    backlog.add_data(b"b")
    backlog.add_end([(b"sum", b"1")])
    backlog.add_head(second := head(b"/2"))
    backlog.add_end(())
    backlog.add_refusal(error := RefusedError(Reason.BAD_REQUEST, "nonsense"))
    assert backlog
    assert backlog.take() == PipelinedRequest(first, [b"a", b"b"], [(b"sum", b"1")])
    assert backlog.take() == PipelinedRequest(second, [], ())
    assert backlog.take() is error
    assert not backlog


def test_a_request_can_be_taken_before_its_end() -> None:
    backlog = Backlog()
    backlog.add_head(first := head(b"/1"))
    backlog.add_data(b"a")
    assert backlog.take() == PipelinedRequest(first, [b"a"], None)


def test_a_cleared_backlog_is_empty() -> None:
    backlog = Backlog()
    backlog.add_head(head(b"/1"))
    backlog.clear()
    assert backlog.take() is None


def test_a_request_that_is_refused_before_its_end_is_not_begun() -> None:
    backlog = Backlog()
    backlog.add_head(first := head(b"/1"))
    backlog.add_end(())
    backlog.add_head(head(b"/2"))
    backlog.add_data(b"a")
    backlog.add_refusal(error := RefusedError(Reason.BAD_REQUEST, "no chunk"))
    assert backlog.take() == PipelinedRequest(first, [], ())
    assert backlog.take() is error
    assert not backlog
