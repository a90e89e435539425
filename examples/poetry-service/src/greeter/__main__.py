"""Starts the service; SIGTERM and SIGINT end it once the requests at hand are answered."""

import os
import signal
import threading

from .about import about
from .server import Handler, Server


def main() -> None:
    """Serve on all addresses at the port that the environment variable PORT names."""
    port = int(os.environ.get("PORT", "8080"))
    with Server(("", port), Handler) as server:

        def stop(number: int, _frame: object) -> None:
            print(f"{signal.Signals(number).name}: no new requests from now on", flush=True)
            # shutdown waits for serve_forever, which this handler interrupts: so from another thread
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print("{name} {version} listens at port {port}".format(**about(), port=port), flush=True)
        server.serve_forever(poll_interval=0.1)
    print("done", flush=True)


if __name__ == "__main__":
    main()
