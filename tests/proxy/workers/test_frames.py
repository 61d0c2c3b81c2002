"""Messages between parent and workers arrive whole and in order, however the bytes are cut."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.workers.frames import FrameDecoder, FrameKind, encode

CONTENTS = st.binary(max_size=300) | st.integers()
MESSAGES = st.lists(st.tuples(st.sampled_from(FrameKind), CONTENTS), max_size=8)


@given(MESSAGES, st.integers(1, 50))
def test_any_cut_gives_the_same_messages(messages: list[tuple[FrameKind, object]], step: int) -> None:
    stream = b"".join(encode(kind, content) for kind, content in messages)
    decoder = FrameDecoder()
    found = [m for at in range(0, len(stream), step) for m in decoder.feed(stream[at : at + step])]
    assert found == messages
