"""`mizzen star`: a pair of processes, one of which is killed, stopped, or told to hand over."""

import select
import signal
import sys
import time

sys.dont_write_bytecode = True
import harness  # noqa: E402

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



class Brokers(harness.CommandTest):
    """Two Majordomo brokers, of which one serves."""

    def endpoint(self, name):
        return f"ipc://{self.folder}/{name}"

    def half(self, role):
        other = "backup" if role == "primary" else "primary"
        process = self.broker(
            "--" + role, self.endpoint(role + "-link"), "--peer", self.endpoint(other + "-link"),
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

    def pair(self):
        primary, backup = self.half("primary"), self.half("backup")
        self.wait_for("primary", "state", "active")
        self.wait_for("primary", "peer", "passive")
        self.worker(primary, "echo", "--echo", "--broker", backup.endpoint)
        self.wait_for_service(backup, "echo")  # the passive one takes workers
        return primary, backup

    def ask(self, body, *options):
        return self.run_mizzen("request", "echo", body, "--broker", self.endpoint("primary"),
                               "--broker", self.endpoint("backup"), "--timeout", "1000",
                               "--retries", "20", *options)

    def test_the_backup_serves_once_the_primary_is_gone_and_a_client_asks(self):
        primary, _ = self.pair()
        self.assertEqual(b"a\n", self.ask("a").stdout)
        self.kill(primary)
        self.wait_for("backup", "peer", "silent")
        self.wait_for("backup", "state", "passive")  # workers and questions do not vote
        self.assertEqual(b"b\n", self.ask("b").stdout)
        self.wait_for("backup", "state", "active")

    def test_the_passive_half_dispatches_nothing(self):
        _, backup = self.pair()
        result = self.request(backup, "echo", "x", "--timeout", "500", "--retries", "0")
        self.assertEqual((1, b""), (result.returncode, result.stdout))
        self.wait_for("backup", "refused", "1")

    def test_a_switch_loses_no_request(self):
        self.pair()
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


harness.main()
