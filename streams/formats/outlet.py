"""One output topic and the form of what goes there, as the setting `outputs` names them."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

import msgspec

_CLOUDEVENTS: Final = "cloudevents"
_LONGEST_TOPIC: Final = 249  # Kafka's bound


class Form(StrEnum):
    """How an alert is written."""

    NATIVE = "native"
    OCSF = "ocsf"
    ECS = "ecs"


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """One output topic."""

    topic: str
    form: Form = Form.NATIVE
    cloudevents: bool = False


def read_outputs(
    given: Mapping[str, str], faults: list[str], *, native: Collection[str], taken: Collection[str]
) -> tuple[Outlet, ...]:
    """The outlets: topic -> form, `+cloudevents` for headers. Appends to `faults`.

    `native` are Lockgate's own output topics, which only headers can be added to; `taken` may not be written to at all.
    """
    outlets = []
    for topic, text in given.items():
        form, plus, headers = text.strip().lower().partition("+")
        if form == _CLOUDEVENTS and not plus:
            form, headers = Form.NATIVE.value, _CLOUDEVENTS
        if form not in [one.value for one in Form] or headers not in ("", _CLOUDEVENTS):
            faults.append(f"outputs: {topic}={text}: native, ocsf or ecs, with +cloudevents for headers")
        elif topic in taken:
            faults.append(f"outputs: {topic} is no output")
        elif topic in native and form != Form.NATIVE.value:
            faults.append(f"outputs: {topic} is always native; name another topic for {form}, such as {topic}.{form}")
        elif not _is_topic(topic):
            faults.append(f"outputs: {topic!r} is no name of a topic")
        else:
            outlets.append(Outlet(topic=topic, form=Form(form), cloudevents=bool(headers)))
    return tuple(outlets)


def _is_topic(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return len(name) <= _LONGEST_TOPIC and plain.isascii() and plain.isalnum()
