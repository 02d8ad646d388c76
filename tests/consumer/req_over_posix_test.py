"""The embedding example with a real libzmq REP, and with peers that are none.

Argument: the program (req_over_posix.cpp).
"""

import signal
import socket
import subprocess
import sys
import unittest

import zmq

PROGRAM = sys.argv[1]
PATIENCE = 20  # seconds


class ReqOverPosix(unittest.TestCase):
    def setUp(self):
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, linger=0)

    def listen(self, kind):
        peer = self.context.socket(kind)
        peer.rcvtimeo = peer.sndtimeo = PATIENCE * 1000
        peer.bind("tcp://127.0.0.1:*")
        return peer, peer.last_endpoint.decode().rpartition(":")[2]

    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.reap, process)
        return process

    def reap(self, process):
        process.kill()
        process.communicate()

    def assert_fails(self, process, status, why):
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((status, b""), (process.returncode, output), errors)
        self.assertIn(why, errors)

    def test_prints_what_a_rep_replies(self):
        rep, port = self.listen(zmq.REP)
        for body in ("hello", "", "x" * 100_000):  # the reply to the last takes many reads
            with self.subTest(octets=len(body)):
                process = self.start("127.0.0.1", port, body)
                self.assertEqual([body.encode()], rep.recv_multipart())
                rep.send_multipart([b"you said: ", 100 * body.encode()])
                output, errors = process.communicate(timeout=PATIENCE)
                self.assertEqual((0, b""), (process.returncode, errors))
                self.assertTrue(output == b"you said: " + 100 * body.encode(), output[:200])

    def test_says_why_the_handshake_failed(self):
        _pub, port = self.listen(zmq.PUB)
        self.assert_fails(self.start("127.0.0.1", port, ""), 1, b"socket type")

    def test_gives_up_on_peers_that_are_or_fall_silent(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        unheard = self.start("127.0.0.1", str(silent.getsockname()[1]), "")

        rep = subprocess.Popen([sys.executable, "-c", STOPPED_REP], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.reap, rep)
        unanswered = self.start("127.0.0.1", rep.stdout.readline().strip(), "")
        self.assertEqual("asked", rep.stdout.readline().strip())
        rep.send_signal(signal.SIGSTOP)

        self.assert_fails(unheard, 1, b"not over in time")
        self.assert_fails(unanswered, 1, b"heartbeat")

    def test_says_when_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = str(closed.getsockname()[1])
        self.assert_fails(self.start("127.0.0.1", port, ""), 1, b"refused")

    def test_wants_three_arguments(self):
        self.assert_fails(self.start("127.0.0.1", "1"), 2, b"usage")


STOPPED_REP = """
import sys, zmq
rep = zmq.Context().socket(zmq.REP)
rep.bind("tcp://127.0.0.1:*")
print(rep.last_endpoint.decode().rpartition(":")[2], flush=True)
rep.recv()
print("asked", flush=True)
sys.stdin.read()
"""

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
