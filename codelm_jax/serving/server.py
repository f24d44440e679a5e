"""The server process: its socket, its signals and its exit status."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from codelm_jax.errors import UserError

EXIT_CUT_OFF = 1
# Completions have their own limit.
_MAX_CONNECTIONS = 2048
_KEEP_ALIVE_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        UserError: the address is taken or not valid.
    """
    listening = None
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, proto)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_MAX_CONNECTIONS)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise UserError(
            f"--host={host} --port={port}: cannot listen there: {error.strerror}; choose another"
        ) from None
    return listening


def serve(app: FastAPI, listening: socket.socket, *, drain_timeout: float) -> int:
    """Serves until SIGTERM or SIGINT, then finishes the requests under way.

    Args:
        app: answers requests.
        listening: socket.
        drain_timeout: seconds that requests under way have to finish; a second signal aborts them.

    Returns:
        The exit status: 0, or `EXIT_CUT_OFF` if requests were aborted.
    """
    return asyncio.run(_Server(configuration(app), drain_timeout).run_until_signalled(listening))


def configuration(app: ASGIApp) -> uvicorn.Config:
    """Settings of uvicorn."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which ends the process by the signal even after a clean shutdown."""

    def __init__(self, config: uvicorn.Config, drain_timeout: float):
        super().__init__(config)
        self._drain_timeout = drain_timeout
        self._cut_off = False

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Does nothing: `run_until_signalled` handles the signals."""
        yield

    async def run_until_signalled(self, listening: socket.socket) -> int:
        """See `serve`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"serving at http://{shown}:{port}/ (Ctrl-C ends it)", file=sys.stderr, flush=True)
        await self.serve(sockets=[listening])
        if self.force_exit:
            # Uvicorn skips the shutdown here, but the decoder's thread must end before the interpreter does.
            await self.lifespan.shutdown()
        return EXIT_CUT_OFF if self._cut_off else 0

    def _end(self) -> None:
        if self.should_exit:
            self._cut()
        else:
            self.should_exit = True
            asyncio.get_running_loop().call_later(self._drain_timeout, self._cut)

    def _cut(self) -> None:
        if self.server_state.tasks:
            self._cut_off = True
            print(f"{len(self.server_state.tasks)} requests are cut off", file=sys.stderr, flush=True)
            # Uvicorn would print a traceback for each.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.force_exit = True
