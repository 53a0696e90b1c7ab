"""The page's addresses, as an ASGI application. It only reads; what comes with packets is data, never markup."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from consumers.page.summary import summary_html
from consumers.page.views import VIEWS, history, row, select, sky
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from consumers.page.board import Board, Entry
    from consumers.page.look_alikes import LookAlikes
    from consumers.page.packets import Packets
    from consumers.page.pictures import Pictures

#: Alerts that one answer lists at most.
MOST_LISTED = 200

_STATIC = {"page.js": "text/javascript", "sky.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    # Whatever slips into the page, the browser runs only our own script and asks nobody else.
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}


class Page:
    """Answers requests.

    Parameters
    ----------
    board : Board
    packets : Packets
    pictures : Pictures
    look_alikes : LookAlikes or None
        None where there is no index to look in.
    """

    def __init__(
        self, board: Board, packets: Packets, pictures: Pictures, look_alikes: LookAlikes | None = None
    ) -> None:
        self._board, self._packets, self._pictures, self._look_alikes = board, packets, pictures, look_alikes

    async def index(self, _: Request) -> Response:
        """Return the page itself."""
        return HTMLResponse(_file("page.html"))

    async def static(self, request: Request) -> Response:
        """Return script or style."""
        name = request.path_params["name"]
        if name not in _STATIC:
            return PlainTextResponse("no such file", 404)
        return Response(_file(name), media_type=_STATIC[name])

    async def alerts(self, request: Request) -> Response:
        """Return what a view shows, and where on the sky it is."""
        return await run_in_threadpool(self._alerts, request)

    def _alerts(self, request: Request) -> Response:
        try:
            entries = self._selected(request)
        except ConfigurationError as error:
            return JSONResponse({"error": str(error)})  # as status 400, each letter typed would be a browser's error
        board = self._board
        return JSONResponse(
            {
                "views": {name: [view.heading, view.where] for name, view in VIEWS.items()},
                "received": board.received,
                "held": min(board.received, board.capacity),
                "problem": board.problem,
                "surveys": board.surveys,
                "matched": len(entries),
                "rows": [row(entry) for entry in entries[: _limit(request)]],
                "sky": sky(entries),
            }
        )

    def _selected(self, request: Request) -> list[Entry]:
        asked = request.query_params
        return select(
            self._board,
            asked.get("view", "newest"),
            asked.get("where", ""),
            asked.get("survey", ""),
            asked.get("order", "newest"),
        )

    async def alert(self, request: Request) -> Response:
        """Return one annotation, its object's other epochs, and which of its look-alikes are on the page."""
        entry = self._entry(request)
        if entry is None:
            return JSONResponse({"error": "this alert is no longer on the page"}, 404)
        annotation: dict[str, Any] = {**entry.annotation}
        for key in ("ingestTime", "annotateTime"):
            annotation[key] = annotation[key].isoformat()
        looked_like = {one["id"] for image in annotation["novelty"] for one in image["neighbours"]}
        return JSONResponse(
            {
                "annotation": annotation,
                "history": history(self._board, annotation["survey"], annotation["objectId"]),
                "lookAlikes": self._board.origins(looked_like),
                "hasIndex": self._look_alikes is not None,
            }
        )

    async def look_alikes(self, request: Request) -> Response:
        """Return what looks like an alert in the index, and which of it is on the page."""
        entry, look_alikes = self._entry(request), self._look_alikes
        if entry is None or look_alikes is None:
            return JSONResponse({"error": "this alert is no longer on the page, or there is no index"}, 404)
        try:
            found = await run_in_threadpool(look_alikes.find, entry)
        except (SosiaError, KafkaException) as error:
            return JSONResponse({"error": str(error)})  # as an error's status, it would be the browser's error too
        return JSONResponse({**found, "here": self._board.origins({one["epochId"] for one in found["lookAlikes"]})})

    async def triplet(self, request: Request) -> Response:
        """Return science, reference and difference as one PNG."""
        return await self._of_packet(request, self._pictures.triplet, "image/png")

    async def packet(self, request: Request) -> Response:
        """Return the packet as it was published."""
        response = await self._of_packet(request, self._packets.find, "application/octet-stream")
        response.headers["content-disposition"] = 'attachment; filename="alert.avro"'
        return response

    async def _of_packet(self, request: Request, find: Any, media_type: str) -> Response:
        entry = self._entry(request)
        if entry is None:
            return PlainTextResponse("this alert is no longer on the page", 404)
        try:
            found = await run_in_threadpool(find, entry)
        except SosiaError as error:  # it says what, such as which right is missing
            return PlainTextResponse(str(error), 503)
        except KafkaException as error:
            return PlainTextResponse(f"the cluster does not answer: {error}", 503)
        return PlainTextResponse("its packet is no longer kept", 404) if found is None else Response(
            found, media_type=media_type
        )  # fmt: skip

    async def summary(self, request: Request) -> Response:
        """Return the night as one HTML file, to be saved."""
        try:
            text = await run_in_threadpool(lambda: summary_html(self._selected(request), self._board, self._pictures))
        except ConfigurationError as error:
            return PlainTextResponse(str(error), 400)
        return HTMLResponse(text, headers={"content-disposition": 'attachment; filename="sosia-night.html"'})

    async def live(self, _: Request) -> Response:
        """Tell whether the page answers."""
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        """Tell whether it reads."""
        problem = self._board.problem
        return PlainTextResponse(f"{problem or 'ok'}\n", 503 if problem else 200)

    def _entry(self, request: Request) -> Entry | None:
        return self._board.get(request.query_params.get("origin", ""))


def application(page: Page, hosts: list[str]) -> Starlette:
    """Return the application.

    Parameters
    ----------
    page : Page
    hosts : list of str
        Names by which it may be called: a page elsewhere must not reach it by a name of its own ("DNS rebinding").
    """
    routes = [
        Route("/", page.index),
        Route("/static/{name}", page.static),
        Route("/api/alerts", page.alerts),
        Route("/api/alert", page.alert),
        Route("/api/look-alikes", page.look_alikes),
        Route("/triplet.png", page.triplet),
        Route("/packet", page.packet),
        Route("/summary.html", page.summary),
        Route("/live", page.live),
        Route("/ready", page.ready),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False), Middleware(_Headers)]
    return Starlette(routes=routes, middleware=middleware)


class _Headers:
    """Adds the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS.items()]
            await send(message)

        await self._app(scope, receive, with_headers)


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "60")
    return min(int(text), MOST_LISTED) if text.isdecimal() and len(text) < 6 else MOST_LISTED
