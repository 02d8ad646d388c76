"""`mizzen broker`, and what holds for every sub-command: help, version, usage, signals."""

import os
import select
import signal
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402


class EveryCommand(harness.CommandTest):
    def test_version_and_help_are_printed_and_are_no_error(self):
        self.assertRegex(self.run_mizzen("--version").stdout, rb"^mizzen \d+\.\d+\.\d+\n$")
        for command in [], ["broker"], ["worker"], ["request"], ["services"], ["ping"]:
            result = self.run_mizzen(*command, "--help")
            self.assertEqual((0, b""), (result.returncode, result.stderr))
            self.assertIn(b"--help", result.stdout)

    def test_what_makes_no_sense_is_a_matter_of_usage(self):
        for arguments in (
                [], ["no-such-command"], ["broker", "--no-such-option"],
                ["broker", "--heartbeat", "x"], ["broker", "--heartbeat", "5"],
                ["broker", "--liveness", "0"], ["broker", "--redeliver", "-1"],
                ["broker", "--busy-poll", "-1"], ["broker", "--busy-poll", "1000001"],
                ["broker", "stray"], ["request"], ["worker"], ["worker", "s"],
                ["worker", "s", "--echo", "--sha256"], ["worker", "mmi.s", "--echo"],
                ["worker", "", "--echo"], ["worker", "s", "--echo", "--timeout", "-1"],
                ["request", "s", "b", "--retries", "-1"], ["request", "s", "b", "--timeout", "0"],
                ["request", "s", "b", "--files-from", "-"], ["request", "\n", "b"]):
            result = self.run_mizzen(*arguments)
            self.assertEqual((2, b""), (result.returncode, result.stdout), arguments)
            self.assertNotEqual(b"", result.stderr, arguments)

    def test_an_endpoint_that_cannot_be_read_is_a_matter_of_usage_and_is_named(self):
        for command in (["broker", "--bind"], ["worker", "s", "--echo", "--broker"],
                        ["request", "s", "b", "--broker"]):
            for endpoint in "nonsense", "carrier://pigeon", "tcp://127.0.0.1:99999", "tcp://:x":
                result = self.run_mizzen(*command, endpoint)
                self.assertEqual(2, result.returncode, (command, endpoint, result.stderr))
                self.assertIn(endpoint.encode(), result.stderr)


class Broker(harness.CommandTest):
    def test_it_says_where_it_listens_and_ends_with_status_0_when_told_to(self):
        for number in signal.SIGTERM, signal.SIGINT:
            broker = self.broker()
            self.assertRegex(broker.endpoint, r"^tcp://127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(0, self.kill(broker, number))

    def test_it_listens_on_several_endpoints(self):
        broker = self.spawn(harness.MIZZEN, "broker", "--bind", "tcp://127.0.0.1:*",
                            "--bind", "tcp://127.0.0.1:*")
        first, second = (self.line_of(broker).removeprefix("listening ") for _ in range(2))
        self.assertNotEqual(first, second)
        broker.endpoint = first
        self.worker(broker, "echo", "--echo")
        broker.endpoint = second
        self.assertEqual(b"x\n", self.reply(broker, "echo", "x"))

    def test_a_port_in_use_is_a_failure_that_names_it(self):
        broker = self.broker()
        result = self.run_mizzen("broker", "--bind", broker.endpoint)
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(broker.endpoint.encode(), result.stderr)
        self.assertIn(b"in use", result.stderr)

    def test_a_request_that_no_worker_takes_expires(self):
        broker = self.broker("--request-expiry", "50")
        result = self.request(broker, "nobody", "x", "--retries", "0", "--timeout", "20000")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"no worker was free in time", result.stderr)

    def test_requests_beyond_the_limit_are_refused(self):
        broker = self.broker("--max-requests", "1")
        waiting = self.spawn(harness.MIZZEN, "request", "later", "first", "--timeout", "20000",
                             "--broker", broker.endpoint)
        # One of the two is refused at once, whichever comes second.
        other = self.spawn(harness.MIZZEN, "request", "later", "second", "--timeout", "20000",
                           "--broker", broker.endpoint)
        ends = {os.pidfd_open(p.pid): p for p in (waiting, other)}
        refused = select.select(list(ends), [], [], harness.PATIENCE)[0]
        for end in ends:
            os.close(end)
        self.assertEqual(1, len(refused))
        loser = ends[refused[0]]
        self.assertEqual(1, self.end_of(loser))
        self.assertIn("the service's queue is full", self.log_of(loser))
        self.worker(broker, "later", "--echo")
        winner = other if loser is waiting else waiting
        self.assertIn(self.line_of(winner), ["first", "second"])
        self.assertEqual(0, self.end_of(winner))


harness.main()
