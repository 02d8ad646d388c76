"""Majordomo with peers in C on CZMQ 4, and with raw DEALERs and ROUTERs that speak MDP 0.2.

Arguments after the command: where the CZMQ peers are.
"""

import pathlib
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import zmq  # noqa: E402

PEERS = [pathlib.Path(argument) for argument in sys.argv[2:]]
del sys.argv[2:]
CLIENT, WORKER = b"MDPC02", b"MDPW02"
FAST = ("--heartbeat", "50")


class WithCzmq(harness.CommandTest):
    def czmq(self, name, *arguments):
        [program] = [path for path in PEERS if path.name == name]
        return self.spawn(program, *arguments)

    def czmq_worker(self, broker, service, *options):
        process = self.czmq("czmq_worker", service, broker.endpoint, *options)
        self.assertEqual("ready", self.line_of(process))
        self.wait_for_service(broker, service)
        return process

    def czmq_client(self, broker, service, count=200):
        client = self.czmq("czmq_client", service, broker.endpoint, str(count))
        self.assertEqual(0, self.end_of(client))
        self.assertEqual(f"{count} ok", self.line_of(client))

    def plain_broker(self, *options):
        process = self.peer("mdp_broker.py", *options)
        process.endpoint = self.line_of(process).removeprefix("listening ")
        return process

    def test_every_mix_of_ours_and_czmq(self):
        broker = self.broker()
        self.czmq_worker(broker, "theirs")
        self.worker(broker, "ours", "--echo", "--jobs", "4")
        for service in "theirs", "ours":
            self.czmq_client(broker, service)
        self.assertEqual(b"HELLO\n", self.reply(broker, "theirs", "hello"))
        self.assertEqual(b"HELLO\n" * 100, self.reply_of_many(broker, "theirs", "hello", 100))

    def reply_of_many(self, broker, service, body, count):
        result = self.request(broker, service, body, "--repeat", str(count), "--parallel", "10")
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout

    def test_at_a_plain_broker(self):
        broker = self.plain_broker()
        self.worker(broker, "ours", "--echo", "--jobs", "4")  # credit that the broker ignores
        self.czmq_client(broker, "ours")
        self.czmq_worker(broker, "theirs")
        self.assertEqual(b"HELLO\n" * 100, self.reply_of_many(broker, "theirs", "hello", 100))

    def test_a_worker_that_is_killed_is_replaced(self):
        broker = self.broker()
        self.kill(self.czmq_worker(broker, "s"))
        self.wait_for_service(broker, "s", b"404")
        self.czmq_worker(broker, "s")
        self.czmq_client(broker, "s", 20)

    def test_a_worker_that_is_frozen_comes_back(self):
        broker = self.broker(*FAST)
        worker = self.czmq_worker(broker, "s", "50")
        worker.send_signal(signal.SIGSTOP)
        self.wait_for_service(broker, "s", b"404")
        worker.send_signal(signal.SIGCONT)
        self.wait_for_service(broker, "s")
        self.czmq_client(broker, "s", 20)


class SecondVersion(harness.CommandTest):
    """RFC 18 by hand: our client and our worker at a broker that is this test."""

    def router(self):
        socket = zmq.Context.instance().socket(zmq.ROUTER)
        socket.linger = 0
        socket.rcvtimeo = harness.PATIENCE * 1000
        socket.bind("tcp://127.0.0.1:*")
        self.addCleanup(socket.close)
        return socket, socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def test_our_worker_at_a_raw_broker(self):
        broker, endpoint = self.router()
        worker = self.spawn(harness.MIZZEN, "worker", "upper", "--exec", "tr a-z A-Z",
                            "--protocol", "0.2", "--broker", endpoint, "--heartbeat", "500")
        identity, *ready = broker.recv_multipart()
        self.assertEqual([WORKER, b"\1", b"upper"], ready)
        self.assertEqual([WORKER, b"\5"], broker.recv_multipart()[1:])  # it heartbeats
        for client in b"12345678", b"plain":
            broker.send_multipart([identity, WORKER, b"\2", client, b"", b"hello"])
            reply = broker.recv_multipart()[1:]
            while reply == [WORKER, b"\5"]:
                broker.send_multipart([identity, WORKER, b"\5"])
                reply = broker.recv_multipart()[1:]
            self.assertEqual([WORKER, b"\4", client, b"", b"HELLO"], reply)
        worker.send_signal(signal.SIGTERM)
        reply = broker.recv_multipart()[1:]
        while reply == [WORKER, b"\5"]:
            reply = broker.recv_multipart()[1:]
        self.assertEqual([WORKER, b"\6"], reply)
        self.assertEqual(0, self.end_of(worker))

    def test_our_client_at_a_raw_broker(self):
        broker, endpoint = self.router()
        client = self.spawn(harness.MIZZEN, "request", "list", "x", "--protocol", "0.2",
                            "--broker", endpoint)
        identity, *probe = broker.recv_multipart()
        self.assertEqual([CLIENT, b"\1", b"mmi.broker", b""], probe)
        broker.send_multipart([identity, CLIENT, b"\3", b"mmi.broker", b"501"])
        identity, *request = broker.recv_multipart()
        self.assertEqual([CLIENT, b"\1", b"list", b"x"], request)
        broker.send_multipart([identity, CLIENT, b"\2", b"list", b"first"])
        self.assertEqual("first", self.line_of(client))  # before there is more
        broker.send_multipart([identity, CLIENT, b"\2", b"list", b"second", b"two"])
        broker.send_multipart([identity, CLIENT, b"\3", b"list", b"last"])
        self.assertEqual(["second", "two", "last"], [self.line_of(client) for _ in range(3)])
        self.assertEqual(0, self.end_of(client))

    def dealer(self, broker):
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.rcvtimeo = harness.PATIENCE * 1000
        socket.connect(broker.endpoint)
        self.addCleanup(socket.close)
        return socket

    def test_a_raw_worker_and_a_raw_client_with_ours(self):
        broker = self.broker()
        worker = self.dealer(broker)
        worker.send_multipart([WORKER, b"\1", b"list"])
        client = self.spawn(harness.MIZZEN, "request", "list", "x", "--protocol", "0.2",
                            "--timeout", "20000", "--broker", broker.endpoint)
        request = worker.recv_multipart()
        while request == [WORKER, b"\5"]:
            request = worker.recv_multipart()
        self.assertEqual([WORKER, b"\2"], request[:2])
        self.assertEqual([b"", b"x"], request[3:])
        worker.send_multipart([WORKER, b"\3", request[2], b"", b"first"])
        self.assertEqual("first", self.line_of(client))
        worker.send_multipart([WORKER, b"\4", request[2], b"", b"last"])
        self.assertEqual("last", self.line_of(client))
        self.assertEqual(0, self.end_of(client))

        self.worker(broker, "echo", "--echo", "--protocol", "0.2")
        raw = self.dealer(broker)
        raw.send_multipart([CLIENT, b"\1", b"echo", b"a", b"b"])
        self.assertEqual([CLIENT, b"\3", b"echo", b"a", b"b"], raw.recv_multipart())
        self.assertEqual(b"old\n", self.reply(broker, "echo", "old"))  # a client of 0.1


harness.main()
