"""`mizzen worker`: what a command's run leads to, and what it leaves behind: nothing."""

import os
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402


class Exec(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.node = self.broker()

    def failure(self, service, *options):
        result = self.request(self.node, service, "x", *options)
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        return result.stderr.decode()

    def test_the_body_is_the_commands_input_and_its_output_the_reply(self):
        self.worker(self.node, "upper", "--exec", "tr a-z A-Z")
        self.assertEqual(b"HELLO\n", self.reply(self.node, "upper", "hello"))
        self.assertEqual(b"FROM STDIN\n", self.reply(self.node, "upper", stdin=b"from stdin"))

    def test_a_large_body_goes_both_ways_unchanged(self):
        self.worker(self.node, "cat", "--exec", "cat")
        body = os.urandom(3_000_000) + b"\n"
        self.assertEqual(body, self.reply(self.node, "cat", stdin=body))

    def test_a_command_need_not_read_its_input(self):
        self.worker(self.node, "deaf", "--exec", "echo here")
        self.assertEqual(b"here\n", self.reply(self.node, "deaf", stdin=b"x" * 1_000_000))

    def test_a_status_other_than_0_is_a_failure_that_the_client_is_told_of(self):
        self.worker(self.node, "bad", "--exec", "cat; exit 3")
        self.assertIn("the command ended with status 3", self.failure("bad"))
        self.assertIn("the command ended with status 3", self.failure("bad"))

    def test_a_signal_is_a_failure_that_the_client_is_told_of(self):
        self.worker(self.node, "dying", "--exec", "kill -KILL $$")
        self.assertIn("killed by signal 9", self.failure("dying"))

    def test_a_command_that_takes_too_long_is_killed(self):
        self.worker(self.node, "slow", "--exec", "sleep 600", "--timeout", "100")
        self.assertIn("took longer than 100 ms", self.failure("slow"))

    def test_a_command_that_writes_too_much_is_killed(self):
        self.worker(self.node, "yes", "--exec", "yes", "--output-limit", "1000")
        self.assertIn("wrote more than 1000 octets", self.failure("yes"))

    def test_a_reply_does_not_wait_for_what_the_command_left_running(self):
        self.worker(self.node, "forks", "--exec", "sleep 600 & echo $!")
        left = int(self.reply(self.node, "forks", "x", "--timeout", "20000"))
        self.assertTrue(harness.gone(left))

    def test_many_runs_leave_no_descriptor_and_no_process(self):
        worker = self.worker(self.node, "true", "--exec", "cat")
        facts = pathlib.Path("/proc") / str(worker.pid)
        self.reply(self.node, "true", "x")
        before = len(list((facts / "fd").iterdir()))
        paths = []
        for number in range(100):
            paths.append(self.folder / str(number))
            paths[-1].write_text(str(number))
        self.reply(self.node, "true", "--files-from", "-", "--outstanding", "8",
                   stdin="\n".join(map(str, paths)).encode())
        self.assertEqual(before, len(list((facts / "fd").iterdir())))
        children = facts / "task" / str(worker.pid) / "children"
        self.assertEqual("", children.read_text())

    def test_a_worker_that_is_told_to_stop_kills_its_command_with_all_it_started(self):
        started = self.fifo("started")
        worker = self.worker(self.node, "long", "--exec",
                             f"sleep 600 & echo $! $$ > '{started}'; wait", "--drain", "0")
        client = self.spawn(harness.MIZZEN, "request", "long", "x", "--broker",
                            self.node.endpoint, "--timeout", "60000")
        pids = [int(pid) for pid in started.read_text().split()]
        self.assertEqual(0, self.kill(worker, signal.SIGTERM))
        for pid in pids:
            self.assertTrue(harness.gone(pid))
        self.kill(client)

    def test_a_worker_that_is_told_to_stop_finishes_what_it_has(self):
        started, go = self.fifo("started"), self.fifo("go")
        worker = self.worker(self.node, "slow", "--exec",
                             f"echo x > '{started}'; head -n 1 '{go}'")
        client = self.spawn(harness.MIZZEN, "request", "slow", "x", "--broker",
                            self.node.endpoint, "--timeout", "60000")
        started.read_text()
        worker.send_signal(signal.SIGTERM)
        self.tell(go, "done")
        self.assertEqual("done", self.line_of(client))
        self.assertEqual(0, self.end_of(worker))
        self.wait_for_service(self.node, "slow", b"404")

    def test_a_second_signal_does_not_wait(self):
        started = self.fifo("started")
        worker = self.worker(self.node, "long", "--exec", f"echo $$ > '{started}'; sleep 600",
                             "--drain", "600000")
        client = self.spawn(harness.MIZZEN, "request", "long", "x", "--broker",
                            self.node.endpoint, "--timeout", "60000")
        pid = int(started.read_text())
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.kill(worker, signal.SIGINT))
        self.assertTrue(harness.gone(pid))
        self.kill(client)

    def test_jobs_are_as_many_processes_at_a_time(self):
        started, go = self.fifo("started"), self.fifo("go")
        # The three that are to be there wait for what never comes.
        self.worker(self.node, "meet", "--jobs", "3", "--exec",
                    f"echo x > '{started}'; cat '{go}'", "--drain", "0")
        client = self.spawn(harness.MIZZEN, "request", "meet", "x", "--repeat", "3", "--parallel",
                            "3", "--timeout", "60000", "--broker", self.node.endpoint)
        met = 0
        while met < 3:
            met += len(started.read_text().split())
        self.kill(client, signal.SIGTERM)

    def test_a_worker_serves_several_brokers(self):
        other = self.broker()
        self.worker(self.node, "echo", "--echo", "--broker", other.endpoint)
        self.wait_for_service(other, "echo")
        self.assertEqual(b"a\n", self.reply(self.node, "echo", "a"))
        self.assertEqual(b"b\n", self.reply(other, "echo", "b"))

    def test_bad_options_are_a_matter_of_usage(self):
        for options in (["--jobs", "0"], ["--jobs", "x"], ["--protocol", "0.3"], ["--drain", "-1"],
                        ["--broker", "nonsense"]):
            result = self.run_mizzen("worker", "s", "--echo", *options)
            self.assertEqual((2, b""), (result.returncode, result.stdout), options)
            self.assertTrue(result.stderr, options)

    def test_a_request_whose_worker_is_killed_goes_to_another(self):
        started = self.fifo("started")
        worker = self.worker(self.node, "frail", "--exec",
                             f"echo x > '{started}'; exec sleep 600")
        client = self.spawn(harness.MIZZEN, "request", "frail", "body", "--broker",
                            self.node.endpoint, "--timeout", "60000", "--retries", "0")
        started.read_text()
        self.kill(worker)
        self.wait_for_service(self.node, "frail", b"404")
        self.worker(self.node, "frail", "--exec", "cat; echo ' by the second'")
        self.assertEqual("body by the second", self.line_of(client))
        self.assertEqual(0, self.end_of(client))

    def test_a_request_that_costs_every_worker_its_life_is_given_up(self):
        broker = self.broker("--redeliver", "0")
        started = self.fifo("started")
        worker = self.worker(broker, "fatal", "--exec", f"echo x > '{started}'; exec sleep 600")
        client = self.spawn(harness.MIZZEN, "request", "fatal", "x", "--broker", broker.endpoint,
                            "--timeout", "60000", "--retries", "0")
        started.read_text()
        self.kill(worker)
        self.assertEqual(1, self.end_of(client))
        self.assertIn("went away", self.log_of(client))


class Others(harness.CommandTest):
    def test_echo_gives_the_body_back(self):
        broker = self.broker()
        self.worker(broker, "echo", "--echo")
        self.assertEqual(b"same\n", self.reply(broker, "echo", "same"))

    def test_it_stops_with_status_0_without_a_broker(self):
        for number in signal.SIGTERM, signal.SIGINT:
            broker = self.broker()
            worker = self.worker(broker, "echo", "--echo")
            self.kill(broker)
            self.assertEqual(0, self.kill(worker, number))

    def test_a_worker_that_stops_is_known_to_be_gone(self):
        broker = self.broker()
        worker = self.worker(broker, "echo", "--echo")
        self.assertEqual(0, self.kill(worker, signal.SIGTERM))
        self.wait_for_service(broker, "echo", b"404")


harness.main()
