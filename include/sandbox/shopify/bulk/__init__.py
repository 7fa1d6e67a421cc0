"""Bulk operations: staged uploads, mutations by the line, exports as JSONL, and the files in between."""
