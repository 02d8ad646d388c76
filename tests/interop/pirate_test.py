"""Queues, workers and clients of the pirates with plain ones, and what they survive."""

import itertools
import pathlib
import signal
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import raw  # noqa: E402, found by harness

PPP_CZMQ = sys.argv[2] if len(sys.argv) > 2 else "ppp-czmq"
FAST = ("--heartbeat", "100")
KINDS = ("simple", "paranoid")


class Interop(harness.CommandTest):
    def our_queue(self, kind, *options, front="tcp://127.0.0.1:*", back="tcp://127.0.0.1:*"):
        process = self.spawn(harness.MIZZEN, "queue", "--" + kind, "--frontend", front,
                             "--backend", back, *options)
        process.front = self.line_of(process).removeprefix("listening ")
        process.back = self.line_of(process).removeprefix("listening for workers ")
        return process

    def plain_queue(self, *arguments, command=None):
        process = self.spawn(*command) if command else self.peer("pirate.py", "queue", *arguments)
        process.front = self.line_of(process).removeprefix("listening ")
        process.back = self.line_of(process).removeprefix("listening ")
        return process

    def our_worker(self, queue, kind, *options):
        return self.spawn(harness.MIZZEN, "worker", "--" + kind, "--broker", queue.back,
                          "--reconnect-max", "200", *options)

    def plain_worker(self, queue, kind, *options):
        process = self.peer("pirate.py", "worker", kind, queue.back, *options)
        self.assertEqual("ready", self.line_of(process))
        return process

    def czmq_worker(self, queue):
        process = self.spawn(PPP_CZMQ, "worker", queue.back)
        self.assertEqual("ready", self.line_of(process))
        return process

    def ask(self, queue, *options):
        """A plain client, run to its end."""
        client = self.peer("pirate.py", "client", queue.front, *options)
        self.assertEqual(0, self.end_of(client), self.log_of(client))
        return self.line_of(client)

    def lazy(self, *arguments, timeout="300", retries="1000"):
        result = self.run_mizzen("request", "--lazy", "--timeout", timeout, "--retries", retries,
                                 "--total", "25000", *arguments)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        return result.stdout

    def lazy_later(self, queue, body, timeout="300"):
        return self.spawn(harness.MIZZEN, "request", "--lazy", body, "--broker", queue.front,
                          "--timeout", timeout, "--retries", "1000", "--total", "60000")

    def answer_of(self, client):
        line = self.line_of(client)
        self.assertEqual(0, self.end_of(client), self.log_of(client))
        return line


