"""Majordomo under Binary Star: a pair of brokers on hosts of their own, with workers and clients that
know both.

MIZZEN_STAR_ROUNDS rounds (10), by the seed MIZZEN_STAR_SEED (a new one, which is printed). In each
something happens to a broker, a cable or a worker while clients ask, several requests at a time; every
one is answered, by whichever broker. How long it took until there were replies again is printed.
"""

import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import asking  # noqa: E402, beside this
import network  # noqa: E402, beside this
import pair  # noqa: E402, beside this
from pair import HEARTBEAT, OTHER, TIMEOUT  # noqa: E402

ROUNDS = int(os.environ.get("MIZZEN_STAR_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_STAR_SEED", random.randrange(1 << 32)))
WORKERS = "una", "duo"
AT_BROKERS = ("--heartbeat", str(HEARTBEAT))


class Brokers(pair.Pair):
    def setUp(self):
        super().setUp()
        print(f"MIZZEN_STAR_SEED={SEED} MIZZEN_STAR_ROUNDS={ROUNDS}", file=sys.stderr)
        self.random = random.Random(SEED)
        self.fail_overs = []
        self.lay_pair(("front",), "clients", *WORKERS)
        self.workers = {name: self.worker_at(name) for name in WORKERS}
        self.clients = [self.patient(f"patient{i}") for i in range(2)]
        self.hurried = asking.Hurried("hurried", WORKERS, self.ask_once)
        self.addCleanup(self.hurried.stop)

    def half(self, role):
        process = self.spawn(
            *self.net.on(role), harness.MIZZEN, "broker", "--bind",
            self.net.listens(role, "front", 5555), "--" + role, self.net.listens(role, "front", 5003),
            "--peer", self.net.reaches(role, OTHER[role], "front", 5003), "--control",
            self.control(role), "--peer-heartbeat", str(HEARTBEAT), "--peer-timeout", str(TIMEOUT),
            *AT_BROKERS)
        self.assertIn("listening", self.line_of(process), self.log_of(process))
        return process

    def brokers(self, host):
        return [word for role in OTHER for word in
                ("--broker", self.net.reaches(host, role, "front", 5555))]

    def worker_at(self, host):
        """One that works on two requests at a time."""
        return self.spawn(*self.net.on(host), harness.MIZZEN, "worker", "tell", "--exec",
                          asking.JOB % host, "--jobs", "2", *self.brokers(host), *AT_BROKERS,
                          "--reconnect-max", "400")

    def command(self, body, *options):
        return (*self.net.on("clients"), harness.MIZZEN, "request", "tell", body,
                *self.brokers("clients"), *options)

    def patient(self, body):
        process = self.spawn(*self.command(body, "--repeat", "1000000000", "--parallel", "3",
                                           "--timeout", "500", "--retries", "1000"))
        self.addCleanup(self.kill, process)
        return asking.Patient(body, WORKERS, process)

    def ask_once(self):
        return subprocess.run(self.command("hurried", "--timeout", "400", "--retries", "0"),
                              capture_output=True, timeout=2 * harness.PATIENCE, check=False)

    def switch(self):
        told = self.run_mizzen("star", "switch", "--control", self.control(self.active))
        self.assertEqual(b"switched\n", told.stdout, told.stderr)
        return lambda: None, OTHER[self.active]

    def kill_a_worker(self):
        name = self.random.choice(WORKERS)
        self.kill(self.workers[name])

        def restart():
            self.workers[name] = self.worker_at(name)
        return restart, self.active

    HAPPENS = (*pair.Pair.ANYWHERE, switch, kill_a_worker)

    def wait_until_active(self, role):
        limit = time.monotonic() + harness.PATIENCE
        while self.facts(role).get("state") != "active":
            self.assertLess(time.monotonic(), limit, f"{role} is never active")

    def answered(self, since):
        for client in self.clients:
            self.assertTrue(client.wait_for(None, since), f"no reply to {client.body}")

    def one_round(self, number, happens):
        before, began = self.active, asking.uptime()
        mend, serving = happens(self)
        if serving is None:
            self.assertTrue(self.hurried.wait_for_error(), "nobody serves, and nobody says so")
        elif serving == before:
            self.answered(began + 1.2 * TIMEOUT / 1000)
        else:
            self.wait_until_active(serving)
            active = asking.uptime()
            self.answered(active)
            for client in self.clients:
                self.fail_overs.append(min(when for when, _ in client.seen if when >= active) - began)
        mended = asking.uptime()
        mend()
        self.settled()
        self.answered(asking.uptime())
        print(f"round {number}: {happens.__name__} ({before} was active), {mended - began:.1f} s, and "
              f"{asking.uptime() - mended:.1f} s to settle", file=sys.stderr)

    def account(self):
        """Of every request: a reply to just this one, or, for the hurried client, an error."""
        self.hurried.stop()
        for each in self.hurried.errors:
            self.assertRegex(each, "no reply in time|about to stop: the broker hands over")
        for client in self.clients:
            self.kill(client.process, signal.SIGTERM)
            client.join()
            self.assertNotIn("no reply", self.log_of(client.process))
        self.assertEqual([], [line for each in (*self.clients, self.hurried) for line in each.wrong])
        print(f"{sum(len(client.seen) for client in self.clients)} replies, and of the hurried client "
              f"{len(self.hurried.seen)}, and {len(self.hurried.errors)} errors", file=sys.stderr)
        if self.fail_overs:
            print(f"{len(self.fail_overs)} times without a reply: p50 "
                  f"{statistics.median(self.fail_overs):.2f} s, max {max(self.fail_overs):.2f} s",
                  file=sys.stderr)

    def test_every_request_is_answered_whichever_broker_is_lost(self):
        self.answered(asking.uptime())
        for number in range(ROUNDS):
            happens = self.random.choice(self.HAPPENS)
            with self.subTest(seed=SEED, round=number, happens=happens.__name__):
                self.one_round(number, happens)
        self.account()


network.enter()
harness.main()
