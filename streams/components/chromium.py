"""A Chromium of the system's, for tests of the console and its screenshots."""

import shutil
from typing import Final

from streams.components.process import ComponentMissing

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str:
    """The program. Raises ComponentMissing."""
    for name in _NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    raise ComponentMissing("Chromium", "apt-get install chromium")
