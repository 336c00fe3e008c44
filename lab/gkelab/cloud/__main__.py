# SPDX-License-Identifier: Apache-2.0
"""Start the cloud: ``python -m gkelab.cloud --dir FOLDER --port PORT --engine api|control-plane|full``."""

from __future__ import annotations

import gc

# Half of the time that the client libraries' thousands of classes cost goes to a collector that finds nothing.
gc.disable()

import argparse
import asyncio
import os
import pathlib
import signal

from aiohttp import web

from gkelab.cloud.app import App
from gkelab.cloud.grpc_server import GrpcServer
from gkelab.machines import ENGINES, engine_for

gc.freeze()
gc.enable()

HOST = "127.0.0.1"
DEFAULT_TIME_FACTOR = 0.01
SHUTDOWN_SECONDS = 1.0


async def serve(app: App, folder: pathlib.Path, port: int, grpc_port: int | None) -> None:
    """Serve until SIGTERM or SIGINT; gRPC too, if it has a port."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app.web_application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    grpc_server = await GrpcServer.start(folder, grpc_port, f"http://{HOST}:{port}") if grpc_port else None
    await web.TCPSite(runner, HOST, port).start()
    await stop.wait()
    if grpc_server is not None:
        await grpc_server.stop()
    await runner.cleanup()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="gkelab.cloud", description="The lab's Google Cloud.")
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="folder of the lab: token, state, request log")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, help="of google.container.v1; none, if not given")
    parser.add_argument("--engine", choices=ENGINES, default="api")
    parser.add_argument("--time-factor", type=float, default=DEFAULT_TIME_FACTOR, help="of Google's own latencies")
    options = parser.parse_args()
    app = App(options.dir, options.engine, engine_for(options.engine, options.dir), options.time_factor)
    asyncio.new_event_loop().run_until_complete(serve(app, options.dir, options.port, options.grpc_port))
    # All is saved. A thread may still wait for machines to start, and Python would wait for the thread.
    os._exit(0)


if __name__ == "__main__":
    main()
