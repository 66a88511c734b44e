"""Pages of the documentation that are written from the code: settings, metrics, commands.

`lockgate docs` writes them to docs/, and a test fails when one of them is not up to date.
"""

from collections.abc import Iterator

from streams.reference_pages.commands import commands_page
from streams.reference_pages.metrics import metrics_page
from streams.reference_pages.settings import settings_page


def pages() -> Iterator[tuple[str, str]]:
    """File name and text of each page."""
    yield "settings.md", settings_page()
    yield "metrics.md", metrics_page()
    yield "commands.md", commands_page()
