"""The cap on a stream's frames: however the bytes are cut, the same events come out, and nothing grows."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backend import sse
from bot.backend.errors import TooLarge

LINES = st.sampled_from(
    ["data: a", "data: é\u2028😀", "id: 7", "event: ping", ": note", "data:", "retry: 3", "oops", ""]
)


class Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


async def read(chunks: Sequence[bytes], limit: int = sse.FRAME_LIMIT) -> list[tuple[str, str, str]]:
    response = httpx.Response(200, stream=Chunks(chunks))
    return [(event.event, event.data, event.id) async for event in sse.read(response, limit)]


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    marks = sorted({cut % (len(content) + 1) for cut in cuts} | {0, len(content)})
    return [content[start:end] for start, end in pairwise(marks)]


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 4000)))
async def test_cuts_change_nothing(lines: list[str], ends: str, cuts: list[int]) -> None:
    content = "".join(line + ends for line in lines).encode()
    assert await read(pieces(content, cuts)) == await read([content])


@given(st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 4000)), st.integers(1, 60))
async def test_a_frame_within_the_limit_always_comes(ends: str, cuts: list[int], count: int) -> None:
    content = f"data: {'x' * 40}{ends}{ends}".encode() * count
    assert len(await read(pieces(content, cuts), limit=60)) == count


@given(st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 4000)), st.integers(100, 400))
async def test_a_frame_beyond_the_limit_never_does(ends: str, cuts: list[int], count: int) -> None:
    content = f"data: x{ends}".encode() * count
    with pytest.raises(TooLarge):
        await read(pieces(content, cuts), limit=500)


@pytest.mark.parametrize(
    ("declared", "stream"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream ; charset=utf-8", True),
        ("x-text/event-stream", False),
        ("text/event-streaming", False),
        ("application/json", False),
    ],
)
def test_only_the_exact_content_type_is_a_stream(declared: str, stream: bool) -> None:
    assert sse.is_stream(httpx.Response(200, headers={"Content-Type": declared})) is stream
