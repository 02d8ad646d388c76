"""`mizzen request`: one request, and one for each of many files."""

import hashlib
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402


class One(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.node = self.broker()

    def test_the_body_is_an_argument_or_stdin(self):
        self.worker(self.node, "echo", "--echo")
        self.assertEqual(b"argument\n", self.reply(self.node, "echo", "argument"))
        self.assertEqual(b"stdin\n", self.reply(self.node, "echo", "-", stdin=b"stdin"))
        self.assertEqual(b"stdin\n", self.reply(self.node, "echo", stdin=b"stdin\n"))
        self.assertEqual(b"\n", self.reply(self.node, "echo", stdin=b""))

    def test_each_part_of_a_reply_is_a_line(self):
        self.assertEqual(b"200\nM1\n", self.reply(self.node, "mmi.broker")[:7])
        self.assertEqual(b"404\n", self.reply(self.node, "mmi.service", "nobody"))
        self.assertEqual(b"501\n", self.reply(self.node, "mmi.nonsense", "x"))

    def test_without_a_worker_it_says_that_time_is_over(self):
        result = self.request(self.node, "nobody", "x", "--timeout", "50", "--retries", "1")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"nobody: ", result.stderr)

    def test_without_a_broker_it_says_that_no_reply_came(self):
        self.kill(self.node)
        result = self.request(self.node, "echo", "x", "--timeout", "50", "--retries", "1")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"no reply in time", result.stderr)

    def test_a_lazy_request_is_sent_as_often_as_it_is_told_to(self):
        server = self.spawn(harness.MIZZEN, "freelance", "server", "--model", "1", "--echo", "--bind",
                            "tcp://127.0.0.1:*")
        endpoint = self.line_of(server).removeprefix("listening ")
        result = self.run_mizzen("request", "--lazy", "x", "--broker", endpoint, "--repeat", "3")
        self.assertEqual((0, b"x\nx\nx\n"), (result.returncode, result.stdout), result.stderr)

    def test_a_signal_ends_it_with_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            mute.settimeout(harness.PATIENCE)
            client = self.spawn(harness.MIZZEN, "request", "s", "x", "--broker",
                                f"tcp://127.0.0.1:{mute.getsockname()[1]}", "--timeout", "60000")
            connection, _ = mute.accept()
            with connection:
                self.assertEqual(1, self.kill(client, signal.SIGTERM))
        self.assertIn("interrupted", self.log_of(client))

    def test_a_reply_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [harness.MIZZEN, "request", "mmi.broker", "x", "--broker", self.node.endpoint],
                stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, check=False,
                timeout=harness.PATIENCE)
        self.assertEqual(1, result.returncode)
        self.assertIn(b"stdout", result.stderr)


class Repeated(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.node = self.broker()

    def test_replies_are_on_stdout_and_what_they_took_on_stderr(self):
        self.worker(self.node, "echo", "--echo", "--jobs", "8")
        result = self.request(self.node, "echo", "x", "--repeat", "500", "--parallel", "50")
        self.assertEqual((0, b"x\n" * 500), (result.returncode, result.stdout))
        self.assertRegex(result.stderr, rb"^500 replies, 0 failed, 0 sent again, in [0-9.]+ s: \d+ "
                                        rb"requests/s\nmilliseconds: p50 [0-9.]+, p90 [0-9.]+, "
                                        rb"p99 [0-9.]+, most [0-9.]+\n$")
        result = self.request(self.node, "echo", "x", "--repeat", "50", "--quiet")
        self.assertEqual((0, b""), (result.returncode, result.stdout))
        self.assertIn(b"50 replies", result.stderr)

    def test_what_fails_is_counted_and_told_for_the_first_ones(self):
        self.worker(self.node, "bad", "--exec", "exit 3")
        result = self.request(self.node, "bad", "x", "--repeat", "30", "--parallel", "4")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"0 replies, 30 failed", result.stderr)
        self.assertEqual(10, result.stderr.count(b"status 3"))

    def test_progress_is_counted_when_wanted(self):
        self.worker(self.node, "echo", "--echo")
        result = self.request(self.node, "echo", "x", "--repeat", "5", "--progress")
        self.assertEqual(b"x\n" * 5, result.stdout)
        self.assertIn(b"\r5 of 5 replies, 0 failed\n", result.stderr)

    def test_of_several_brokers_one_that_lives_answers(self):
        lives = self.broker()
        self.worker(lives, "echo", "--echo")
        self.kill(self.node)
        self.assertEqual(b"x\n", self.reply(self.node, "echo", "x", "--broker", lives.endpoint))

    def test_a_broker_that_is_killed_between_replies_is_replaced_by_the_next(self):
        other = self.broker()
        for broker in self.node, other:
            self.worker(broker, "echo", "--echo")
        client = self.spawn(harness.MIZZEN, "request", "echo", "x", "--repeat", "2000",
                            "--broker", self.node.endpoint, "--broker", other.endpoint)
        for _ in range(100):
            self.assertEqual("x", self.line_of(client))
        self.kill(self.node)
        rest = client.stdout.read()  # it is unbuffered: all there is until the end
        self.assertEqual(b"x\n" * 1900, rest)
        self.assertEqual(0, self.end_of(client))

    def test_bad_options_are_a_matter_of_usage(self):
        for options in (["--repeat", "0"], ["--parallel", "0"], ["--deadline", "-1"],
                        ["--protocol", "1"], ["--broker", "nonsense"],
                        ["--repeat", "2", "--files-from", "-"]):
            result = self.run_mizzen("request", "s", *options, stdin=b"x")
            self.assertEqual((2, b""), (result.returncode, result.stdout), options)
            self.assertTrue(result.stderr, options)


