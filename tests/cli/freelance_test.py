"""`mizzen freelance`: servers and clients of each model, and what they make of bad input."""

import signal
import socket
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402

MODELS = ("1", "2", "3")
ANY = "tcp://127.0.0.1:*"


class Base(harness.CommandTest):
    def server(self, model, *options, bind=ANY):
        process = self.spawn(harness.MIZZEN, "freelance", "server", "--model", model, "--bind", bind,
                             *options)
        word, _, process.endpoint = self.line_of(process).partition(" ")
        self.assertEqual("listening", word, self.log_of(process))
        return process

    def ask(self, model, endpoints, *options, **stdin):
        servers = [word for each in endpoints for word in ("--server", each)]
        return self.run_mizzen("freelance", "request", "--model", model, *servers, *options, **stdin)

    def answer(self, model, endpoints, *options, **stdin):
        result = self.ask(model, endpoints, *options, **stdin)
        self.assertEqual((0, b""), (result.returncode, result.stderr), model)
        return result.stdout

    def dead_endpoint(self):
        """One where nobody will listen before the test is over."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{taken.getsockname()[1]}"


class Freelance(Base):
    def test_a_request_is_answered_in_each_model(self):
        for model in MODELS:
            server = self.server(model, "--exec", "tr a-z A-Z")
            self.assertEqual(b"HELLO\n", self.answer(model, [server.endpoint], "hello"))
            self.assertEqual(b"STDIN\n", self.answer(model, [server.endpoint], stdin=b"stdin"))
            self.assertEqual(b"\n", self.answer(model, [server.endpoint], stdin=b""))

    def test_model_3_is_what_it_speaks_when_it_is_not_told(self):
        process = self.spawn(harness.MIZZEN, "freelance", "server", "--bind", ANY, "--echo")
        endpoint = self.line_of(process).removeprefix("listening ")
        self.assertEqual(b"x\n", self.answer("3", [endpoint], "x"))

    def test_repeated_requests_are_all_answered(self):
        for model in MODELS:
            servers = [self.server(model, "--echo").endpoint for _ in range(3)]
            self.assertEqual(b"x\n" * 50, self.answer(model, servers, "x", "--repeat", "50"))

    def test_dead_servers_are_passed_over(self):
        for model in MODELS:
            alive = self.server(model, *harness.hashing()).endpoint
            servers = [self.dead_endpoint(), alive, self.dead_endpoint()]
            self.assertEqual(3 * 65, len(self.answer(model, servers, "x", "--repeat", "3")))

    def test_without_a_server_that_lives_it_says_so_in_time(self):
        for model in MODELS:
            result = self.ask(model, [self.dead_endpoint()], "x", "--timeout", "100")
            self.assertEqual((1, b""), (result.returncode, result.stdout))
            self.assertIn(b"freelance: ", result.stderr)

    def test_a_request_that_is_not_answered_does_not_keep_the_later_ones(self):
        result = self.ask("3", [self.dead_endpoint()], "x", "--timeout", "50", "--repeat", "3")
        self.assertEqual(1, result.returncode)
        self.assertEqual(3, len(result.stderr.splitlines()))

    def test_another_server_is_asked_when_the_first_one_is_slow(self):
        started = self.fifo("started")
        slow = self.server("3", "--exec", f"echo > '{started}'; sleep 600").endpoint
        quick = self.server("3", "--exec", "echo quick").endpoint
        alone = self.spawn(harness.MIZZEN, "freelance", "request", "x", "--server", slow,
                           "--timeout", "60000")
        started.read_text()  # nothing further is run there
        self.assertEqual(b"quick\n", self.answer("3", [slow, quick], "x", "--another-after", "10",
                                                 "--timeout", "30000"))
        self.assertEqual(1, self.kill(alone, signal.SIGTERM))

    def test_options_of_model_3_do_what_they_say(self):
        servers = [self.server("3", "--echo").endpoint for _ in range(2)]
        self.assertEqual(b"x\n" * 100,
                         self.answer("3", servers, "x", "--repeat", "100", "--hedge", "--prefer",
                                     "latency", "--another-after", "0"))

    def test_a_command_that_fails_is_told_in_model_3(self):
        for work, reason in [("exit 3", b"the command ended with status 3"),
                             ("kill -KILL $$", b"killed by signal 9")]:
            server = self.server("3", "--exec", work)
            result = self.ask("3", [server.endpoint], "x")
            self.assertEqual((1, b""), (result.returncode, result.stdout))
            self.assertIn(reason, result.stderr)
        slow = self.server("3", "--exec", "sleep 600", "--timeout", "50")
        self.assertIn(b"took longer than 50 ms", self.ask("3", [slow.endpoint], "x").stderr)

    def test_a_command_that_fails_is_silence_in_models_1_and_2(self):
        for model in "1", "2":
            server = self.server(model, "--exec", "exit 3")
            result = self.ask(model, [server.endpoint], "x", "--timeout", "300")
            self.assertEqual((1, b""), (result.returncode, result.stdout))

    def test_sigterm_ends_a_server_and_the_command_that_it_runs(self):
        for model in MODELS:
            started = self.fifo("started")
            server = self.server(model, "--exec", f"sleep 600 & echo $! > '{started}'; wait")
            client = self.spawn(harness.MIZZEN, "freelance", "request", "x", "--model", model,
                                "--server", server.endpoint, "--timeout", "60000")
            left = int(started.read_text())
            self.assertEqual(0, self.kill(server, signal.SIGTERM), self.log_of(server))
            self.assertTrue(harness.gone(left))
            self.assertEqual(1, self.kill(client, signal.SIGTERM))
            self.assertIn("stopped", self.log_of(client))

    def test_a_large_body_goes_both_ways(self):
        body = b"0123456789abcdef" * 200_000
        for model in MODELS:
            server = self.server(model, "--echo")
            self.assertEqual(body + b"\n", self.answer(model, [server.endpoint], stdin=body))


class Usage(Base):
    def refused(self, *arguments):
        result = self.run_mizzen("freelance", *arguments)
        self.assertEqual((2, b""), (result.returncode, result.stdout), arguments)
        self.assertNotEqual(b"", result.stderr)
        return result.stderr

    def test_what_makes_no_sense_is_a_usage_error(self):
        good = ("request", "x", "--server", "tcp://127.0.0.1:1")
        for arguments in [
                (), ("nonsense",), ("request", "x"), ("server",), ("server", "--echo", "--sha256"),
                ("server", "--exec", "cat", "--model", "4"), ("server", "--exec", "cat", "--jobs", "0"),
                ("server", "--echo", "--model", "2", "--name", "tcp://a:1"),
                (*good, "--model", "0"), (*good, "--timeout", "0"), (*good, "--repeat", "0"),
                (*good, "--another-after", "-1"), (*good, "--prefer", "luck"), (*good, "y"),
                (*good, "--model", "1", "--hedge"), (*good, "--model", "2", "--prefer", "order"),
                (*good, "--model", "2", "--another-after", "5")]:
            with self.subTest(arguments=arguments):
                self.refused(*arguments)

    def test_endpoints_that_cannot_be_used_are_named(self):
        for model in MODELS:
            result = self.ask(model, ["tcp://127.0.0.1"], "x")
            self.assertNotEqual(0, result.returncode)
            self.assertIn(b"tcp://127.0.0.1", result.stderr)
            taken = self.server(model, "--echo").endpoint
            result = self.run_mizzen("freelance", "server", "--echo", "--model", model, "--bind",
                                     taken)
            self.assertNotEqual(0, result.returncode)
            self.assertIn(taken.encode(), result.stderr)


harness.main()
