"""Debian's Chromium without a window, as a person sees the pages."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PROGRAM = "/usr/bin/chromium"
ARGUMENTS = ["--disable-gpu", "--no-proxy-server"]
OF_ROOT = ["--no-sandbox"]  # Chromium refuses to start as root with it
MILLISECONDS = 60_000


@contextmanager
def page(width: int = 1280, height: int = 860) -> Iterator[Page]:
    """An empty page in a new profile."""
    arguments = ARGUMENTS + (OF_ROOT if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        try:
            context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-US")
            context.set_default_timeout(MILLISECONDS)
            yield context.new_page()
        finally:
            chromium.close()
