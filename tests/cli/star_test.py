"""`mizzen star`: a pair of processes, one of which is killed, stopped, or told to hand over."""

import concurrent.futures
import os
import select
import signal
import sys
import threading
import time
from uuid import uuid4

sys.dont_write_bytecode = True
import harness  # noqa: E402
import tsp  # noqa: E402, found by harness

HEARTBEAT, TIMEOUT = 100, 1000  # ms: a loaded machine should not lose a peer that lives


class Star(harness.CommandTest):
    def endpoint(self, name):
        return f"ipc://{self.folder}/{name}"

    def half(self, role, *options, job=("--echo",), timeout=TIMEOUT):
        """One half, whose endpoints the other knows before it is there."""
        other = "backup" if role == "primary" else "primary"
        process = self.spawn(
            harness.MIZZEN, "star", role, "--bind", self.endpoint(role),
            "--publish", self.endpoint(role + "-link"), "--peer", self.endpoint(other + "-link"),
            "--control", self.endpoint(role + "-control"), "--heartbeat", str(HEARTBEAT),
            "--peer-timeout", str(timeout), *job, *options)
        for words in "listening ", "listening for the peer ", "listening for control ":
            self.assertTrue(self.line_of(process).startswith(words + "ipc://"),
                            self.log_of(process))
        return process

    def pair(self, *options, job=lambda role: ("--exec", f"cat; echo ' by {role}'")):
        primary = self.half("primary", *options, job=job("primary"))
        backup = self.half("backup", *options, job=job("backup"))
        self.wait_for("primary", "state", "active")
        self.wait_for("primary", "peer", "passive")
        return primary, backup

    def status(self, *roles):
        return self.run_mizzen("star", "status", *(word for role in roles for word in
                                                   ("--control", self.endpoint(role + "-control"))))

    def facts(self, role):
        result = self.status(role)
        self.assertEqual(0, result.returncode, result.stderr)
        return dict(line.split(" ", 1) for line in result.stdout.decode().splitlines())

    def wait_for(self, role, name, value):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            if self.facts(role)[name] == value:
                return
        self.fail(f"{role} never has {name} {value}: {self.facts(role)}")

    def ask(self, body, first="primary", second="backup", *options):
        result = self.run_mizzen(
            "request", "--lazy", body, "--broker", self.endpoint(first), "--broker",
            self.endpoint(second), "--timeout", "1000", "--settle", str(TIMEOUT), "--retries", "20",
            *options)
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout.decode().rstrip("\n")

    def switch(self, role, timeout="15000"):
        return self.run_mizzen("star", "switch", "--control", self.endpoint(role + "-control"),
                               "--timeout", timeout)

    def test_the_backup_serves_once_the_primary_is_killed_and_a_client_asks(self):
        primary, _ = self.pair()
        self.assertEqual("a by primary", self.ask("a"))
        self.kill(primary)
        self.wait_for("backup", "peer", "silent")
        self.assertEqual("passive", self.facts("backup")["state"])  # nobody asked it
        self.assertEqual("b by backup", self.ask("b"))
        self.assertEqual("active", self.facts("backup")["state"])

    def test_a_primary_that_comes_back_stands_by(self):
        primary, _ = self.pair()
        self.kill(primary)
        self.assertEqual("a by backup", self.ask("a"))
        self.half("primary")
        self.wait_for("primary", "state", "passive")
        self.assertEqual("b by backup", self.ask("b"))

    def test_a_primary_that_was_stopped_finds_the_backup_active_and_stands_by(self):
        primary, _ = self.pair()
        primary.send_signal(signal.SIGSTOP)
        self.assertEqual("a by backup", self.ask("a"))
        primary.send_signal(signal.SIGCONT)
        self.wait_for("primary", "state", "passive")
        self.assertEqual("active", self.facts("backup")["state"])
        self.assertEqual("b by backup", self.ask("b"))

    def test_a_switch_hands_over_and_can_be_switched_back(self):
        self.pair()
        for giver, taker in ("primary", "backup"), ("backup", "primary"):
            result = self.switch(giver)
            self.assertEqual((0, b"switched\n", b""),
                             (result.returncode, result.stdout, result.stderr))
            self.wait_for(taker, "state", "active")
            self.wait_for(giver, "state", "passive")
            self.assertEqual(f"x by {taker}", self.ask("x"))
            self.wait_for(taker, "peer", "passive")

    def test_a_switch_waits_for_the_request_that_is_at_work(self):
        started, go = self.fifo("started"), self.fifo("go")
        self.pair(job=lambda role: ("--exec", f"echo x > '{started}'; head -n 1 '{go}'"))
        client = self.spawn(harness.MIZZEN, "request", "--lazy", "x", "--broker",
                            self.endpoint("primary"), "--timeout", "60000", "--retries", "0")
        started.read_text()
        switches = [self.spawn(harness.MIZZEN, "star", "switch", "--control",
                               self.endpoint("primary-control")) for _ in range(2)]
        ended = select.select([each.stdout for each in switches], [], [], harness.PATIENCE)[0]
        self.assertEqual(1, len(ended))  # whichever came second; the other one is at it
        refused, command = sorted(switches, key=lambda each: each.stdout not in ended)
        self.assertEqual(1, self.end_of(refused))
        self.assertIn("goes on already", self.log_of(refused))
        self.assertIsNone(command.poll())
        self.tell(go, "done")
        self.assertEqual("done", self.line_of(client))
        self.assertEqual("switched", self.line_of(command))
        self.assertEqual([0, 0], [self.end_of(client), self.end_of(command)])

    def test_a_switch_needs_an_active_half_and_a_peer(self):
        primary, _ = self.pair()
        result = self.switch("backup")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.assertIn(b"not active", result.stderr)
        self.kill(primary)
        self.assertEqual("x by backup", self.ask("x"))
        result = self.switch("backup")
        self.assertEqual(1, result.returncode)
        self.assertIn(b"peer is not there", result.stderr)
        self.assertEqual("y by backup", self.ask("y"))

    def test_an_active_half_that_is_told_to_stop_hands_over_first(self):
        primary, _ = self.pair()
        self.assertEqual(0, self.kill(primary, signal.SIGTERM))
        self.wait_for("backup", "state", "active")  # without a vote

    def test_the_fence_decides_whether_the_backup_takes_over(self):
        gate, tries = self.folder / "gate", self.folder / "tries"
        fence = f"cat >> '{tries}'; echo >> '{tries}'; test -e '{gate}'"
        primary = self.half("primary")
        self.half("backup", "--fence", fence)
        self.wait_for("primary", "peer", "passive")
        self.kill(primary)
        client = self.spawn(
            harness.MIZZEN, "request", "--lazy", "x", "--broker", self.endpoint("backup"),
            "--timeout", "1000", "--retries", "1000")
        while not tries.exists() or tries.read_text().count("\n") < 2:
            self.assertIsNone(client.poll())
            self.assertEqual("passive", self.facts("backup")["state"])
        self.assertEqual({"peer-silent"}, set(tries.read_text().split()))
        gate.touch()
        self.assertEqual("x", self.line_of(client))
        self.assertEqual(0, self.end_of(client))
        self.assertEqual("active", self.facts("backup")["state"])

    def test_a_lone_backup_serves_only_if_it_may(self):
        self.half("backup")
        result = self.run_mizzen("request", "--lazy", "x", "--broker", self.endpoint("backup"),
                                 "--timeout", str(2 * TIMEOUT), "--retries", "1")
        self.assertEqual(1, result.returncode)
        self.assertEqual("backup", self.facts("backup")["state"])
        self.started[-1].terminate()
        self.assertEqual(0, self.end_of(self.started[-1]))
        self.half("backup", "--alone")
        self.assertEqual("x", self.ask("x", "backup", "backup"))

    def test_status_tells_the_history_and_whether_two_halves_make_a_pair(self):
        primary, _ = self.pair()
        both = self.status("primary", "backup")
        self.assertEqual((0, b""), (both.returncode, both.stderr))
        text = both.stdout.decode()
        self.assertIn("role primary\nstate active\n", text)
        self.assertRegex(text, r"transition \d+ backup passive peer-active\n")
        self.assertEqual(0, self.kill(primary, signal.SIGTERM))
        self.half("primary", timeout=1900)
        both = self.status("primary", "backup")
        self.assertEqual(1, both.returncode)
        self.assertIn(b"differ in peer-timeout: 1900 and 1000", both.stderr)
        nobody = self.status("nobody")
        self.assertEqual((1, b""), (nobody.returncode, nobody.stdout))

    def test_bad_options_are_a_matter_of_usage(self):
        for options in (["primary"], ["primary", "--echo", "--sha256"], ["nonsense"], [],
                        ["primary", "--echo", "--heartbeat", "1"], ["primary", "--alone", "--echo"],
                        ["backup", "--echo", "--heartbeat", "1000", "--peer-timeout", "1500"],
                        ["backup", "--echo", "--peer", "nonsense"], ["status"], ["switch"],
                        ["status", "--control", "nonsense"],
                        ["switch", "--control", "tcp://127.0.0.1:1", "--control",
                         "tcp://127.0.0.1:2"]):
            result = self.run_mizzen("star", *options)
            self.assertEqual((2, b""), (result.returncode, result.stdout), options)
            self.assertTrue(result.stderr, options)