class WithOurQueue(Interop):
    def test_plain_client_and_plain_worker(self):
        for kind in KINDS:
            queue = self.our_queue(kind)
            for _ in range(2):
                self.plain_worker(queue, kind, "--upper", "--parts")
            for options in [], ["--correlate"], ["--parts", "4"], ["--size", "200000", "--parts", "2"]:
                self.assertEqual("50 ok", self.ask(queue, "--count", "50", "--upper", *options))

    def test_a_worker_that_counts_three_frames_serves_clients_with_a_longer_envelope(self):
        queue = self.our_queue("paranoid")
        self.plain_worker(queue, "paranoid", "--upper")
        self.assertEqual("20 ok", self.ask(queue, "--count", "20", "--upper", "--correlate"))
        self.assertEqual(b"HELLO\n", self.lazy("hello", "--tagged", "--broker", queue.front))

    def test_plain_client_and_our_worker(self):
        for kind in KINDS:
            queue = self.our_queue(kind)
            self.our_worker(queue, kind, "--echo")
            self.assertEqual("50 ok", self.ask(queue, "--count", "50", "--parts", "3"))

    def test_workers_that_speak_in_words_get_words(self):
        for kind in KINDS:
            queue = self.our_queue(kind, *FAST)
            self.plain_worker(queue, kind, "--words", *FAST)
            self.our_worker(queue, kind, "--words", "--echo", *FAST)
            self.assertEqual("20 ok", self.ask(queue, "--count", "20"))

    def test_a_czmq_worker(self):
        queue = self.our_queue("paranoid", *FAST)
        self.czmq_worker(queue)
        self.czmq_worker(queue)
        self.assertEqual("50 ok", self.ask(queue, "--count", "50", "--upper"))

    def test_all_start_in_any_order(self):
        for kind in KINDS:
            for order in itertools.permutations(["queue", "worker", "client"]):
                with self.subTest(kind=kind, order=order):
                    self.started_in(order, kind)

    def started_in(self, order, kind):
        queue = self.our_queue(kind, *FAST)  # only to have endpoints
        if order[0] != "queue":
            self.assertEqual(0, self.kill(queue, signal.SIGTERM))
        client = worker = None
        for role in order:
            if role == "client":
                client = self.lazy_later(queue, "x")
            elif role == "worker":
                worker = self.plain_worker(queue, kind, *FAST)
            elif order[0] != "queue":
                queue = self.our_queue(kind, *FAST, front=queue.front, back=queue.back)
        self.assertEqual("x", self.answer_of(client))
        self.kill(worker)
        self.kill(queue, signal.SIGTERM)

    def test_everybody_comes_back_to_a_queue_that_was_killed(self):
        for kind in KINDS:
            queue = self.our_queue(kind, *FAST)
            worker = self.our_worker(queue, kind, "--echo", *FAST)
            self.assertEqual(b"a\n", self.lazy("a", "--broker", queue.front))
            self.kill(queue)
            client = self.lazy_later(queue, "b")
            again = self.our_queue(kind, *FAST, front=queue.front, back=queue.back)
            self.assertEqual("b", self.answer_of(client))
            if kind == "paranoid":  # the Guide's simple worker would not come back
                self.kill(worker)
                self.plain_worker(again, kind, *FAST)
                self.kill(again)
                third = self.our_queue(kind, *FAST, front=queue.front, back=queue.back)
                self.assertEqual(b"c\n", self.lazy("c", "--broker", third.front))

    def test_the_request_of_a_worker_that_is_killed_goes_to_another(self):
        for kind in KINDS:
            queue = self.our_queue(kind)
            worker = self.plain_worker(queue, kind, "--delay", "600")
            client = self.lazy_later(queue, "x", timeout="60000")  # asks once
            self.assertEqual("working", self.line_of(worker))
            self.kill(worker)
            self.plain_worker(queue, kind, "--upper")
            self.assertEqual("X", self.answer_of(client))

    def test_an_idle_worker_that_is_killed_gets_nothing(self):
        for kind in KINDS:
            queue = self.our_queue(kind, "--redeliver", "0")
            worker = self.plain_worker(queue, kind)
            self.assertEqual("1 ok", self.ask(queue))
            self.kill(worker)
            self.plain_worker(queue, kind)
            self.assertEqual("1 ok", self.ask(queue))

    def test_an_idle_worker_that_is_frozen_gets_nothing_and_comes_back(self):
        queue = self.our_queue("paranoid", *FAST, "--redeliver", "0")
        worker = self.plain_worker(queue, "paranoid", *FAST)
        worker.send_signal(signal.SIGSTOP)
        client = self.lazy_later(queue, "x", timeout="1000")  # lost to it, or waits for another
        self.assertEqual(None, client.poll())
        worker.send_signal(signal.SIGCONT)
        self.assertEqual("x", self.answer_of(client))
        self.assertEqual("20 ok", self.ask(queue, "--count", "20"))

    def test_a_frozen_worker_is_replaced_and_its_late_reply_goes_nowhere(self):
        queue = self.our_queue("paranoid", *FAST, "--request-timeout", "500")
        worker = self.plain_worker(queue, "paranoid", "--delay", "0.2", *FAST)
        client = self.lazy_later(queue, "x", timeout="60000")
        self.assertEqual("working", self.line_of(worker))
        worker.send_signal(signal.SIGSTOP)
        other = self.plain_worker(queue, "paranoid", "--upper", *FAST)
        self.assertEqual("X", self.answer_of(client))
        self.kill(other)
        worker.send_signal(signal.SIGCONT)
        self.assertEqual("20 ok", self.ask(queue, "--count", "20"))

    def test_a_job_may_take_longer_than_silence_is_allowed(self):
        queue = self.our_queue("paranoid", *FAST, "--redeliver", "0")
        worker = self.plain_worker(queue, "paranoid", *FAST, "--delay", "1")
        self.assertEqual(b"x\n", self.lazy("x", "--broker", queue.front, timeout="20000",
                                           retries="0"))
        self.kill(worker)
        self.our_worker(queue, "paranoid", *FAST, "--exec", "sleep 1; cat")
        self.assertEqual(b"x\n", self.lazy("x", "--broker", queue.front, timeout="20000",
                                           retries="0"))

    def test_nonsense_from_either_side_harms_nobody(self):
        for kind in KINDS:
            queue = self.our_queue(kind)
            for endpoint in queue.front, queue.back:
                peer = raw.RawPeer.connect(endpoint, harness.PATIENCE)
                self.addCleanup(peer.sock.close)
                peer.handshake(b"DEALER")
                for parts in ([b""], [b"\x01\x01"], [b"\x01", b""], [b"", b"\x01", b"\x01"],
                              [b"x", b"y", b"z"], [b"", b"0" * 16, b""], [b"x"] * 20, [b"", b""],
                              [b"0" * 16, b"", b"unasked"], [b"", b"0" * 16, b"", b"unasked"]):
                    peer.send_message(parts)
            self.plain_worker(queue, kind, "--parts")
            self.assertEqual("20 ok", self.ask(queue, "--count", "20", "--parts", "2"))

    def test_it_finishes_what_it_has_when_it_is_told_to_stop(self):
        for kind in KINDS:
            queue = self.our_queue(kind)
            worker = self.plain_worker(queue, kind, "--delay", "0.3")
            client = self.lazy_later(queue, "x", timeout="60000")
            self.assertEqual("working", self.line_of(worker))
            queue.send_signal(signal.SIGTERM)
            self.assertEqual("x", self.answer_of(client))
            self.assertEqual(0, self.end_of(queue))

    def test_it_stops_when_it_is_told_twice(self):
        queue = self.our_queue("paranoid", "--drain", "600000")
        worker = self.plain_worker(queue, "paranoid", "--delay", "600")
        self.lazy_later(queue, "x", timeout="100")
        self.assertEqual("working", self.line_of(worker))
        queue.send_signal(signal.SIGTERM)
        late = self.run_mizzen("request", "--lazy", "--tagged", "y", "--broker", queue.front)
        self.assertEqual(1, late.returncode)  # so it knows
        self.assertIn(b"about to stop", late.stderr)
        self.assertEqual(0, self.kill(queue, signal.SIGTERM))
        self.kill(worker)
        for process in self.started:
            if process.poll() is None:
                self.kill(process)


    def job_at(self, queue, kind, *options, line):
        """Our worker, in a job: its process, the job's client and what the job wrote first."""
        started = self.fifo("started")
        worker = self.our_worker(queue, kind, "--exec", line.format(started=started), *options)
        client = self.lazy_later(queue, "x", timeout="60000")  # asks once
        return worker, client, started.read_text()

    def test_our_worker_finishes_its_job_when_it_is_told_to_stop(self):
        for kind in KINDS:
            queue = self.our_queue(kind, "--redeliver", "0")
            go = self.fifo("go")
            worker, client, _ = self.job_at(
                queue, kind, line="echo x > '{started}'; head -n 1 '%s'" % go)
            worker.send_signal(signal.SIGTERM)
            self.tell(go, "done")
            self.assertEqual("done", self.answer_of(client))
            self.assertEqual(0, self.end_of(worker))
            self.our_worker(queue, kind, "--echo")
            self.assertEqual(b"y\n", self.lazy("y", "--broker", queue.front))

    def test_our_worker_leaves_its_job_when_it_is_told_twice_or_has_no_time(self):
        for kind in KINDS:
            for options, numbers in ((["--drain", "600000"], [signal.SIGTERM, signal.SIGINT]),
                                     (["--drain", "1"], [signal.SIGTERM]),
                                     (["--drain", "0"], [signal.SIGINT])):
                with self.subTest(kind=kind, options=options):
                    queue = self.our_queue(kind)
                    worker, client, pid = self.job_at(
                        queue, kind, *options, line="echo $$ > '{started}'; sleep 600")
                    for number in numbers:
                        worker.send_signal(number)
                    self.assertEqual(0, self.end_of(worker))
                    self.assertTrue(harness.gone(int(pid)))
                    self.our_worker(queue, kind, "--echo")
                    self.assertEqual("x", self.answer_of(client))


