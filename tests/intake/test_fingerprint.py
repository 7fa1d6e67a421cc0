"""The digests of a file and its beginnings do not depend on how it is cut into blocks."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from include.intake.fingerprint import Beginning, Fingerprint


@given(content=st.text("ab\n", max_size=40).map(str.encode), data=st.data())
def test_any_blocks(content: bytes, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, len(content) + 5)))
    ends = sorted(data.draw(st.lists(st.integers(0, len(content)))))
    found = Fingerprint(sizes)
    for start, end in zip([0, *ends], [*ends, len(content)], strict=True):
        found.feed(content[start:end])
    assert found.sha256() == hashlib.sha256(content).hexdigest()
    assert found.beginnings == {
        size: Beginning(
            hashlib.sha256(content[:size]).hexdigest(),
            len(content[:size].splitlines()),
            not content[:size].endswith(b"\n"),
        )
        for size in set(sizes)
        if size <= len(content)
    }
