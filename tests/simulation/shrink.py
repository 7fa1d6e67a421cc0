"""Makes a story shorter as long as it still fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tests.simulation.story import Event, Story

Fails = Callable[[Story], bool]


def shorten(story: Story, fails: Fails, seconds: float) -> Story:
    """Drop events, and what happens meanwhile, as long as the story fails without them.

    Args:
        story: A story that fails.
        fails: Plays a story and says whether it fails.
        seconds: When to be content with what was found by then.
    """
    until = time.monotonic() + seconds
    size = max(1, len(story.events) // 2)
    while time.monotonic() < until:
        shorter = _without(story, size, fails, until)
        if shorter is None and size == 1:
            break
        story, size = shorter or story, size if shorter else max(1, size // 2)
    return _plainer(story, fails, until)


def _without(story: Story, size: int, fails: Fails, until: float) -> Story | None:
    """The story less some events in a row, from the end on: what happened late is often of no concern."""
    for start in range(len(story.events) - 1, -1, -size):
        first = max(0, start - size + 1)
        shorter = replace(story, events=story.events[:first] + story.events[start + 1 :])
        if time.monotonic() < until and fails(shorter):
            return shorter
    return None


def _plainer(story: Story, fails: Fails, until: float) -> Story:
    """The story with jobs in which nothing happens, and nobody dies, where it fails all the same."""
    for number, event in enumerate(story.events):
        if event.what != "job":
            continue
        for plain in (Event("job", (event.about[0], None, False), event.meanwhile), replace(event, meanwhile=())):
            plainer = replace(story, events=(*story.events[:number], plain, *story.events[number + 1 :]))
            if plainer != story and time.monotonic() < until and fails(plainer):
                story = plainer
    return story
