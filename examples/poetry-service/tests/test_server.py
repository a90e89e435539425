import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

from greeter.about import about
from greeter.server import Handler, Server


class Answers(unittest.TestCase):
    def setUp(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, args=(0.01,)).start()
        self.addCleanup(self.server.shutdown)

    def get(self, path):
        url = f"http://127.0.0.1:{self.server.server_port}{path}"
        with urllib.request.urlopen(url, timeout=5) as response:
            return json.load(response)

    def test_root_says_what_answers(self):
        self.assertEqual(self.get("/"), about() | {"host": socket.gethostname()})

    def test_health(self):
        self.assertEqual(self.get("/healthz"), {"status": "ok"})

    def test_other_paths_are_not_found(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.get("/other")
        caught.exception.close()
        self.assertEqual(caught.exception.code, 404)


class Ending(unittest.TestCase):
    def test_sigterm_ends_it_in_good_order(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "greeter"]
        with subprocess.Popen(command, env=os.environ | {"PORT": str(port)}, stdout=subprocess.PIPE, text=True) as service:
            self.assertIn(f"port {port}", service.stdout.readline())
            time.sleep(0.1)
            service.send_signal(signal.SIGTERM)
            output, _ = service.communicate(timeout=5)
        self.assertEqual(service.returncode, 0)
        self.assertTrue(output.endswith("done\n"), output)


if __name__ == "__main__":
    unittest.main()