class WithAPlainQueue(Interop):
    def test_our_client_and_our_worker(self):
        for kind in KINDS:
            for words in [], ["--words"]:
                queue = self.plain_queue(kind, *FAST, *words)
                self.our_worker(queue, kind, "--exec", "tr a-z A-Z", *FAST, *words)
                self.assertEqual(b"HELLO\n", self.lazy("hello", "--broker", queue.front))

    def test_our_worker_serves_a_plain_client(self):
        for kind in KINDS:
            queue = self.plain_queue(kind, *FAST)
            self.our_worker(queue, kind, "--echo", *FAST)
            self.assertEqual("50 ok", self.ask(queue, "--count", "50", "--parts", "3"))

    def test_our_client_is_served_by_a_plain_worker(self):
        for kind in KINDS:
            queue = self.plain_queue(kind, *FAST)
            self.plain_worker(queue, kind, "--upper", *FAST)
            self.assertEqual(b"HELLO\n", self.lazy("hello", "--broker", queue.front))

    def test_a_long_job_is_given_to_our_worker_once(self):
        queue = self.plain_queue("paranoid", *FAST)
        runs = self.folder / "runs"
        self.our_worker(queue, "paranoid", *FAST, "--exec", f"echo run >> '{runs}'; sleep 1; cat")
        self.assertEqual(b"x\n", self.lazy("x", "--broker", queue.front, timeout="20000"))
        self.assertEqual("run\n", runs.read_text())

    def test_our_worker_comes_back_to_a_queue_that_was_killed(self):
        for kind in KINDS:  # the simple one as well, unlike the Guide's
            queue = self.plain_queue(kind, *FAST)
            self.our_worker(queue, kind, "--echo", *FAST)
            self.assertEqual(b"a\n", self.lazy("a", "--broker", queue.front))
            self.kill(queue)
            again = self.plain_queue(kind, *FAST, "--front", queue.front, "--back", queue.back)
            self.assertEqual(b"b\n", self.lazy("b", "--broker", again.front))

    def test_after_a_failure_our_worker_comes_back(self):
        queue = self.plain_queue("paranoid", *FAST)
        self.our_worker(queue, "paranoid", *FAST, "--exec", "grep good")
        result = self.run_mizzen("request", "--lazy", "bad", "--broker", queue.front, "--timeout",
                                 "300", "--retries", "0")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"abandoned", result.stderr)
        self.assertEqual(b"good\n", self.lazy("good", "--broker", queue.front))
        told = self.run_mizzen("request", "--lazy", "bad", "--tagged", "--broker", queue.front)
        self.assertIn(b"handler failed", told.stderr)  # by the tag, past a queue that knows none

    def test_czmq_queue(self):
        queue = self.plain_queue(command=[PPP_CZMQ, "queue"])
        self.our_worker(queue, "paranoid", "--echo", *FAST)
        self.assertEqual("50 ok", self.ask(queue, "--count", "50", "--parts", "3"))
        self.assertEqual(b"x\n", self.lazy("x", "--tagged", "--broker", queue.front))


