"""The delivery rules are tested on the same store as the scenarios."""

from tests.scenarios.conftest import store

__all__ = ["store"]
