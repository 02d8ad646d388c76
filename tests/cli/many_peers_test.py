"""10,000 connected workers and clients at one broker: all are served, and memory is bounded.

The peers are this process, octet by octet; the broker is the other one. With an argument behind the
command's path, that many peers: what a waiting worker costs can so be measured by hand.
"""

import resource
import selectors
import socket
import sys
import time

sys.dont_write_bytecode = True
import harness  # noqa: E402

PEERS = int(sys.argv.pop(2)) if len(sys.argv) > 2 else 10_000
# Octets a connected peer: a bound that any growth breaks and a sanitizer's own does not. What is
# printed is the measurement.
LIMIT = 32 * 1024
GREETING = (b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31))


def command(body):
    return bytes([4, len(body)]) + body


def message(*parts):
    return b"".join(bytes([0 if i + 1 == len(parts) else 1, len(part)]) + part
                    for i, part in enumerate(parts))


HANDSHAKE = GREETING + command(b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")


class Peer:
    def __init__(self, endpoint, first):
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        self.sock = socket.create_connection((host, int(port)), harness.PATIENCE)
        self.sock.sendall(HANDSHAKE + first)
        self.octets = b""
        self.greeted = False

    def messages(self):
        """What has come, once there is something to read."""
        got = self.sock.recv(65536)
        if not got:
            raise ConnectionError("the broker closed a connection")
        self.octets += got
        if not self.greeted:
            if len(self.octets) < len(GREETING) + 2:
                return
            self.octets = self.octets[len(GREETING):]
            self.greeted = True
        parts, at, done = [], 0, 0
        while at + 2 <= len(self.octets) and at + 2 + self.octets[at + 1] <= len(self.octets):
            flags, size = self.octets[at], self.octets[at + 1]
            part, at = self.octets[at + 2:at + 2 + size], at + 2 + size
            if flags & 4:  # the broker's READY
                done = at
                continue
            parts.append(part)
            if not flags & 1:
                yield parts
                parts, done = [], at
        self.octets = self.octets[done:]


def resident(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


class ManyPeers(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.peers = []
        self.addCleanup(lambda: [peer.sock.close() for peer in self.peers])
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if hard != resource.RLIM_INFINITY:
            self.assertGreater(hard, PEERS + 100, "the machine allows too few descriptors")

    def serve(self, wanted):
        """Answers as every worker until all clients have their own reply."""
        looked = selectors.DefaultSelector()
        for peer in self.peers:
            looked.register(peer.sock, selectors.EVENT_READ, peer)
        replies, served = set(), set()
        limit = time.monotonic() + 50
        while len(replies) < wanted:
            self.assertLess(time.monotonic(), limit, f"{len(replies)} of {wanted} were served")
            for key, _ in looked.select(harness.PATIENCE):
                peer = key.data
                for parts in peer.messages():
                    if parts[1] == b"MDPW01" and parts[2] == b"\x02":
                        served.add(peer)
                        peer.sock.sendall(message(b"", b"MDPW01", b"\x03", *parts[3:]))
                    elif parts[1] == b"MDPC01":
                        self.assertEqual([b"", b"MDPC01", b"echo", peer.body], parts)
                        replies.add(parts[3])
        looked.close()
        return served

    def test_all_are_served_and_memory_is_bounded(self):
        broker = self.broker("--heartbeat", "30000", "--max-requests", str(PEERS))
        self.reply(broker, "mmi.service", "echo")
        start, before = time.monotonic(), resident(broker)
        half = PEERS // 2
        for _ in range(half):
            self.peers.append(Peer(broker.endpoint, message(b"", b"MDPW01", b"\x01", b"echo")))
        listed = None
        while listed != str(half):
            listed = self.run_mizzen("services", "--broker",
                                     broker.endpoint).stdout.decode().split()[6:7]
            listed = listed[0] if listed else None
            self.assertLess(time.monotonic(), start + 50)
        waiting = resident(broker)
        for i in range(half):
            body = f"request {i}".encode()
            client = Peer(broker.endpoint, message(b"", b"MDPC01", b"echo", body))
            client.body = body
            self.peers.append(client)
        served = self.serve(half)
        after = resident(broker)
        self.assertEqual(half, len(served))  # each took the one that was its turn
        worker, peer = (waiting - before) // half, (after - before) // (2 * half)
        print(f"{2 * half} peers served in {time.monotonic() - start:.1f} s; the broker's memory: "
              f"{before >> 10} KiB at first, {after >> 10} KiB then; {worker} octets a waiting "
              f"worker, {peer} a peer")
        self.assertLess(peer, LIMIT)


harness.main()
