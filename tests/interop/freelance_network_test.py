"""Freelance across hosts whose cables are cut: three servers of each model, and clients of all three.

MIZZEN_FAULT_ROUNDS rounds (10), by the seed MIZZEN_FAULT_SEED (a new one, which is printed). In each,
one or two of the servers' hosts are troubled while clients ask all the time, and every request has its
reply; or nobody is within reach for a while, and whoever is in a hurry is told so. How long the
clients of the troubled hosts were without a reply is printed.
"""

import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import asking  # noqa: E402, beside this
import network  # noqa: E402, beside this

ROUNDS = int(os.environ.get("MIZZEN_FAULT_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_FAULT_SEED", random.randrange(1 << 32)))
HOSTS = "anna", "bert", "carl"
# Model 1 gives each server its third of it.
OPTIONS = {1: ("--timeout", "4500"), 2: ("--timeout", "20000"),
           3: ("--timeout", "20000", "--another-after", "300")}


class FreelanceNetwork(harness.CommandTest):
    real = True
    rounds = ROUNDS

    def setUp(self):
        super().setUp()
        print(f"MIZZEN_FAULT_SEED={SEED} MIZZEN_FAULT_ROUNDS={ROUNDS}", file=sys.stderr)
        self.random = random.Random(f"{SEED} {self.id()}")
        self.gaps = {model: [] for model in OPTIONS}
        self.net = network.make(self.folder, dict.fromkeys((*HOSTS, "clients"), {"front"}), self.real)
        self.addCleanup(self.net.close)
        self.servers = {host: self.start(host) for host in HOSTS}
        self.clients = {model: self.patient(model) for model in OPTIONS}
        self.hurried = asking.Hurried("hurried", HOSTS, self.ask_once)
        self.addCleanup(self.hurried.stop)

    def start(self, host):
        """One server of each model."""
        started = [self.spawn(*self.net.on(host), harness.MIZZEN, "freelance", "server", "--model",
                              str(model), "--exec", asking.JOB % host, "--bind",
                              self.net.listens(host, "front", 5000 + model)) for model in OPTIONS]
        for process in started:
            self.assertIn("listening", self.line_of(process), self.log_of(process))
        return started

    def command(self, model, body, *options):
        ends = [word for host in HOSTS for word in
                ("--server", self.net.reaches("clients", host, "front", 5000 + model))]
        return (*self.net.on("clients"), harness.MIZZEN, "freelance", "request", body, "--model",
                str(model), *ends, *options)

    def patient(self, model):
        body = f"patient{model}"
        process = self.spawn(*self.command(model, body, "--repeat", "1000000000", *OPTIONS[model]))
        self.addCleanup(self.kill, process)
        return asking.Patient(body, HOSTS, process)

    def ask_once(self):
        return subprocess.run(
            self.command(3, "hurried", "--timeout", "700", "--another-after", "200"),
            capture_output=True, timeout=2 * harness.PATIENCE, check=False)

    # What happens to hosts. Each gives what sets it right.

    def kill_them(self, hosts):
        for each in [server for host in hosts for server in self.servers[host]]:
            self.kill(each)

        def restart():
            for host in hosts:
                self.servers[host] = self.start(host)
        return restart

    def restart_them(self, hosts):
        self.kill_them(hosts)()
        return lambda: None

    def stop_them(self, hosts):
        stopped = [server for host in hosts for server in self.servers[host]]
        for each in stopped:
            each.send_signal(signal.SIGSTOP)
        return lambda: [each.send_signal(signal.SIGCONT) for each in stopped]

    def cut_off(self, hosts, way=network.BOTH):
        for host in hosts:
            self.net.cut(host, "front", way)
        return lambda: [self.net.mend(host, "front", way) for host in hosts]

    def cut_off_one_way(self, hosts):
        way = self.random.choice([network.INTO, network.OUT_OF]) if self.net.one_way else network.BOTH
        return self.cut_off(hosts, way)

    HAPPENS = kill_them, restart_them, stop_them, cut_off, cut_off, cut_off_one_way

    def answered(self, since, troubled=()):
        """All the clients, by whoever is not in trouble."""
        for client in self.clients.values():
            self.assertTrue(client.wait_for(None, since), f"no reply to {client.body}")
        for model, client in self.clients.items():
            replies = list(client.seen)
            if troubled and [by for when, by in replies if when < since][-1:] in [[h] for h in troubled]:
                self.gaps[model].append(next(when for when, _ in replies if when >= since) - since)

    def some_are_troubled(self):
        hosts = self.random.sample(HOSTS, self.random.choice([1, 2]))
        happens = self.random.choice(self.HAPPENS)
        began = asking.uptime()
        mend = happens(self, hosts)
        self.answered(began, hosts)
        self.answered(began + 0.2 + self.random.random() * 2)  # often longer than a server's life
        mend()
        return f"{happens.__name__}: {', '.join(hosts)}"

    def nobody_is_there(self):
        hosts = self.random.choice([HOSTS, ["clients"]])
        mend = self.cut_off(hosts)
        self.assertTrue(self.hurried.wait_for_error(), "nobody replies, and nobody says so")
        mend()
        return f"nobody is there, as {', '.join(hosts)} is cut off"

    def one_round(self, number):
        began = asking.uptime()
        happened = self.nobody_is_there() if number % 6 == 5 else self.some_are_troubled()
        mended = asking.uptime()
        self.answered(mended)
        print(f"round {number}: {happened}; {mended - began:.1f} s, and {asking.uptime() - mended:.1f} s "
              "until all are answered again", file=sys.stderr)

    def account(self):
        """Of every request: a reply to just this one, or, for the hurried client, an error."""
        self.hurried.stop()
        for each in self.hurried.errors:
            self.assertIn("no server replied in time", each)
        for client in self.clients.values():
            self.kill(client.process, signal.SIGTERM)
            client.join()
            self.assertEqual("mizzen freelance: stopped\n", self.log_of(client.process), client.body)
        everybody = *self.clients.values(), self.hurried
        self.assertEqual([], [line for each in everybody for line in each.wrong])
        replies = ", ".join(f"{len(each.seen)} to {each.body}" for each in everybody)
        print(f"replies: {replies}, who was told of {len(self.hurried.errors)} errors", file=sys.stderr)
        for model, taken in self.gaps.items():
            if taken:
                print(f"model {model}, {len(taken)} times without its server: p50 "
                      f"{statistics.median(taken):.2f} s, max {max(taken):.2f} s", file=sys.stderr)

    def test_whoever_is_cut_off_others_answer(self):
        self.answered(asking.uptime())
        for number in range(self.rounds):
            with self.subTest(seed=SEED, round=number):
                self.one_round(number)
        self.account()


class WithoutNamespaces(FreelanceNetwork):
    """By proxies, so that what machines without namespaces run is known to work."""

    real = False
    rounds = min(ROUNDS, 2)


network.enter()
harness.main()
