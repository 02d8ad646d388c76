"""Titanic with clients of RFC 9, on pyzmq and on CZMQ 4, in each way that it can be run.

Arguments after the command: where the CZMQ client is.
"""

import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import tsp  # noqa: E402, found by harness

CZMQ_CLIENT = sys.argv[2]
del sys.argv[2:]
CALM = ("--heartbeat", "1000")  # a plain broker loses the calls of whoever gives it up
QUICK = ("--retry", "20", "--retry-max", "100", "--attempt-timeout", "2000", "--attempts",
         "2")
SOME_ID = b"00112233445566778899aabbccddeeff"


class Clients:
    """What clients see, whichever way the server runs: `start` says how."""

    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"
        self.start()
        self.client = tsp.Client(self.serving.endpoint, timeout=harness.PATIENCE)
        self.addCleanup(self.client.close_socket)

    def fetch(self, uuid):
        """The reply, once it is there."""
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            if (reply := self.client.poll(uuid)) is not None:
                return reply
        self.fail("there is no reply")

    def upper_worker(self):
        worker = self.peer("mdp_worker.py", "upper", self.serving.endpoint, *CALM, "--upper")
        self.assertEqual("ready", self.line_of(worker))
        return worker

    def test_a_request_is_stored_answered_and_closed(self):
        uuid = self.client.submit(b"upper", b"hello", b"", b"\xff\x00")
        self.assertRegex(uuid, rb"^[0-9a-f]{32}$")
        self.assertIsNone(self.client.poll(uuid))  # nobody serves it yet
        self.upper_worker()
        self.assertEqual([b"HELLO", b"", b"\xff\x00"], self.fetch(uuid))
        self.assertEqual([b"HELLO", b"", b"\xff\x00"], self.fetch(uuid.upper()))  # again
        self.client.close(uuid)
        self.assertFalse(self.client.knows(uuid))
        self.client.close(uuid)  # is no error

    def test_the_same_id_submitted_twice_is_one_request(self):
        self.upper_worker()
        for _ in range(2):
            self.assertEqual(SOME_ID, self.client.submit(b"upper", b"once", uuid=SOME_ID))
        self.assertEqual([b"ONCE"], self.fetch(SOME_ID))
        self.assertEqual(SOME_ID, self.client.submit(b"upper", b"once", uuid=SOME_ID))
        code, _ = self.client.status(tsp.SUBMIT, SOME_ID, b"upper", b"other")
        self.assertEqual(b"400", code)
        code, _ = self.client.status(tsp.SUBMIT, SOME_ID, b"other", b"once")
        self.assertEqual(b"400", code)

    def test_what_makes_no_sense_is_refused_and_nothing_else_happens(self):
        for wrong in b"", b"1", b"../../etc/passwd", SOME_ID[:-1], SOME_ID + b"0", b"\xff" * 32:
            for service in tsp.REPLY, tsp.SUBMIT:
                frames = (wrong, b"upper", b"x") if service == tsp.SUBMIT else (wrong,)
                self.assertEqual(b"400", self.client.status(service, *frames)[0], (service, wrong))
        for frames in ([b"upper"], [b"", b"x"], [b"titanic.request", b"x"], [b"mmi.service", b"x"],
                       [b"a\nb", b"x"], [b"x" * 256, b"x"]):
            self.assertEqual(b"400", self.client.status(tsp.REQUEST, *frames)[0], frames)
        self.assertFalse(self.client.knows(SOME_ID))
        self.upper_worker()
        self.assertEqual([b"X"], self.fetch(self.client.submit(b"upper", b"x")))

    def test_a_client_on_czmq(self):
        self.upper_worker()
        client = self.spawn(CZMQ_CLIENT, "upper", self.serving.endpoint, "50")
        self.assertEqual(0, self.end_of(client))
        self.assertEqual("50 ok", self.line_of(client))

    def test_what_was_stored_outlives_a_server_that_is_told_to_stop(self):
        self.upper_worker()
        done = self.client.submit(b"upper", b"done")
        self.assertEqual([b"DONE"], self.fetch(done))
        waiting = self.client.submit(b"later", b"waiting")
        self.stop()
        listed = self.run_mizzen("titanic", "ls", "--store", self.store)
        self.assertEqual(0, listed.returncode, listed.stderr)
        lines = [line.split() for line in listed.stdout.splitlines()[1:]]
        self.assertEqual([[waiting, b"open"], [done, b"done"]], [line[:2] for line in lines])
        self.start_again()
        self.client.close_socket()
        self.assertEqual([b"DONE"], self.fetch(done))
        self.assertIsNone(self.client.poll(waiting))

    def test_what_failed_too_often_is_set_aside_and_retried_or_dropped_by_command(self):
        broken = self.worker(self.serving, "upper", "--exec", "false", *CALM)
        retried, dropped = (self.client.submit(b"upper", body) for body in (b"one", b"two"))
        self.wait_until_set_aside(retried)
        self.wait_until_set_aside(dropped)
        self.assertEqual(0, self.kill(broken, signal.SIGTERM))
        self.stop()
        listed = self.run_mizzen("titanic", "ls", "--store", self.store, "--state", "set-aside")
        self.assertEqual({(retried, b"2"), (dropped, b"2")},
                         {tuple(line.split()[:3:2]) for line in listed.stdout.splitlines()[1:]})
        for verb, which in ("retry", retried), ("drop", dropped):
            result = self.run_mizzen("titanic", verb, which.decode(), "--store", self.store)
            self.assertEqual((0, b""), (result.returncode, result.stderr))
        self.start_again()
        self.client.close_socket()
        self.upper_worker()
        self.assertEqual([b"ONE"], self.fetch(retried))
        self.assertFalse(self.client.knows(dropped))

    def wait_until_set_aside(self, uuid):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            code, *text = self.client.ask(tsp.REPLY, uuid)
            if code == b"500":
                self.assertEqual(1, len(text))
                return
            self.assertEqual(([b"300"], []), ([code], text))
        self.fail("it is never set aside")

    def test_a_store_in_use_is_looked_at_and_not_changed(self):
        waiting = self.client.submit(b"later", b"waiting").decode()
        shown = self.run_mizzen("titanic", "show", waiting, "--store", self.store, "--body")
        self.assertEqual((0, b'["waiting"]\n'), (shown.returncode, shown.stdout), shown.stderr)
        for verb in "retry", "drop":
            refused = self.run_mizzen("titanic", verb, waiting, "--store", self.store)
            self.assertEqual((1, b""), (refused.returncode, refused.stdout))
            self.assertIn(b"another process", refused.stderr)


