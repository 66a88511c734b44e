"""Which topic gets which form, and the records a native message becomes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from rules.messages import Alert
from streams.delivery.stage import Message
from streams.formats.cloudevents import NO_HEADERS, Headers, headers_of
from streams.formats.ecs import ecs_document
from streams.formats.ocsf import ocsf_finding, story_of
from streams.formats.outlet import Form, Outlet
from streams.settings import ALERTS, NATIVE_TOPICS

Record = tuple[bytes | None, bytes, Headers]  # key, value, headers


_WRITTEN: Final[Mapping[Form, Callable[[Alert], object]]] = {Form.OCSF: ocsf_finding, Form.ECS: ecs_document}
_read_alert: Final = msgspec.json.Decoder(Alert).decode
_encode: Final = msgspec.json.Encoder().encode


class Outlets(msgspec.Struct, frozen=True):
    """All output topics that are more than native JSON without headers. `source` names this Lockgate in CloudEvents."""

    outlets: tuple[Outlet, ...] = ()
    source: str = "/lockgate"

    def records(self, message: Message) -> Iterator[tuple[str, Record]]:
        """The records that a native message becomes, each with its topic: itself first, then its other forms.

        The key of another form is the story, so that whoever writes it into an index by key has one document a story.
        """
        alert: Alert | None = None
        own = NO_HEADERS
        copies = []
        for outlet in self.outlets:
            if outlet.topic == message.topic:
                own = headers_of(message, self.source)
            elif outlet.topic not in NATIVE_TOPICS and message.topic == ALERTS:
                headers = headers_of(message, self.source, form=outlet.form) if outlet.cloudevents else NO_HEADERS
                key, value = message.key, message.value
                if outlet.form is not Form.NATIVE:
                    alert = alert or _read_alert(message.value)
                    key, value = story_of(alert).encode(), _encode(_WRITTEN[outlet.form](alert))
                copies.append((outlet.topic, (key, value, headers)))
        yield message.topic, (message.key, message.value, own)
        yield from copies


NATIVE_ONLY: Final = Outlets()
