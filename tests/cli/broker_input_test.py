"""Whatever arrives at a broker's port, the others are served."""

import os
import random
import socket
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402
import raw  # noqa: E402, beside the interop peers

WORKER, CLIENT = b"MDPW01", b"MDPC01"
READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 6))


class BadInput(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.node = self.broker()
        self.worker(self.node, "echo", "--echo")
        self.bystander = self.connect()

    def connect(self):
        peer = raw.RawPeer.connect(self.node.endpoint, harness.PATIENCE)
        self.addCleanup(peer.sock.close)
        peer.handshake(b"DEALER")
        return peer

    def open(self):
        host, port = self.node.endpoint.removeprefix("tcp://").split(":")
        peer = socket.create_connection((host, int(port)), harness.PATIENCE)
        self.addCleanup(peer.close)
        return peer

    def assert_others_are_served(self):
        """On a connection that was there before, and on a new one."""
        self.bystander.send_message([b"", CLIENT, b"echo", b"still here"])
        self.assertEqual([b"", CLIENT, b"echo", b"still here"], self.bystander.read_message())
        self.assertEqual(b"x\n", self.reply(self.node, "echo", "x"))

    def test_other_protocols(self):
        noise = random.Random(7).randbytes(100_000)
        for octets in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\0\x01",
                       noise, b"\0" * 1000, b"\xff" * 1000, b"\xff" + noise):
            peer = self.open()
            try:
                peer.sendall(octets)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except OSError:
                pass  # closed early, as it may be
            self.assert_others_are_served()

    def test_half_a_greeting(self):
        waiting = []
        for size in 1, 10, 12, 40, 63:
            peer = self.open()
            peer.sendall(raw.greeting()[:size])
            waiting.append(peer)  # says no more
            closed = self.open()
            closed.sendall(raw.greeting()[:size])
            closed.close()
        self.assert_others_are_served()

    def test_frames_that_are_none(self):
        for octets in (b"\x02" + b"\xff" * 8, b"\x04\x00", b"\x04\x05\x09READY", b"\xff" * 64,
                       b"\x03" + b"\x7f" + b"\xff" * 7 + os.urandom(1000)):
            peer = self.connect()
            peer.send(octets)
            peer.sock.shutdown(socket.SHUT_WR)
            self.assertTrue(peer.at_end())
            self.assert_others_are_served()

    def test_messages_that_are_no_majordomo(self):
        for parts in ([b""], [b"x"], [b"", b""], [b"", CLIENT], [b"", CLIENT, b"echo"],
                      [b"", WORKER], [b"", WORKER, READY], [b"", WORKER, REPLY],
                      [b"", WORKER, REPLY, b"client"], [b"", WORKER, REPLY, b"client", b""],
                      [b"", WORKER, b"\x09"], [b"", WORKER, b""], [b"", WORKER, b"\x01\x01"],
                      [b"", WORKER, REQUEST, b"client", b"", b"body"],
                      [b"", b"MDPC02", b"echo", b"x"], [b"", b"nonsense", b"echo", b"x"],
                      [b"x", CLIENT, b"echo", b"x"], [b"x"] * 100, [b"x"] * 20 + [b"", CLIENT],
                      [b"", CLIENT, b"", b"x"], [b"", CLIENT, b"n" * 100_000, b"x"],
                      [b"", CLIENT, b"bad\nname", b"x"], [b"", WORKER, READY, b"mmi.evil"],
                      [b"", WORKER, READY, b""], [b"", WORKER, READY, b"n" * 100_000]):
            peer = self.connect()
            peer.send_message(parts)
            # On the same connection, so that it was read when we go on.
            peer.send_message([b"", CLIENT, b"mmi.service", b"echo"])
            peer.sock.shutdown(socket.SHUT_WR)
            while not peer.at_end():
                peer.read_message()
            self.assert_others_are_served()

    def test_a_reserved_or_bad_service_is_answered_with_disconnect(self):
        for service in b"mmi.evil", b"", b"bad\nname", b"n" * 1000:
            peer = self.connect()
            peer.send_message([b"", WORKER, READY, service])
            self.assertEqual([b"", WORKER, DISCONNECT], peer.read_message())
        self.assertEqual(b"404\n", self.reply(self.node, "mmi.service", "mmi.evil"))

    def test_a_reply_that_nobody_asked_for_ends_that_worker(self):
        peer = self.connect()
        peer.send_message([b"", WORKER, READY, b"odd"])
        peer.send_message([b"", WORKER, REPLY, b"client", b"", b"body"])
        self.assertEqual([b"", WORKER, DISCONNECT], peer.read_message())
        peer.send_message([b"", WORKER, DISCONNECT])
        result = self.request(self.node, "odd", "x", "--timeout", "100", "--retries", "0")
        self.assertEqual(1, result.returncode)
        self.assert_others_are_served()

    def test_an_unknown_command_and_then_a_reply(self):
        peer = self.connect()
        peer.send_message([b"", WORKER, b"\x09"])
        peer.send_message([b"", WORKER, REPLY, b"client", b"", b"body"])
        self.assertEqual([b"", WORKER, DISCONNECT], peer.read_message())
        self.assert_others_are_served()

    def test_a_client_that_does_not_read_holds_up_nobody(self):
        peer = self.connect()
        peer.sock.settimeout(1)
        request = raw.message([b"", CLIENT, b"mmi.service", b"echo"])
        try:
            for _ in range(200):
                peer.send(request * 1000)
        except OSError:
            pass  # the broker reads no more, as it may
        self.assert_others_are_served()


harness.main()
