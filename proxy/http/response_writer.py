"""The response of an exchange: what an upstream's parser saw, written for the client's connection."""

from typing import Final

from proxy.errors import Reason, RefusedError
from proxy.http.headers import RequestHead, ResponseHead
from proxy.http.http1.encoder import field_lines, status_line
from proxy.http.protocols import Client
from proxy.telemetry.facts import CallFacts

_BODILESS: Final = frozenset({204, 304})


class Reply:
    """A response under way. ``_back`` holds what was not yet written to the client."""

    client: Client
    head: RequestHead
    call: CallFacts
    request_done = False
    response_done = False
    _back: list[bytes]
    _chunk_back = False
    _until_close = False
    _keep = False
    _switching = False

    def declines(self, status: int) -> bool:
        """Whether a response of this status is not passed on."""
        raise NotImplementedError

    def on_interim(self, head: ResponseHead) -> None:
        fields = head.fields
        if head.status == 101:
            if not self.head.upgrade:
                raise RefusedError(Reason.UPSTREAM_MALFORMED, "101 to a request that asked for no upgrade")
            self.call.status = self.call.answered = 101
            self._switching = True
            fields = [*fields, (b"connection", b"upgrade"), (b"upgrade", head.upgrade)]
        elif self.head.http10:
            return
        self._back.append(status_line(head.status, head.phrase) + field_lines(fields) + b"\r\n")

    def on_response(self, head: ResponseHead) -> None:
        request = self.head
        status = head.status
        if status >= 500 and self.declines(status):
            return
        self.call.status = self.call.answered = status
        self._keep = keep = self.client.keep and self.request_done
        frame = b""
        if request.method != b"HEAD" and status not in _BODILESS and head.length < 0:
            if request.http10:
                self._keep = keep = False
                self._until_close = True
            else:
                self._chunk_back = True
                frame = b"transfer-encoding: chunked\r\n"
        if not keep:
            frame += b"connection: close\r\n"
        elif request.http10:
            frame += b"connection: keep-alive\r\n"
        self._back.append(status_line(status, head.phrase) + field_lines(head.fields) + frame + b"\r\n")

    def on_data(self, data: bytes) -> None:
        if self._chunk_back:
            self._back += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._back.append(data)

    def on_end(self, trailer: bytes) -> None:
        self.response_done = True
        if self._chunk_back:
            self._back.append(b"0\r\n" + trailer + b"\r\n")