class InsideTheBroker(Clients, harness.CommandTest):
    def start(self, bind="tcp://127.0.0.1:*"):
        self.serving = self.broker(*CALM, *QUICK, "--titanic", self.store, bind=bind)

    def stop(self):
        self.assertEqual(0, self.kill(self.serving, signal.SIGTERM))

    def start_again(self):
        self.start(self.serving.endpoint)


class Beside(Clients):
    """As workers of a broker elsewhere."""

    def start(self):
        self.serving = self.start_broker()
        self.start_again()

    def start_again(self):
        self.titanic = self.spawn(harness.MIZZEN, "titanic", "--broker", self.serving.endpoint,
                                  "--store", self.store, *CALM, *QUICK, stderr=subprocess.PIPE)
        for line in self.titanic.stderr:
            if b"serving" in line:
                break
        for service in tsp.SUBMIT, tsp.REQUEST, tsp.REPLY, tsp.CLOSE:
            self.wait_for_service(self.serving, service.decode())

    def stop(self):
        self.assertEqual(0, self.kill(self.titanic, signal.SIGTERM))
        for service in tsp.SUBMIT, tsp.REQUEST, tsp.REPLY, tsp.CLOSE:
            self.wait_for_service(self.serving, service.decode(), b"404")


class BesideOurBroker(Beside, harness.CommandTest):
    def start_broker(self):
        return self.broker(*CALM)


class BesideAPlainBroker(Beside, harness.CommandTest):
    """One on pyzmq, which gives each worker one call at a time."""

    def start_broker(self):
        process = self.peer("mdp_broker.py", *CALM)
        process.endpoint = self.line_of(process).removeprefix("listening ")
        return process


harness.main()