class Files(harness.CommandTest):
    NAMES = [b"plain", b"with space", b"new\nline", b"back\\slash", b"\\n", b"-dash", b"\xff\xfe",
             b"cr\rcr", "ümlaut".encode(), b"empty"]

    def setUp(self):
        super().setUp()
        self.node = self.broker()
        self.worker(self.node, "sha256", *harness.hashing())
        self.worker(self.node, "sha256", "--exec", "sha256sum | cut -c 1-64")
        for name in self.NAMES:
            with open(self.path(name), "wb") as file:
                file.write(name * 1000 if name != b"empty" else b"")

    def path(self, name):
        return os.path.join(os.fsencode(self.folder), name)

    def files(self, paths, separator, *options):
        return self.request(self.node, "sha256", "--files-from", "-", *options,
                            stdin=separator.join(paths) + separator)

    def test_lines_are_those_of_sha256sum_whatever_the_names(self):
        paths = [self.path(name) for name in self.NAMES]
        result = self.files(paths, b"\0")
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        check = subprocess.run(["sha256sum", "--check", "--strict"], input=result.stdout,
                               capture_output=True, check=False)
        self.assertEqual((0, b""), (check.returncode, check.stderr))
        self.assertEqual(len(paths), len(result.stdout.splitlines()) - result.stdout.count(b"\r"))

    def test_paths_may_be_lines(self):
        result = self.files([self.path(b"plain"), self.path(b"with space")], b"\n")
        self.assertEqual(0, result.returncode)
        self.assertEqual(2, len(result.stdout.splitlines()))

    def test_what_cannot_be_read_is_said_and_the_rest_is_done(self):
        os.mkfifo(self.path(b"fifo"))
        paths = [self.path(b"plain"), self.path(b"absent"), b"/", self.path(b"fifo"),
                 self.path(b"empty")]
        result = self.files(paths, b"\n", "--outstanding", "1")
        self.assertEqual(1, result.returncode)
        self.assertEqual(2, len(result.stdout.splitlines()))
        for name in b"absent: No such file", b"/: Is a directory", b"fifo: ":
            self.assertIn(name, result.stderr)

    def test_no_files_are_no_work(self):
        result = self.files([], b"")
        self.assertEqual((0, b"", b""), (result.returncode, result.stdout, result.stderr))

    def test_progress_is_counted_on_stderr(self):
        result = self.files([self.path(b"plain")], b"\n", "--progress")
        self.assertTrue(result.stderr.endswith(b"\r1 done, 0 failed\n"), result.stderr)

    def test_a_file_larger_than_every_queue_gets_through(self):
        path = self.path(b"large")
        with open(path, "wb") as file:
            file.truncate(150_000_000)
        result = self.files([path, self.path(b"plain")], b"\n", "--timeout", "50000")
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        expected = hashlib.sha256(bytes(150_000_000)).hexdigest().encode() + b"  " + path
        self.assertIn(expected, result.stdout.splitlines())


harness.main()