class BrokerPair(harness.CommandTest):
    """Two Majordomo brokers, of which one serves."""

    def endpoint(self, name):
        return f"ipc://{self.folder}/{name}"

    def half(self, role, *options):
        other = "backup" if role == "primary" else "primary"
        process = self.broker(
            *options, "--" + role, self.endpoint(role + "-link"), "--peer", self.endpoint(other + "-link"),
            "--control", self.endpoint(role + "-control"), "--peer-heartbeat", str(HEARTBEAT),
            "--peer-timeout", str(TIMEOUT), bind=self.endpoint(role))
        for words in "listening for the peer ", "listening for control ":
            self.assertTrue(self.line_of(process).startswith(words), self.log_of(process))
        return process

    def wait_for(self, role, name, value):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            told = self.run_mizzen("star", "status", "--control", self.endpoint(role + "-control"))
            if f"\n{name} {value}\n" in told.stdout.decode():
                return
        self.fail(f"{role} never has {name} {value}: {told.stdout}")

    def state_of(self, role):
        told = self.run_mizzen("star", "status", "--control", self.endpoint(role + "-control"))
        return dict(line.split(" ", 1) for line in told.stdout.decode().splitlines())["state"]

    def pair(self, *options):
        primary, backup = self.half("primary", *options), self.half("backup", *options)
        self.wait_for("primary", "state", "active")
        self.wait_for("primary", "peer", "passive")
        return primary, backup

    def pair_with_worker(self):
        primary, backup = self.pair()
        self.both_have(primary, backup, "echo", "--echo")
        return primary, backup

    def both_have(self, primary, backup, service, *job):
        self.worker(primary, service, *job, "--broker", backup.endpoint)
        self.wait_for_service(backup, service)  # the passive one takes workers


