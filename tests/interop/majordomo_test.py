"""The broker, worker and client of `mizzen` with plain Majordomo peers, and what they survive."""

import pathlib
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import raw  # noqa: E402, found by harness

CLIENT = b"MDPC01"
FAST = ("--heartbeat", "50")


class Interop(harness.CommandTest):
    def plain_worker(self, broker, service, *options):
        process = self.peer("mdp_worker.py", service, broker.endpoint, *options)
        self.assertEqual("ready", self.line_of(process))
        return process

    def plain_client(self, broker, service, *options):
        """Runs one to its end."""
        client = self.peer("mdp_client.py", service, broker.endpoint, *options)
        self.assertEqual(0, self.end_of(client), self.log_of(client))
        return self.line_of(client)

    def plain_broker(self, *options):
        process = self.peer("mdp_broker.py", *options)
        process.endpoint = self.line_of(process).removeprefix("listening ")
        return process

    def connect(self, broker):
        peer = raw.RawPeer.connect(broker.endpoint, harness.PATIENCE)
        self.addCleanup(peer.sock.close)
        peer.handshake(b"DEALER")
        return peer

    def queue(self, peer, service, body):
        """Sends a request; returns when the broker has it."""
        peer.send_message([b"", CLIENT, service, body])
        peer.send_message([b"", CLIENT, b"mmi.service", b"nobody"])
        self.assertEqual([b"", CLIENT, b"mmi.service", b"404"], peer.read_message())


class WithOurBroker(Interop):
    def test_plain_client_and_plain_worker(self):
        broker = self.broker()
        self.plain_worker(broker, "upper", "--upper")
        self.plain_worker(broker, "upper", "--upper")
        for options in ["--parts", "3"], ["--dealer"], ["--size", "100000"], ["--pipeline", "16"]:
            self.assertEqual("200 ok", self.plain_client(broker, "upper", "--count", "200",
                                                         "--expect", "upper", *options))

    def test_plain_client_and_our_worker(self):
        broker = self.broker()
        self.worker(broker, "echo", "--echo")
        self.worker(broker, "sha256", *harness.hashing())
        self.assertEqual("100 ok", self.plain_client(broker, "echo", "--count", "100", "--parts",
                                                     "2", "--pipeline", "8"))
        self.assertEqual("100 ok", self.plain_client(broker, "sha256", "--count", "100", "--parts",
                                                     "2", "--expect", "sha256"))

    def test_our_client_and_plain_worker(self):
        broker = self.broker()
        self.plain_worker(broker, "upper", "--upper")
        self.assertEqual(b"HELLO\n", self.reply(broker, "upper", "hello"))
        paths = []
        for number in range(100):
            paths.append(self.folder / str(number))
            paths[-1].write_text(f"content {number}\n")
        output = self.reply(broker, "upper", "--files-from", "-", "--outstanding", "16",
                            stdin="\n".join(map(str, paths)).encode())
        self.assertEqual({f"CONTENT {n}  {path}" for n, path in enumerate(paths)},
                         set(output.decode().splitlines()))

    def test_a_plain_worker_that_stops_says_so(self):
        broker = self.broker()
        worker = self.plain_worker(broker, "echo")
        self.wait_for_service(broker, "echo")
        self.assertEqual(0, self.kill(worker, signal.SIGTERM))
        self.wait_for_service(broker, "echo", b"404")

    def test_an_idle_worker_that_is_killed_is_missed(self):
        broker = self.broker()
        worker = self.plain_worker(broker, "echo")
        self.wait_for_service(broker, "echo")
        self.kill(worker)
        self.wait_for_service(broker, "echo", b"404")

    def test_an_idle_worker_that_is_frozen_is_missed(self):
        broker = self.broker(*FAST)
        worker = self.plain_worker(broker, "echo", *FAST)
        self.wait_for_service(broker, "echo")
        worker.send_signal(signal.SIGSTOP)
        self.wait_for_service(broker, "echo", b"404")
        worker.send_signal(signal.SIGCONT)
        self.wait_for_service(broker, "echo")  # told to go, it came back

    def test_a_request_whose_worker_is_killed_goes_to_another(self):
        broker = self.broker()
        client = self.connect(broker)
        self.queue(client, b"slow", b"body")
        worker = self.plain_worker(broker, "slow", "--delay", "600")
        self.wait_for_service(broker, "slow")  # and so it has the request
        self.kill(worker)
        self.plain_worker(broker, "slow", "--upper")
        self.assertEqual([b"", CLIENT, b"slow", b"BODY"], client.read_message())

    def test_a_handler_may_take_longer_than_silence_is_allowed(self):
        broker = self.broker(*FAST)
        runs = self.folder / "runs"
        self.worker(broker, "slow", *FAST, "--exec", f"echo run >> '{runs}'; sleep 0.6; cat")
        self.assertEqual(b"x\n", self.reply(broker, "slow", "x", "--timeout", "20000"))
        self.assertEqual("run\n", runs.read_text())
        self.plain_worker(broker, "plain", *FAST, "--delay", "0.6")
        self.wait_for_service(broker, "plain")
        self.assertEqual(b"x\n", self.reply(broker, "plain", "x", "--timeout", "20000"))

    def test_everybody_comes_back_to_a_broker_that_was_restarted(self):
        broker = self.broker(*FAST)
        self.worker(broker, "ours", "--echo", *FAST)
        self.plain_worker(broker, "plain", *FAST)
        self.wait_for_service(broker, "plain")
        client = self.spawn(harness.MIZZEN, "request", "late", "x", "--broker", broker.endpoint,
                            "--timeout", "500", "--retries", "50")
        self.kill(broker)
        again = self.broker(*FAST, bind=broker.endpoint)
        for service in "ours", "plain":
            self.wait_for_service(again, service)
            self.assertEqual("10 ok", self.plain_client(again, service, "--count", "10"))
        self.worker(again, "late", "--echo", *FAST)
        self.assertEqual("x", self.line_of(client))
        self.assertEqual(0, self.end_of(client))


