"""Real processes of Titanic, the broker and workers that are killed at random moments, under load.

MIZZEN_TITANIC_ROUNDS rounds (10), by the seed MIZZEN_FAULT_SEED (a new one, which is printed). In each,
clients of RFC 9 submit requests while one process is killed with SIGKILL and started again. Whatever
was acknowledged is answered in the end, with what the service computes; what was closed stays closed.
"""

import concurrent.futures
import os
import pathlib
import random
import signal
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import tsp  # noqa: E402, found by harness

ROUNDS = int(os.environ.get("MIZZEN_TITANIC_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_FAULT_SEED", random.randrange(1 << 32)))
FAST = ("--heartbeat", "100")
TITANIC = ("--retry", "20", "--retry-max", "200", "--attempt-timeout", "2000")
OTHER = {"primary": "backup", "backup": "primary"}
CLIENTS, REQUESTS = 4, 12  # of each client, in a round


class Load:
    """One client's requests: submitted, fetched and closed in an order of its own."""

    def __init__(self, endpoints, seed):
        self.random = random.Random(seed)
        self.client = tsp.Client(*endpoints, timeout=0.5, patience=2 * harness.PATIENCE)
        self.acknowledged = {}  # id: body; not yet closed
        self.closed, self.answered, self.submitted = [], 0, 0

    def one_round(self, begun):
        for _ in range(REQUESTS):
            self.submit()
            begun.set()
            if self.random.random() < 0.5:
                self.look_at(self.random.choice(list(self.acknowledged)))
        # Some are left for later rounds, and whoever lives then.
        while len(self.acknowledged) > 4:
            self.look_at(self.random.choice(list(self.acknowledged)))

    def submit(self):
        self.submitted += 1
        body = [f"{self.random.getrandbits(64):x}".encode() * self.random.choice((1, 1, 40))]
        chosen = uuid.UUID(int=self.random.getrandbits(128)).hex.encode()
        mine = chosen if self.random.random() < 0.5 else None
        self.acknowledged[self.client.submit(b"upper", *body, uuid=mine)] = body

    def look_at(self, which):
        reply = self.client.poll(which)
        if reply is None:
            return
        expected = [part.upper() for part in self.acknowledged[which]]
        if reply != expected:
            raise tsp.Surprise(f"{expected} was to come, and {reply} came")
        self.answered += 1
        self.client.close(which)
        del self.acknowledged[which]
        self.closed.append(which)

    def finish(self):
        while self.acknowledged:
            self.look_at(next(iter(self.acknowledged)))
        for which in self.closed:
            if self.client.knows(which):
                raise tsp.Surprise("what was closed is there again")
        self.client.close_socket()