class Brokers(BrokerPair):
    def ask(self, body, *options):
        return self.run_mizzen("request", "echo", body, "--broker", self.endpoint("primary"),
                               "--broker", self.endpoint("backup"), "--timeout", "1000",
                               "--retries", "20", *options)

    def test_the_backup_serves_once_the_primary_is_gone_and_a_client_asks(self):
        primary, _ = self.pair_with_worker()
        self.assertEqual(b"a\n", self.ask("a").stdout)
        self.kill(primary)
        self.wait_for("backup", "peer", "silent")
        self.wait_for("backup", "state", "passive")  # workers and questions do not vote
        self.assertEqual(b"b\n", self.ask("b").stdout)
        self.wait_for("backup", "state", "active")

    def test_the_passive_half_dispatches_nothing(self):
        _, backup = self.pair_with_worker()
        result = self.request(backup, "echo", "x", "--timeout", "500", "--retries", "0")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.wait_for("backup", "refused", "1")

    def test_a_switch_loses_no_request(self):
        self.pair_with_worker()
        client = self.spawn(
            harness.MIZZEN, "request", "echo", "x", "--repeat", "2000", "--parallel", "4",
            "--broker", self.endpoint("primary"), "--broker", self.endpoint("backup"),
            "--timeout", "1000", "--retries", "20")
        for _ in range(100):
            self.assertEqual("x", self.line_of(client))
        switch = self.run_mizzen("star", "switch", "--control", self.endpoint("primary-control"))
        self.assertEqual((0, b"switched\n"), (switch.returncode, switch.stdout), switch.stderr)
        for _ in range(1900):
            self.assertEqual("x", self.line_of(client))
        self.assertEqual(0, self.end_of(client))
        self.wait_for("backup", "state", "active")
        self.wait_for("primary", "state", "passive")

    def test_no_broker_is_both_halves(self):
        result = self.run_mizzen("broker", "--primary", self.endpoint("a"), "--backup",
                                 self.endpoint("b"), "--bind", self.endpoint("c"))
        self.assertEqual(2, result.returncode)

    def test_one_that_is_told_to_stop_finishes_and_hands_over_first(self):
        started, go = self.fifo("started"), self.fifo("go")
        primary, backup = self.pair()
        self.both_have(primary, backup, "slow", "--exec", f"echo x > '{started}'; head -n 1 '{go}'")
        client = self.spawn(
            harness.MIZZEN, "request", "slow", "x", "--broker", self.endpoint("primary"),
            "--broker", self.endpoint("backup"), "--timeout", "60000", "--retries", "0")
        started.read_text()
        primary.terminate()
        self.wait_for("primary", "peer", "passive")  # it still says so
        self.wait_for("primary", "state", "active")
        self.tell(go, "done")
        self.assertEqual("done", self.line_of(client))
        self.assertEqual([0, 0], [self.end_of(client), self.end_of(primary)])
        self.assertIn("handed over", self.log_of(primary))
        self.wait_for("backup", "state", "active")  # without a vote

    def test_one_whose_peer_is_gone_is_told_to_stop_and_does(self):
        primary, backup = self.pair()
        self.kill(backup)
        self.wait_for("primary", "peer", "silent")
        self.assertEqual(0, self.kill(primary, signal.SIGTERM))
        self.assertNotIn("handed over", self.log_of(primary))

    def test_the_second_signal_does_not_wait_for_what_runs(self):
        started, go = self.fifo("started"), self.fifo("go")
        primary, backup = self.pair()
        self.both_have(primary, backup, "slow", "--exec", f"echo x > '{started}'; head -n 1 '{go}'")
        client = self.spawn(
            harness.MIZZEN, "request", "slow", "x", "--broker", self.endpoint("primary"),
            "--timeout", "60000", "--retries", "0")
        started.read_text()
        primary.send_signal(signal.SIGTERM)
        self.wait_for("primary", "state", "active")
        self.assertEqual(0, self.kill(primary, signal.SIGINT))
        self.kill(client)
        self.tell(go, "done")


