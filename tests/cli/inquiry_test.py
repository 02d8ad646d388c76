"""`mizzen services` and `mizzen ping`; how a broker is configured by a file, and how it stops."""

import os
import signal
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402


class Inquiries(harness.CommandTest):
    def test_services_lists_what_is_registered(self):
        broker = self.broker()
        self.worker(broker, "upper", "--echo")
        self.worker(broker, "echo", "--echo")
        self.reply(broker, "echo", "x")
        result = self.run_mizzen("services", "--broker", broker.endpoint)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        lines = [line.split() for line in result.stdout.decode().splitlines()]
        self.assertEqual([["service", "workers", "waiting", "running", "replies"],
                          ["echo", "1", "0", "0", "1"],
                          ["upper", "1", "0", "0", "0"]], lines)

    def test_services_lists_the_workers_of_one(self):
        broker = self.broker()
        self.worker(broker, "echo", "--echo")
        result = self.run_mizzen("services", "echo", "--broker", broker.endpoint)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        head, line = [line.split() for line in result.stdout.decode().splitlines()]
        self.assertEqual(["worker", "version", "credit", "running", "silent", "ms"], head)
        self.assertEqual(["0.1", "1", "0"], line[1:4])
        result = self.run_mizzen("services", "other", "--broker", broker.endpoint)
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"knows no service other", result.stderr)

    def test_ping_prints_the_round_trip_and_what_the_broker_knows(self):
        broker = self.broker("--max-credit", "7", "--duplicate-window", "500")
        result = self.run_mizzen("ping", "--broker", broker.endpoint, "--count", "3")
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        lines = result.stdout.decode().splitlines()
        self.assertEqual(3, len(lines))
        for line in lines:
            self.assertRegex(line, r"^tcp://127\.0\.0\.1:\d+: \d+\.\d{3} ms, "
                                   r"M1 MDP/0\.2 credit=7 duplicates=500$")

    def test_a_plain_broker_answers_a_ping_and_lists_nothing(self):
        peer = self.peer("mdp_broker.py")
        endpoint = self.line_of(peer).rpartition(" ")[2]
        result = self.run_mizzen("ping", "--broker", endpoint)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        self.assertIn(b"a plain broker", result.stdout)
        result = self.run_mizzen("services", "--broker", endpoint)
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"501", result.stderr)

    def test_nobody_there_is_a_failure(self):
        broker = self.broker()
        self.assertEqual(0, self.kill(broker, signal.SIGTERM))
        for command in "ping", "services":
            result = self.run_mizzen(command, "--broker", broker.endpoint, "--timeout", "50")
            self.assertEqual((1, b""), (result.returncode, result.stdout))
            self.assertIn(broker.endpoint.encode(), result.stderr)


class Configuration(harness.CommandTest):
    def file(self, text):
        path = self.folder / "broker.conf"
        path.write_text(text)
        return path

    def configured(self, *arguments):
        process = self.spawn(harness.MIZZEN, "broker", *arguments)
        word, _, process.endpoint = self.line_of(process).partition(" ")
        self.assertEqual("listening", word, self.log_of(process))
        return process

    def credit(self, broker):
        return self.run_mizzen("ping", "--broker", broker.endpoint).stdout.split()[-1]

    def test_a_file_sets_options_and_the_command_line_wins(self):
        path = self.file("# a comment\nbind=tcp://127.0.0.1:*\nmax-credit=5\n"
                         "execution-limit-of=[slow=100, other=0]\n[broker]\nheartbeat=100\n")
        self.assertEqual(b"credit=5", self.credit(self.configured("--config", path)))
        broker = self.configured("--config", path, "--max-credit", "9")
        self.assertEqual(b"credit=9", self.credit(broker))

    def test_what_is_wrong_with_a_file_is_said_and_is_a_matter_of_usage(self):
        for text, words in (("no-such-option=1\n", b"no-such-option"),
                            ("nonsense\n", b"nonsense"),
                            ("heartbeat=soon\n", b"heartbeat"),
                            ("heartbeat=5\n", b"heartbeat"),
                            ("[worker]\nheartbeat=100\n", b"worker.heartbeat"),
                            ("config=other\n", b"config"),
                            ("execution-limit-of=slow\n", b"slow"),
                            ("bind=nonsense\n", b"nonsense")):
            result = self.run_mizzen("broker", "--config", self.file(text))
            self.assertEqual((2, b""), (result.returncode, result.stdout), text)
            self.assertIn(words, result.stderr, text)
        for path in self.folder / "missing", self.folder:
            result = self.run_mizzen("broker", "--config", path)
            self.assertEqual((2, b""), (result.returncode, result.stdout), path)
            self.assertIn(os.fsencode(path), result.stderr)


class Stopping(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.begun, self.go_on = self.folder / "begun", self.folder / "go-on"
        os.mkfifo(self.begun)
        os.mkfifo(self.go_on)

    def running(self, *options):
        """A broker with a request that a worker runs until it is told to go on."""
        broker = self.broker(*options)
        self.worker(broker, "slow", "--exec", f"echo >{self.begun}; cat {self.go_on}")
        request = self.spawn(harness.MIZZEN, "request", "slow", "x", "--broker", broker.endpoint,
                             "--timeout", "20000", "--retries", "0", stderr=None)
        self.begun.read_text()
        return broker, request

    def test_a_broker_told_to_stop_finishes_what_runs_and_takes_nothing_new(self):
        broker, request = self.running()
        broker.send_signal(signal.SIGTERM)
        late = self.request(broker, "slow", "late", "--retries", "0", "--timeout", "20000")
        self.assertEqual((1, b""), (late.returncode, late.stdout))
        self.assertIn(b"about to stop", late.stderr)
        self.go_on.write_text("done")
        self.assertEqual("done", self.line_of(request))
        self.assertEqual(0, self.end_of(request))
        self.assertEqual(0, self.end_of(broker))

    def test_a_second_signal_and_the_limit_stop_a_broker_at_once(self):
        for options, signals in ([], 2), (["--drain-limit", "1"], 1):
            broker, request = self.running(*options)
            broker.send_signal(signal.SIGTERM)
            if signals == 2:
                late = self.request(broker, "slow", "late", "--retries", "0", "--timeout", "20000")
                self.assertIn(b"about to stop", late.stderr)  # it has seen the first
                broker.send_signal(signal.SIGTERM)
            self.assertEqual(0, self.end_of(broker))
            self.assertEqual(1, self.end_of(request))
            self.assertIn("stop", self.log_of(request))
            self.go_on.write_text("done")  # lets the worker end


harness.main()