class Lazy(Interop):
    def test_one_server_after_the_other_is_asked(self):
        silent = self.plain_queue("simple")  # has no worker
        alive = self.plain_queue("simple")
        self.plain_worker(alive, "simple", "--upper")
        self.assertEqual(b"X\n", self.lazy("x", "--broker", silent.front, "--broker", alive.front))

    def test_a_request_without_a_reply_is_abandoned(self):
        silent = self.plain_queue("simple")
        for options in ["--retries", "1", "--timeout", "50"], ["--total", "100"]:
            result = self.run_mizzen("request", "--lazy", "x", "--broker", silent.front, *options)
            self.assertEqual((1, b""), (result.returncode, result.stdout))
            self.assertIn(b"abandoned", result.stderr)

    def test_what_makes_no_sense_is_a_matter_of_usage(self):
        for arguments in (["request", "--lazy", "x", "--broker", "nowhere"],
                          ["request", "--lazy", "service", "body"], ["request"],
                          ["worker", "--simple", "--paranoid", "--echo"], ["worker", "--echo"],
                          ["worker", "--simple", "service", "--echo"], ["worker", "--simple"],
                          ["worker", "--paranoid", "--echo", "--broker", "nowhere"],
                          ["queue"], ["queue", "--simple", "--paranoid"],
                          ["queue", "--simple", "--frontend", "nowhere"],
                          ["queue", "--paranoid", "--heartbeat", "1"]):
            result = self.run_mizzen(*arguments)
            self.assertEqual(2, result.returncode, arguments)
            self.assertNotEqual(b"", result.stderr, arguments)


unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