class Faults(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.store = self.folder / "store"
        self.titanic = None  # none of its own: it is inside the broker
        self.halves = {}

    def start_inside(self, bind="tcp://127.0.0.1:*"):
        """Titanic inside the broker."""
        return self.broker(*FAST, *TITANIC, "--titanic", self.store, bind=bind)

    def start_beside(self):
        """As workers of the broker."""
        return self.spawn(harness.MIZZEN, "titanic", "--broker", self.serving.endpoint, "--store",
                          self.store, *FAST, *TITANIC, "--reconnect-max", "400")

    def our_worker(self, endpoint):
        process = self.spawn(harness.MIZZEN, "worker", "upper", "--broker", endpoint, *FAST,
                             "--reconnect-max", "400", "--exec", "tr a-z A-Z", "--jobs", "2")
        process.again, process.broker = self.our_worker, endpoint
        return process

    def plain_worker(self, endpoint):
        process = self.peer("mdp_worker.py", "upper", endpoint, *FAST, "--upper")
        process.again, process.broker = self.plain_worker, endpoint
        self.assertEqual("ready", self.line_of(process))
        return process

    def forget(self, process):
        process.stdout.close()
        process.log.close()
        self.started.remove(process)

    def half(self, role):
        """Half of a pair of brokers, with Titanic inside whichever is active."""
        at = {name: f"ipc://{self.folder}/{name}" for name in
              ("primary", "backup", "primary-link", "backup-link", role + "-control")}
        process = self.broker(
            *FAST, *TITANIC, "--titanic", self.store, "--" + role, at[role + "-link"], "--peer",
            at[OTHER[role] + "-link"], "--control", at[role + "-control"], "--peer-heartbeat",
            "100", "--peer-timeout", "500", bind=at[role])
        for _ in range(2):
            self.assertIn("listening", self.line_of(process), self.log_of(process))
        return process

    def state(self, role):
        told = self.run_mizzen("star", "status", "--control", f"ipc://{self.folder}/{role}-control")
        facts = dict(line.split(" ", 1) for line in told.stdout.decode().splitlines())
        return facts.get("state"), facts.get("peer")

    def wait_for_pair(self):
        """The active half, once the other one stands by."""
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            for role in OTHER:
                if self.state(role) == ("active", "passive"):
                    return role
        self.fail(f"the pair does not settle: {[self.state(role) for role in OTHER]}")

    # What goes wrong. Whoever is killed is there again when it returns.

    def kill_the_broker(self):
        endpoint = self.serving.endpoint
        self.kill(self.serving)
        self.forget(self.serving)
        if self.titanic is None:
            self.verify_now_and_then()
            self.serving = self.start_inside(endpoint)
        else:
            self.serving = self.broker(*FAST, bind=endpoint)

    def kill_titanic(self):
        self.kill(self.titanic)
        self.forget(self.titanic)
        self.verify_now_and_then()
        self.titanic = self.start_beside()

    def verify_now_and_then(self):
        if self.random.random() < 0.3:
            verified = self.run_mizzen("titanic", "verify", "--store", self.store)
            self.assertEqual(0, verified.returncode, verified.stdout)

    def kill_a_worker(self):
        which = self.random.randrange(len(self.workers))
        victim = self.workers[which]
        self.kill(victim)
        self.forget(victim)
        self.workers[which] = victim.again(victim.broker)

    def end_a_half(self, how):
        role = self.wait_for_pair()
        self.kill(self.halves[role], how)
        self.forget(self.halves[role])
        self.halves[role] = self.half(role)

    def kill_the_active_half(self):
        self.end_a_half(signal.SIGKILL)

    def stop_the_active_half(self):
        self.end_a_half(signal.SIGTERM)

    def suspend_the_active_half(self):
        role = self.wait_for_pair()
        self.halves[role].send_signal(signal.SIGSTOP)
        limit = time.monotonic() + 2 * self.random.random()
        while time.monotonic() < limit and self.state(OTHER[role])[1] != "silent":
            pass
        self.halves[role].send_signal(signal.SIGCONT)

    def switch(self):
        role = self.wait_for_pair()
        told = self.run_mizzen("star", "switch", "--control",
                               f"ipc://{self.folder}/{role}-control")
        self.assertIn(told.returncode, (0, 1), told.stderr)  # or the other one was not heard

    def kill_both(self):
        self.kill_a_worker()
        self.kill_the_broker()

    def kill_all(self):
        self.kill_both()
        self.kill_titanic()

    def one_round(self, loads, pool, faults):
        begun = threading.Event()
        working = [pool.submit(load.one_round, begun) for load in loads]
        begun.wait(harness.PATIENCE)
        for _ in range(self.random.choice((1, 1, 2))):
            # A moment, or less if they are done before.
            concurrent.futures.wait(working, self.random.random() * 0.3)
            self.random.choice(faults)()
        for each in working:
            each.result(4 * harness.PATIENCE)

    def play(self, faults):
        print(f"MIZZEN_FAULT_SEED={SEED} MIZZEN_TITANIC_ROUNDS={ROUNDS}", file=sys.stderr)
        endpoints = [each.endpoint for each in self.halves.values()] or [self.serving.endpoint]
        self.workers = [work(each) for each in endpoints
                        for work in (self.our_worker, self.plain_worker)]
        loads = [Load(endpoints, f"{SEED}.{i}") for i in range(CLIENTS)]
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for number in range(ROUNDS):
                with self.subTest(seed=SEED, round=number):
                    self.one_round(loads, pool, faults)
            for each in [pool.submit(load.finish) for load in loads]:
                each.result(4 * harness.PATIENCE)
        for load in loads:
            self.assertEqual(load.submitted, load.answered)
        again = sum(load.client.asked_again for load in loads)
        print(f"{sum(load.answered for load in loads)} requests were answered, "
              f"{again} questions asked again", file=sys.stderr)

    def test_what_was_acknowledged_inside_the_broker_is_answered_whoever_is_killed(self):
        self.serving = self.start_inside()
        self.play((self.kill_the_broker, self.kill_a_worker, self.kill_both))
        self.end_well(self.serving)

    def test_what_was_acknowledged_beside_the_broker_is_answered_whoever_is_killed(self):
        self.serving = self.broker(*FAST)
        self.titanic = self.start_beside()
        self.play((self.kill_the_broker, self.kill_titanic, self.kill_titanic, self.kill_a_worker,
                   self.kill_all))
        self.end_well(self.titanic)

    def test_what_was_acknowledged_by_a_pair_is_answered_whatever_happens_to_its_halves(self):
        self.halves = {role: self.half(role) for role in OTHER}
        self.wait_for_pair()
        self.play((self.kill_the_active_half, self.stop_the_active_half, self.switch,
                   self.suspend_the_active_half, self.kill_a_worker))
        last = self.wait_for_pair()
        self.assertEqual(0, self.kill(self.halves[OTHER[last]], signal.SIGTERM))
        self.end_well(self.halves[last])

    def end_well(self, server):
        """It closes its store, so that nothing in it is torn."""
        self.assertEqual(0, self.kill(server, signal.SIGTERM), self.log_of(server))
        verified = self.run_mizzen("titanic", "verify", "--store", self.store)
        self.assertEqual(0, verified.returncode, verified.stdout)
        self.assertNotIn(b"torn", verified.stdout)


harness.main()