class SharedStore(BrokerPair):
    """The same with Titanic, whose store both halves can reach, and the active one has."""

    FAST = "--heartbeat", "50", "--retry", "20", "--retry-max", "100"

    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"

    def with_store(self, *options):
        return self.pair("--titanic", self.store, *self.FAST, *options)

    def client(self, timeout=0.5):
        client = tsp.Client(self.endpoint("primary"), self.endpoint("backup"), timeout=timeout,
                            patience=harness.PATIENCE)
        self.addCleanup(client.close_socket)
        return client

    def has_open(self, process):
        """Whether it has any of the store's segments open."""
        folder = f"/proc/{process.pid}/fd"
        for each in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{each}").startswith(f"{self.store}/journal-"):
                    return True
            except FileNotFoundError:
                pass  # it was for a moment
        return False

    def fetch(self, client, uuid):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            if (reply := client.poll(uuid)) is not None:
                return reply
        self.fail("there is no reply")

    def upper(self, primary, backup):
        self.both_have(primary, backup, "upper", "--exec", "tr a-z A-Z", "--heartbeat", "50")

    def test_what_was_acknowledged_by_one_that_is_killed_is_answered_by_the_other(self):
        primary, backup = self.with_store()
        client = self.client()
        self.upper(primary, backup)
        done = client.submit(b"upper", b"done")
        self.assertEqual([b"DONE"], self.fetch(client, done))
        later = [client.submit(b"later", b"%d" % i) for i in range(10)]
        self.assertEqual([True, False], [self.has_open(each) for each in (primary, backup)])
        self.kill(primary)
        self.assertEqual([b"DONE"], self.fetch(client, done))
        self.assertTrue(self.has_open(backup))
        self.wait_for("backup", "state", "active")
        self.worker(backup, "later", "--echo", "--heartbeat", "50")
        self.assertEqual([[b"%d" % i] for i in range(10)],
                         [self.fetch(client, each) for each in later])
        again = self.half("primary", "--titanic", self.store, *self.FAST)
        self.wait_for("primary", "state", "passive")
        self.assertFalse(self.has_open(again))

    def test_a_switch_closes_the_store_and_the_other_half_opens_it(self):
        halves = dict(zip(("primary", "backup"), self.with_store()))
        self.upper(*halves.values())
        client = self.client()
        for giver, taker in (("primary", "backup"), ("backup", "primary")) * 2:
            kept = client.submit(b"upper", giver.encode())
            told = self.run_mizzen("star", "switch", "--control",
                                   self.endpoint(giver + "-control"))
            self.assertEqual(b"switched\n", told.stdout, told.stderr)
            self.assertFalse(self.has_open(halves[giver]))
            self.wait_for(taker, "state", "active")
            self.assertTrue(self.has_open(halves[taker]))
            self.assertEqual([giver.upper().encode()], self.fetch(client, kept))
            self.wait_for(taker, "peer", "passive")

    def test_switches_under_load_lose_nothing_and_never_do_both_have_the_store(self):
        halves = dict(zip(("primary", "backup"), self.with_store()))
        self.upper(*halves.values())

        answered, enough = [], threading.Event()

        def load(client):
            while not enough.is_set():
                body = b"x%d" % len(answered)
                uuid = client.submit(b"upper", body, uuid=uuid4().hex.encode())  # may say it again
                self.assertEqual([body.upper()], self.fetch(client, uuid))
                client.close(uuid)
                answered.append(uuid)

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            loads = [pool.submit(load, self.client(timeout=0.2)) for _ in range(3)]
            try:
                for giver, taker in (("primary", "backup"), ("backup", "primary")) * 2:
                    self.wait_for(giver, "peer", "passive")
                    limit, before = time.monotonic() + harness.PATIENCE, len(answered)
                    while len(answered) < before + 10:
                        self.assertLess(time.monotonic(), limit)
                        self.assertFalse(self.has_open(halves[taker]))
                    told = self.run_mizzen("star", "switch", "--control",
                                           self.endpoint(giver + "-control"))
                    self.assertEqual(b"switched\n", told.stdout, told.stderr)
                    while not self.has_open(halves[taker]):
                        self.assertLess(time.monotonic(), limit)
                        self.assertFalse(self.has_open(halves[giver]))
                    self.wait_for(taker, "state", "active")
            finally:
                enough.set()
            for each in loads:
                each.result(harness.PATIENCE)
        verified = self.run_mizzen("titanic", "ls", "--store", self.store)
        self.assertEqual(1, len(verified.stdout.splitlines()), verified.stdout)  # all were closed

    def test_a_half_does_not_go_active_while_the_other_one_has_the_store(self):
        primary, backup = self.with_store()
        client = self.client(timeout=0.2)
        kept = client.submit(b"later", b"x")
        primary.send_signal(signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asking = pool.submit(client.poll, kept)
            while "the other one still has the store" not in self.log_of(backup):
                self.assertEqual("passive", self.state_of("backup"))
            primary.send_signal(signal.SIGCONT)
            self.assertIsNone(asking.result(harness.PATIENCE))  # it is there, and not answered
        self.wait_for("backup", "state", "active")  # the primary closed the store, as it fell behind
        self.wait_for("primary", "state", "passive")
        self.assertEqual([False, True], [self.has_open(each) for each in (primary, backup)])

    def test_a_half_that_cannot_open_the_store_stays_passive(self):
        nowhere = self.folder / "file"
        nowhere.touch()
        primary = self.half("primary", "--titanic", self.store)
        backup = self.half("backup", "--titanic", nowhere)
        self.wait_for("primary", "peer", "passive")
        self.client().submit(b"later", b"x")
        self.kill(primary)
        result = self.request(backup, "echo", "x", "--timeout", "3000", "--retries", "1")
        self.assertEqual(1, result.returncode)
        self.assertEqual("passive", self.state_of("backup"))
        self.assertIn("not active without the store", self.log_of(backup))

    def test_one_that_is_told_to_stop_closes_the_store_and_hands_over(self):
        primary, backup = self.with_store()
        self.upper(primary, backup)
        client = self.client()
        known = [client.submit(b"upper", b"%d" % i) for i in range(20)]
        self.assertEqual(0, self.kill(primary, signal.SIGTERM), self.log_of(primary))
        self.assertIn("handed over", self.log_of(primary))
        self.wait_for("backup", "state", "active")
        self.assertEqual([[b"%d" % i] for i in range(20)], [self.fetch(client, u) for u in known])
        self.assertEqual(0, self.kill(backup, signal.SIGTERM), self.log_of(backup))
        verified = self.run_mizzen("titanic", "verify", "--store", self.store)
        self.assertNotIn(b"torn", verified.stdout)

    def test_a_store_of_a_pair_is_a_folder_and_makes_sense(self):
        role = "--primary", self.endpoint("a"), "--bind", self.endpoint("c")
        for options in (["--memory"], ["--titanic", self.store, "--body-octets", "255"]):
            result = self.run_mizzen("broker", *role, *options)
            self.assertEqual((2, b""), (result.returncode, result.stdout), options)
            self.assertTrue(result.stderr)
        self.assertFalse(self.store.exists())


harness.main()
