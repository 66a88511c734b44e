"""The console's HTTP server: static pages, answers as JSON, changes as server-sent events, and one thing to write."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from rules.ruleset import Ruleset
from streams.console import answers
from streams.console.auth import COOKIE, SESSION_SECONDS, Doorkeeper, same_origin
from streams.console.disposition import Disposition, Outcome
from streams.console.store import Store
from streams.errors import Unreachable

Write = Callable[[Disposition], Awaitable[None]]
Profile = Callable[[str], Awaitable[dict[str, Any] | None]]

_LOOK_SECONDS: Final = 0.1  # how soon a change is on its way to the pages
_PULSE_SECONDS: Final = 2.0
_AT_ONCE: Final = 2_000  # rows in one event
_LARGEST_BODY: Final = 32 * 1024
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    alert_id: str
    outcome: Outcome | None = None  # as it stands
    note: str = ""


class _Headers:
    """Puts the security headers on every answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.lower().encode(), value.encode()) for name, value in _HEADERS.items()),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)


class Pages:
    """The answers to requests, from the store and the rule files."""

    def __init__(self, store: Store, ruleset: Ruleset, door: Doorkeeper, write: Write, profile: Profile) -> None:
        self._store = store
        self._ruleset = ruleset
        self._door = door
        self._write = write
        self._profile = profile
        self.closing: Callable[[], bool] = lambda: False

    def app(self, background: Callable[[], Awaitable[None]] | None = None) -> Starlette:
        """The ASGI application; `background` runs beside it."""
        known = self._known
        routes = [
            Route("/", known(self._file("index.html"))),
            Route("/login", self._file("login.html"), methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", known(self._log_out), methods=["POST"]),
            Route("/healthz", self._healthy),
            Route("/static/{name}", self._static),
            Route("/api/queue", known(self._queue)),
            Route("/api/stream", known(self._stream)),
            Route("/api/alert/{alert_id:path}", known(self._alert)),
            Route("/api/account/{account_id:path}", known(self._account)),
            Route("/api/rules", known(self._rules)),
            Route("/api/system", known(self._system)),
            Route("/api/dispositions", known(self._say), methods=["POST"]),
        ]
        middleware = [Middleware(_Headers), Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=1)]
        return Starlette(routes=routes, middleware=middleware, lifespan=_beside(background))

    def _known(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Only for somebody the doorkeeper knows; the name is in `request.state.who`."""

        async def ask(request: Request) -> Response:
            who = self._door.who(request)
            if who is None:
                if request.url.path == "/" and self._door.takes_tokens:
                    return RedirectResponse("/login", 303)
                return PlainTextResponse("who are you? (docs/console.md)\n", 401)
            if request.method == "POST" and not same_origin(request):
                return PlainTextResponse("from another site\n", 403)
            request.state.who = who
            return await answer(request)

        return ask

    def _file(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            file = resources.files("streams.console").joinpath("static", name)
            return Response(file.read_bytes(), media_type=_TYPES["." + name.rpartition(".")[2]])

        return answer

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        files = {one.name for one in resources.files("streams.console").joinpath("static").iterdir()}
        return await self._file(name)(request) if name in files else PlainTextResponse("no such file\n", 404)

    async def _healthy(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _log_in(self, request: Request) -> Response:
        body = await _body(request)
        if body is None or not same_origin(request):
            return PlainTextResponse("no\n", 400)
        name = self._door.holder(str(body.get("token", "")))
        if name is None:
            await asyncio.sleep(1.0)  # guessing is slow, besides being hopeless
            return PlainTextResponse("this token is not known\n", 401)
        answer = _json({"name": name})
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, self._door.admit(name), max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return answer

    async def _log_out(self, request: Request) -> Response:
        self._door.leave(request)
        answer = _json({})
        answer.delete_cookie(COOKIE)
        return answer

    async def _queue(self, request: Request) -> Response:
        store = self._store
        place = {"epoch": store.epoch, "seq": store.seq}
        leave = self._door.takes_tokens and request.cookies.get(COOKIE) is not None
        return _json(
            {**place, "who": request.state.who, "can_leave": leave, "limit": store.stories.limit, "rows": store.rows()}
        )

    async def _alert(self, request: Request) -> Response:
        found = answers.story(self._store, request.path_params["alert_id"])
        return (
            PlainTextResponse("is not in memory: it is older than what the console keeps, or no alert at all\n", 404)
            if found is None
            else _json(found)
        )

    async def _account(self, request: Request) -> Response:
        account_id = request.path_params["account_id"]
        profile, trouble = None, None
        try:
            profile = await self._profile(account_id)
        except Unreachable as error:
            trouble = str(error)
        return _json({**answers.account(self._store, account_id), "profile": profile, "profile_trouble": trouble})

    async def _rules(self, _: Request) -> Response:
        return _json(answers.rules(self._store, self._ruleset))

    async def _system(self, _: Request) -> Response:
        return _json(answers.system(self._store, self._ruleset))

    async def _say(self, request: Request) -> Response:
        body = await _body(request)
        try:
            said = msgspec.convert(body, _Said)
            found = self._store.stories.get(said.alert_id)
            if found is None:
                return PlainTextResponse("no such story in memory\n", 404)
            story_id, story = found
            if said.outcome is None and not said.note.strip():
                return PlainTextResponse("neither a decision nor a note\n", 400)
            entry = msgspec.convert(
                {
                    "alert_id": story_id,
                    "outcome": said.outcome or story.outcome,
                    "note": said.note.strip(),
                    "author": request.state.who,
                    "at": datetime.now(UTC).isoformat(),
                },
                Disposition,
            )
        except msgspec.ValidationError as error:
            return PlainTextResponse(f"{error}\n", 400)
        try:
            await self._write(entry)
        except Unreachable as error:
            return PlainTextResponse(f"{error}\n", 503)
        return _json(entry)

    async def _stream(self, request: Request) -> Response:
        """Changes since `Last-Event-ID` or `?after=` (EPOCH-SEQ), then all that follow."""
        place = request.headers.get("last-event-id") or request.query_params.get("after", "")
        epoch, _, number = place.partition("-")
        known = epoch == self._store.epoch and number.isascii() and number.isdigit()
        return StreamingResponse(self._events(int(number) if known else None), media_type="text/event-stream")

    async def _events(self, seq: int | None) -> AsyncIterator[bytes]:
        store = self._store
        clock = asyncio.get_running_loop().time
        pulse_at = 0.0
        while not self.closing():
            rows = None if seq is None else store.since(seq)
            if rows is None:  # too long away, or the server was started anew
                yield b"event: reset\ndata: {}\n\n"
                return
            seq = store.seq
            while rows:
                yield _event("rows", f"{store.epoch}-{seq}", rows[:_AT_ONCE])
                rows = rows[_AT_ONCE:]
            if clock() >= pulse_at:
                pulse_at = clock() + _PULSE_SECONDS
                yield _event("pulse", f"{store.epoch}-{seq}", answers.pulse(store))
            await asyncio.sleep(_LOOK_SECONDS)


def _event(kind: str, place: str, data: Any) -> bytes:
    """A server-sent event. JSON holds no line end."""
    return f"event: {kind}\nid: {place}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


async def _body(request: Request) -> dict[str, Any] | None:
    """A JSON object of modest size that says it is one: no page of another site can send that without being asked first."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            return None
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _beside(background: Callable[[], Awaitable[None]] | None) -> Callable[[Starlette], Any]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = None if background is None else asyncio.ensure_future(background())
        yield
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return lifespan