class WithAPlainBroker(Interop):
    def test_our_client_and_our_worker(self):
        broker = self.plain_broker()
        self.worker(broker, "upper", "--exec", "tr a-z A-Z")
        self.assertEqual(b"HELLO\n", self.reply(broker, "upper", "hello"))
        paths = []
        for number in range(20):
            paths.append(self.folder / str(number))
            paths[-1].write_text(f"content {number}\n")
        output = self.reply(broker, "upper", "--files-from", "-", "--outstanding", "4",
                            stdin="\n".join(map(str, paths)).encode())
        self.assertEqual({f"CONTENT {n}  {path}" for n, path in enumerate(paths)},
                         set(output.decode().splitlines()))

    def test_our_worker_serves_a_plain_client(self):
        broker = self.plain_broker()
        self.worker(broker, "echo", "--echo")
        self.assertEqual("100 ok", self.plain_client(broker, "echo", "--count", "100", "--parts",
                                                     "3", "--pipeline", "4"))

    def test_our_client_is_served_by_a_plain_worker(self):
        broker = self.plain_broker()
        self.plain_worker(broker, "upper", "--upper")
        self.assertEqual(b"HELLO\n", self.reply(broker, "upper", "hello"))

    def test_after_a_failure_our_worker_comes_back(self):
        broker = self.plain_broker(*FAST)
        self.worker(broker, "fussy", *FAST, "--exec", "grep good")
        result = self.request(broker, "fussy", "bad", "--timeout", "300", "--retries", "0")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"no reply in time", result.stderr)
        self.wait_for_service(broker, "fussy")
        self.assertEqual(b"good\n", self.reply(broker, "fussy", "good"))

    def test_our_worker_comes_back_to_a_broker_that_was_restarted(self):
        broker = self.plain_broker(*FAST)
        self.worker(broker, "echo", "--echo", *FAST)
        self.kill(broker)
        again = self.plain_broker(*FAST, "--bind", broker.endpoint)
        self.wait_for_service(again, "echo")
        self.assertEqual(b"x\n", self.reply(again, "echo", "x"))


harness.main()
