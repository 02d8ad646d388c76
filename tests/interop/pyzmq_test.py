"""The allowed pairs of socket types with pyzmq as the other side, over every size of part.

Argument: the echo peer (echo_peer.cpp).
"""

import functools
import itertools
import os
import random
import subprocess
import sys
import unittest

import zmq

SIZES = (0, 1, 255, 256, 8192, 65536, 1 << 20)
HUGE = 10_000_000
TIMEOUT = 20_000  # milliseconds

ECHO_PEER = sys.argv[1]
NUMBERS = itertools.count()


@functools.cache
def messages():
    """Every size in one, two and ten parts, a megabyte once at most; the contents differ."""
    source = random.Random(1)
    return [[source.randbytes(size if i == 0 or size < 1 << 20 else 256) for i in range(count)]
            for size in SIZES for count in (1, 2, 10)]


@functools.cache
def huge_messages():
    source = random.Random(2)
    return [[source.randbytes(HUGE)], [b"", source.randbytes(HUGE), b"x"]]


def places():
    """What to bind to, over each transport; the last one is an abstract name of its own."""
    return "tcp://127.0.0.1:*", "ipc://*", f"ipc://@mizzen-test-{os.getpid()}-{next(NUMBERS)}"


class EchoPeer:
    """Our socket in a process of its own, which ends when its input is closed."""

    def __init__(self, kind, how, endpoint, first=()):
        self.process = subprocess.Popen(
            [ECHO_PEER, kind, how, endpoint, *first],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, _, self.endpoint = self.process.stdout.readline().strip().partition(" ")
        if word not in ("listening", "connecting"):
            raise RuntimeError("the echo peer did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(TIMEOUT / 1000)
        self.process.stdout.close()


class Pairs(unittest.TestCase):
    maxDiff = 200

    def setUp(self):
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, linger=0)

    def assert_same(self, got, expected):
        self.assertEqual([len(part) for part in got], [len(part) for part in expected])
        self.assertTrue(got == expected, "an octet differs")  # without printing megabytes

    def converse(self, ours, theirs, where, they_bind, script):
        """Each message goes to our socket and comes back; `ours` echoes."""
        with self.subTest(ours=ours, where=where, they_bind=they_bind):
            peer = self.context.socket(theirs)
            peer.linger = 0
            peer.rcvtimeo = peer.sndtimeo = TIMEOUT
            if theirs != zmq.REP:
                peer.routing_id = b"theirs"
            if theirs == zmq.ROUTER:
                peer.router_mandatory = 1
            if they_bind:
                peer.bind(where)
                where = peer.last_endpoint.decode()
            first = []
            if ours == "req":
                first = ["ready"]
            elif theirs == zmq.REP:
                first = ["", "ready"]
            how = "connect" if they_bind else "bind"
            with EchoPeer(ours, how, where, first) as echo:
                if not they_bind:
                    peer.connect(echo.endpoint)
                front = []
                if theirs == zmq.ROUTER:
                    front.append(b"ours")
                if theirs in (zmq.ROUTER, zmq.DEALER) and ours in ("req", "rep"):
                    front.append(b"")
                if first:
                    self.assert_same(peer.recv_multipart(), front + [b"ready"])
                elif theirs == zmq.ROUTER:
                    self.send_when_routable(peer, front + [b"are you there"])
                    self.assert_same(peer.recv_multipart(), front + [b"are you there"])
                for parts in script:
                    peer.send_multipart(front + parts)
                    self.assert_same(peer.recv_multipart(), front + parts)
            peer.close()

    def send_when_routable(self, peer, message):
        for _ in range(TIMEOUT // 5):
            try:
                return peer.send_multipart(message)
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                peer.poll(5)  # the time that a peer needs to come
        self.fail("the peer did not come")

    def pair(self, ours, theirs, huge=False):
        for they_bind in (False, True):
            for where in places():
                self.converse(ours, theirs, where, they_bind, messages())
            if huge:
                self.converse(ours, theirs, places()[0], they_bind, huge_messages())

    def test_req_asks_rep(self):
        self.pair("req", zmq.REP)

    def test_rep_answers_req(self):
        self.pair("rep", zmq.REQ, huge=True)

    def test_req_asks_router(self):
        self.pair("req", zmq.ROUTER)

    def test_router_answers_req(self):
        self.pair("router", zmq.REQ)

    def test_rep_answers_dealer(self):
        self.pair("rep", zmq.DEALER)

    def test_dealer_asks_rep(self):
        self.pair("dealer", zmq.REP)

    def test_dealer_answers_dealer(self):
        self.pair("dealer", zmq.DEALER, huge=True)

    def test_dealer_answers_router(self):
        self.pair("dealer", zmq.ROUTER)

    def test_router_answers_dealer(self):
        self.pair("router", zmq.DEALER, huge=True)

    def test_router_answers_router(self):
        self.pair("router", zmq.ROUTER)

    def test_pair_answers_pair(self):
        self.pair("pair", zmq.PAIR, huge=True)

    def forward(self, ours, source_type, sink_type, topics=()):
        """What `source` sends goes through two of our sockets to `sink`; both ways to connect."""
        for they_bind, transport in itertools.product((False, True), range(len(places()))):
            with self.subTest(they_bind=they_bind, transport=transport):
                source, sink = self.context.socket(source_type), self.context.socket(sink_type)
                where = [places()[transport], places()[transport]]
                for peer in (source, sink):
                    peer.linger = 0
                    peer.rcvtimeo = peer.sndtimeo = TIMEOUT
                if sink_type == zmq.SUB:
                    sink.subscribe(b"AB")
                if they_bind:
                    for peer, endpoint in zip((source, sink), where):
                        peer.bind(endpoint)
                    where = [peer.last_endpoint.decode() for peer in (source, sink)]
                how = "connect" if they_bind else "bind"
                with EchoPeer(ours, how, where[0], [where[1], *topics]) as echo:
                    if not they_bind:
                        for peer, endpoint in zip((source, sink), echo.endpoint.split(" ")):
                            peer.connect(endpoint)
                    if sink_type == zmq.XSUB:
                        sink.send(b"\1AB")
                    yield source, sink
                source.close()
                sink.close()

    def test_pull_and_push_forward(self):
        for source, sink in self.forward("pull-push", zmq.PUSH, zmq.PULL):
            for parts in (*messages(), *huge_messages()):
                source.send_multipart(parts)
                self.assert_same(sink.recv_multipart(), parts)

    def test_subscribers_and_publishers_forward(self):
        for ours, source_type, sink_type in (("sub-pub", zmq.PUB, zmq.SUB),
                                             ("sub-pub", zmq.XPUB, zmq.XSUB),
                                             ("xsub-xpub", zmq.PUB, zmq.XSUB),
                                             ("xsub-xpub", zmq.XPUB, zmq.SUB)):
            for source, sink in self.forward(ours, source_type, sink_type, ["A"]):
                for _ in range(TIMEOUT // 5):  # until both subscriptions are there
                    source.send(b"AB are you there")
                    if sink.poll(5):
                        break
                source.send(b"AB start")
                while sink.recv() != b"AB start":
                    pass
                for parts in (*messages(), *(huge_messages() if sink_type == zmq.SUB else ())):
                    for topic in (b"B", b"A", b"AC", b"ABC"):
                        source.send_multipart([topic, *parts])
                    self.assert_same(sink.recv_multipart(), [b"ABC", *parts])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
