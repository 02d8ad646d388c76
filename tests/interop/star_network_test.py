"""Binary Star across hosts whose cables are cut, in the layouts that its README calls safe but for when
a cut ends.

MIZZEN_STAR_ROUNDS rounds (10), half of them in each layout, by the seed MIZZEN_STAR_SEED (a new one,
which is printed). In each something happens to a half or to a cable while clients ask all the time.
Every request has its reply, or its error where its client may give up; two halves never serve at once,
but for the moment after a cut ended in which they do not hear each other yet. How long the fail-overs
took is printed.
"""

import itertools
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
import pair  # noqa: E402, beside this
from pair import HEARTBEAT, OTHER, TIMEOUT  # noqa: E402

ROUNDS = int(os.environ.get("MIZZEN_STAR_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_STAR_SEED", random.randrange(1 << 32)))
PATIENT = ("--timeout", "500", "--retries", "1000")
HURRIED = ("--timeout", "300", "--retries", "0")  # and never settles


class StarNetwork(pair.Pair):
    def setUp(self):
        super().setUp()
        print(f"MIZZEN_STAR_SEED={SEED} MIZZEN_STAR_ROUNDS={ROUNDS}", file=sys.stderr)
        self.random = random.Random(f"{SEED} {self.id()}")  # each test its own
        self.fail_overs, self.overlaps = [], []

    def lay(self, links):
        """Two halves that hear each other by those links, and clients at the front."""
        self.lay_pair(links, "clients")
        self.clients = [self.patient(f"patient{i}") for i in range(3)]
        chance = random.Random(SEED)
        self.hurried = asking.Hurried("hurried", OTHER, lambda: self.run_command(
            self.command("hurried", chance.sample(list(OTHER), 2), *HURRIED)))
        self.addCleanup(self.hurried.stop)

    def half(self, role):
        other = OTHER[role]
        links = []
        for link in self.links:
            links += ["--publish", self.net.listens(role, link, 5003),
                      "--peer", self.net.reaches(role, other, link, 5003)]
        process = self.spawn(
            *self.net.on(role), harness.MIZZEN, "star", role, "--exec", asking.JOB % role,
            "--bind", self.net.listens(role, "front", 5001), *links, "--control", self.control(role),
            "--heartbeat", str(HEARTBEAT), "--peer-timeout", str(TIMEOUT))
        for _ in range(2 + len(self.links)):
            self.assertIn("listening", self.line_of(process), self.log_of(process))
        return process

    def command(self, body, halves, *options):
        ends = [word for role in halves for word in
                ("--broker", self.net.reaches("clients", role, "front", 5001))]
        return (*self.net.on("clients"), harness.MIZZEN, "request", "--lazy", body, *ends, *options)

    def patient(self, body):
        process = self.spawn(*self.command(body, OTHER, "--settle", str(TIMEOUT), "--repeat",
                                          "1000000000", *PATIENT))
        self.addCleanup(self.kill, process)
        return asking.Patient(body, OTHER, process)

    def run_command(self, command):
        return subprocess.run(command, capture_output=True, timeout=2 * harness.PATIENCE, check=False)

    ONE_SWITCH = (*pair.Pair.ANYWHERE, pair.Pair.cut_the_active_off_one_way)
    TWO_LINKS = (*pair.Pair.ANYWHERE, pair.Pair.cut_the_pairs_own_link,
                 pair.Pair.cut_the_actives_front)

    def replies_between(self, begin, end):
        found = [each for client in (*self.clients, self.hurried) for each in list(client.seen)
                 if begin <= each[0] < end]
        return sorted(found, key=lambda each: (each[0], each[1] != self.active))

    def turns(self, replies):
        """The halves that served, without repetition."""
        return [half for half, _ in itertools.groupby(half for _, half in replies)]

    def wait_out(self, serving, since):
        """Until what happened has come to what it comes to."""
        if serving is None:
            self.assertTrue(self.hurried.wait_for_error(), "nobody serves, and nobody says so")
            return
        if serving == self.active:
            since += 1.2 * TIMEOUT / 1000  # whoever could take over for want of the other would
        for client in self.clients:
            self.assertTrue(client.wait_for(serving, since), f"{serving} does not serve")

    def one_round(self, number, happens):
        before, began = self.active, asking.uptime()
        mend, serving = happens(self)
        self.wait_out(serving, began)
        mended = asking.uptime()
        if serving not in (None, before):
            took = next(when for when, by in self.replies_between(began, mended) if by == serving)
            self.fail_overs.append(took - began)
        mend()
        self.settled()
        settled = asking.uptime()
        for client in self.clients:
            self.assertTrue(client.wait_for(self.active, settled + asking.TICK),
                            f"{self.active} does not serve")
        self.check(number, happens, before, (began, mended, settled, asking.uptime()))

    def check(self, number, happens, before, times):
        began, mended, settled, ended = times
        meanwhile = self.turns(self.replies_between(began, mended))
        self.assertLessEqual(len(meanwhile), 2, "both served")
        after = self.replies_between(mended, settled + asking.TICK)
        if len(self.turns(after)) > 2:
            self.assertIn("cut", happens.__name__, "both served")
            lasts = [max(when for when, by in after if by == half) for half in OTHER]
            firsts = [min(when for when, by in after if by == half) for half in OTHER]
            self.overlaps.append(min(lasts) - max(firsts))
        then = self.replies_between(settled + asking.TICK, ended)
        others = [each for each in then if each[1] != self.active]
        self.assertEqual([self.active], self.turns(then), f"settled at {settled}, and then {others}")
        print(f"round {number}: {happens.__name__} ({before} was active), {mended - began:.1f} s, and "
              f"{settled - mended:.1f} s to settle", file=sys.stderr)

    def run_rounds(self, count, kinds):
        for number in range(count):
            for client in self.clients:
                some_time = self.random.random() / 4
                self.assertTrue(client.wait_for(self.active, asking.uptime() + some_time))
            happens = self.random.choice(kinds)
            with self.subTest(seed=SEED, round=number, happens=happens.__name__):
                self.one_round(number, happens)
        self.account()
        for what, taken in ("fail-over", self.fail_overs), ("both served", self.overlaps):
            if taken:
                print(f"{len(taken)} times {what}: p50 {statistics.median(taken):.2f} s, "
                      f"max {max(taken):.2f} s", file=sys.stderr)

    def account(self):
        """Of every request: a reply to just this one, or, for the hurried client, an error."""
        self.hurried.stop()
        for each in self.hurried.errors:
            self.assertIn("no reply", each)
        for client in self.clients:
            self.kill(client.process, signal.SIGTERM)
            client.join()
            self.assertEqual("mizzen request: stopped\n", self.log_of(client.process))
        self.assertEqual([], [line for each in (*self.clients, self.hurried) for line in each.wrong])
        print(f"{sum(len(client.seen) for client in self.clients)} replies, and of the hurried client "
              f"{len(self.hurried.seen)}, and {len(self.hurried.errors)} errors", file=sys.stderr)

    def test_whoever_is_cut_off_from_the_peer_on_one_switch_is_cut_off_from_clients(self):
        self.lay(("front",))
        self.run_rounds(ROUNDS - ROUNDS // 2, self.ONE_SWITCH)

    def test_one_of_two_links_between_the_halves_may_break(self):
        self.lay(("front", "pair"))
        self.run_rounds(ROUNDS // 2, self.TWO_LINKS)


class WithoutNamespaces(StarNetwork):
    """By proxies, so that what machines without namespaces run is known to work."""

    real = False
    test_one_of_two_links_between_the_halves_may_break = None  # the other will do

    def run_rounds(self, count, kinds):
        super().run_rounds(min(count, 1), kinds)


network.enter()
harness.main()
