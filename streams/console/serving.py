"""Runs the console: the reader of the topics and the server in one event loop."""

import asyncio
from contextlib import suppress

import uvicorn

from rules.ruleset import Ruleset
from streams.console.auth import Doorkeeper
from streams.console.backlog import BacklogReader
from streams.console.profiles import Profiles
from streams.console.server import Pages
from streams.console.store import Store
from streams.console.stream import Reader, Writer
from streams.settings import VERDICTS, Settings

_GRACE_SECONDS = 1  # pages keep a connection open for ever


def serve(settings: Settings, ruleset: Ruleset) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError when nothing would keep strangers out."""
    door = Doorkeeper(settings)
    kafka = settings.kafka_access()
    store = Store(settings.console_stories)
    reader, writer = Reader(kafka, store, settings.console_stories), Writer(kafka)
    backlog = BacklogReader(kafka, settings.group, store.backlog)
    profiles = Profiles(settings.redis_access(), settings.group, lambda: store.fresh[VERDICTS].partitions)

    async def read() -> None:
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(reader.run())
                both.create_task(backlog.run())
        finally:
            server.should_exit = True  # pages that nobody feeds would look as if nothing happened
            await writer.close()
            await profiles.close()

    host, port = settings.console_address()
    pages = Pages(store, ruleset, door, writer.write, profiles.of)
    config = uvicorn.Config(
        pages.app(read),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the address that the doorkeeper looks at must be the peer's own
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    pages.closing = lambda: server.should_exit
    with suppress(KeyboardInterrupt):
        server.run()
