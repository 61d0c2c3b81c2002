"""The class of a response by its head and trailers, and how long an overloaded server wants to be spared."""

import pytest

from proxy.contract.traffic import Answer
from proxy.http.answers import answer_of, grpc_answer, retry_after
from proxy.http.messages import Field, ResponseHead


def response(status: int, *fields: Field, length: int = 2) -> ResponseHead:
    head = ResponseHead()
    head.status, head.fields, head.length = status, list(fields), length
    return head


RETRY = (b"Retry-After", b"3")


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (response(200), Answer.OK),
        (response(204, length=0), Answer.OK),
        (response(304, length=0), Answer.OK),
        (response(302), Answer.REDIRECT),
        (response(401), Answer.REFUSED),
        (response(404, RETRY), Answer.REFUSED),
        (response(429), Answer.SHED),
        (response(503), Answer.FAILED),
        (response(503, RETRY), Answer.SHED),
        (response(500, RETRY), Answer.FAILED),
        # gRPC without a message has its status among the header fields.
        (response(200, (b"grpc-status", b"0"), length=-1), Answer.OK),
        (response(200, (b"Grpc-Status", b" 8 "), length=-1), Answer.SHED),
        (response(200, (b"grpc-status", b"14"), length=0), Answer.FAILED),
        (response(200, (b"grpc-status", b"16"), length=0), Answer.REFUSED),
        (response(200, (b"grpc-status", b"odd"), length=0), Answer.REFUSED),
        (response(200, length=-1), Answer.OK),
    ],
)
def test_the_class_of_a_response(head: ResponseHead, answer: Answer) -> None:
    assert answer_of(head) is answer


def test_trailers_say_the_status_of_grpc_or_nothing() -> None:
    assert grpc_answer([(b"grpc-status", b"8")]) is Answer.SHED
    assert grpc_answer([(b"x-checksum", b"8")]) is Answer.OK


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ([], 0.0),
        ([RETRY], 3.0),
        ([(b"retry-after", b"soon")], 0.0),
        ([(b"retry-after", b"-5")], 0.0),
        ([(b"retry-after", b"9" * 400)], 999_999_999.0),
        (
            [
                (b"Date", b"Mon, 30 Nov 2026 20:00:00 GMT"),
                (b"Retry-After", b"Mon, 30 Nov 2026 20:00:07 GMT"),
            ],
            7.0,
        ),
        (
            [(b"Date", b"Mon, 30 Nov 2026 20:00:00 GMT"), (b"Retry-After", b"Sun, 29 Nov 2026 20:00:00 GMT")],
            0.0,
        ),
        ([(b"Retry-After", b"Mon, 30 Nov 2026 20:00:07 GMT")], 0.0),  # a date, and no date to count from
    ],
)
def test_how_long_a_server_wants_to_be_spared(fields: list[Field], seconds: float) -> None:
    assert retry_after(fields) == seconds
