"""Messages between parent and workers arrive whole and in order, however the bytes are cut."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.workers.frames import Frames, Kind, frame

MESSAGES = st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=300) | st.integers()), max_size=8)


@given(MESSAGES, st.integers(1, 50))
def test_any_cut_gives_the_same_messages(messages: list[tuple[Kind, object]], step: int) -> None:
    stream = b"".join(frame(kind, content) for kind, content in messages)
    frames = Frames()
    found = [m for at in range(0, len(stream), step) for m in frames.feed(stream[at : at + step])]
    assert found == messages
