"""The form reader against a client's own encoding, whatever the file holds."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.shopify.bulk import multipart

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-_"), min_size=1, max_size=8)
FIELDS = st.dictionaries(NAMES.filter(lambda name: name != "file"), st.text(max_size=20), max_size=5)
NASTY = st.sampled_from([b"\r\n", b"--", b"\r\n--", b"--boundary", b"\r\n--boundar", b"\r\n\r\n", b"\n", b"x"])


@settings(max_examples=300, deadline=None)
@given(FIELDS, st.binary(max_size=50) | st.lists(NASTY, max_size=8).map(b"".join))
def test_what_was_sent_is_what_is_read(fields: dict[str, str], content: bytes) -> None:
    if b"\r\n--boundary" in b"\r\n" + content:
        return  # no client may choose a boundary that the file holds
    parts = [*((name, (None, value)) for name, value in fields.items()), ("file", ("f", content, "text/jsonl"))]
    content_type = "multipart/form-data; boundary=boundary"
    request = httpx.Request("POST", "http://x/", files=parts, headers={"content-type": content_type})  # type: ignore[arg-type]
    form = multipart.parse(content_type, request.read())
    assert form.fields == {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    assert form.file == content


@pytest.mark.parametrize("body", [b"--b\r\nx", b'--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nx'])
def test_a_form_that_is_broken_off(body: bytes) -> None:
    with pytest.raises(ValueError, match="broken off"):
        multipart.parse("multipart/form-data; boundary=b", body)


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=b"])
def test_what_is_no_form(content_type: str) -> None:
    with pytest.raises(ValueError, match="no multipart/form-data with a boundary"):
        multipart.parse(content_type, b"")
