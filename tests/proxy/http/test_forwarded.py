"""Via and X-Forwarded-*: when asked for, and only then."""

import pytest

from proxy.http.forwarded import add_forwarded, add_via
from proxy.http.messages import RequestHead, ResponseHead
from tests.proxy.rig import App, ask, head_fields, play, serving, world

GET = b"GET / HTTP/1.1\r\nHost: shop\r\n"
NAMES = ("via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")


@pytest.mark.parametrize(
    ("options", "present"),
    [
        ({}, ()),
        ({"via": True}, NAMES[:1]),
        ({"forwarded": True}, NAMES[1:]),
        ({"via": True, "forwarded": True}, NAMES),
    ],
)
def test_the_application_is_told_what_was_asked_for(options: dict[str, bool], present: list[str]) -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, **options) as w:
            answer = await ask(w.inbound, GET + b"\r\n")
            told = {name: app.field(name) for name in NAMES}
            whole = {
                "via": "1.1 cart",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "http",
                "x-forwarded-host": "shop",
            }
            assert told == {name: whole[name] if name in present else None for name in NAMES}
            assert head_fields(answer).get("via") == ("1.1 cart" if "via" in present else None)
            await ask(w.outbound, f"GET http://{address}/ HTTP/1.0\r\n\r\n".encode())
            assert app.field("via") == ("1.0 cart" if "via" in present else None)
            assert app.field("x-forwarded-for") is None

    play(run())


def test_what_proxies_before_us_said_is_kept() -> None:
    given = [
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"accept", b"*/*"),
        (b"x-forwarded-for", b"10.0.0.2"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"outside"),
    ]
    head = RequestHead()
    head.fields, head.authority = given, b"inside"
    add_forwarded(head, b"10.0.0.3")
    assert head.fields == [
        (b"accept", b"*/*"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"outside"),
        (b"x-forwarded-for", b"10.0.0.1, 10.0.0.2, 10.0.0.3"),
    ]


@pytest.mark.parametrize(("head", "version"), [(RequestHead(), b"1.0"), (ResponseHead(), b"1.1")])
def test_via_says_in_which_version_a_message_came(head: RequestHead | ResponseHead, version: bytes) -> None:
    head.version, head.fields = version, [(b"via", b"1.1 other")]
    add_via(head, b"cart")
    assert head.fields == [(b"via", b"1.1 other"), (b"via", version + b" cart")]
