"""Binary Star with plain halves and clients, and what a pair survives.

MIZZEN_STAR_ROUNDS rounds (10), by the seed MIZZEN_STAR_SEED (a new one, which is printed): in each the
active half is killed, stopped for a while, told to end, or to hand over, while a client asks all the
time. Every request has its reply; how long the longest of a round took is printed.
"""

import os
import pathlib
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests

ROUNDS = int(os.environ.get("MIZZEN_STAR_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_STAR_SEED", random.randrange(1 << 32)))
HEARTBEAT, TIMEOUT = 100, 1000  # ms
OTHER = {"primary": "backup", "backup": "primary"}


class Replies(threading.Thread):
    """Reads what a client prints as soon as it does: numbers, and the ms that each took."""

    def __init__(self, process):
        super().__init__()
        self.process = process
        self.seen = []
        self.more = threading.Condition()
        self.start()

    def run(self):
        with os.fdopen(os.dup(self.process.stdout.fileno()), "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # it was killed while it wrote
                with self.more:
                    self.seen.append(tuple(map(int, line.split())))
                    self.more.notify_all()

    def wait_for(self, count):
        """Until there are so many."""
        with self.more:
            return self.more.wait_for(lambda: len(self.seen) >= count, harness.PATIENCE)


class Star(harness.CommandTest):
    def endpoint(self, name):
        return f"ipc://{self.folder}/{name}"

    def ours(self, role):
        process = self.spawn(
            harness.MIZZEN, "star", role, "--echo", "--bind", self.endpoint(role), "--publish",
            self.endpoint(role + "-link"), "--peer", self.endpoint(OTHER[role] + "-link"),
            "--control", self.endpoint(role + "-control"), "--heartbeat", str(HEARTBEAT),
            "--peer-timeout", str(TIMEOUT))
        for _ in range(3):
            self.assertIn("listening", self.line_of(process), self.log_of(process))
        return process

    def plain(self, role):
        """A half of the Guide's kind, whose time-out is two heartbeats."""
        process = self.peer("star.py", "half", role, self.endpoint(role),
                            self.endpoint(role + "-link"), self.endpoint(OTHER[role] + "-link"),
                            str(TIMEOUT // 2))
        self.assertEqual(role, self.line_of(process), self.log_of(process))
        return process

    def end_plain(self, process):
        process.kill()
        process.wait()

    def state(self, role):
        told = self.run_mizzen("star", "status", "--control", self.endpoint(role + "-control"))
        facts = dict(line.split(" ", 1) for line in told.stdout.decode().splitlines())
        return facts.get("state"), facts.get("peer")

    def wait_for(self, role, state, peer=None):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            is_now = self.state(role)
            if is_now[0] == state and peer in (None, is_now[1]):
                return
        self.fail(f"{role} never is {state}, {peer}: {is_now}")

    def client(self, kind, count, *options):
        """One that asks the pair, and ends when it has so many replies."""
        both = self.endpoint("primary"), self.endpoint("backup")
        if kind == "plain":
            return self.peer("star.py", "client", str(count), str(TIMEOUT), *both)
        return self.spawn(harness.MIZZEN, "request", "--lazy", "1", "--broker", both[0],
                          "--broker", both[1], "--timeout", "1000", "--settle", str(TIMEOUT),
                          "--retries", "60", *options)

    def ask(self, kind):
        client = self.client(kind, 1)
        self.assertEqual("1", self.line_of(client).split()[0])
        self.assertEqual(0, self.end_of(client))

    def test_a_plain_backup_takes_over_from_ours(self):
        primary, backup = self.ours("primary"), self.plain("backup")
        self.assertEqual("passive", self.line_of(backup))
        self.ask("plain")
        self.ask("ours")
        self.kill(primary)
        self.ask("ours")
        self.assertEqual("active", self.line_of(backup))
        self.ours("primary")
        self.wait_for("primary", "passive")  # and neither ends
        self.ask("plain")
        self.end_plain(backup)
        self.ask("ours")
        self.wait_for("primary", "active")

    def test_our_backup_takes_over_from_a_plain_primary(self):
        primary = self.plain("primary")
        self.ours("backup")
        self.assertEqual("active", self.line_of(primary))
        self.wait_for("backup", "passive", "active")
        self.ask("plain")
        self.end_plain(primary)
        self.ask("plain")
        self.wait_for("backup", "active")
        primary = self.plain("primary")
        self.assertEqual("passive", self.line_of(primary))
        self.ask("ours")
        self.end_plain(primary)

    def test_we_hand_over_to_a_plain_half(self):
        self.ours("primary")
        backup = self.plain("backup")
        self.assertEqual("passive", self.line_of(backup))
        self.wait_for("primary", "active", "passive")
        switch = self.run_mizzen("star", "switch", "--control", self.endpoint("primary-control"))
        self.assertEqual(b"switched\n", switch.stdout, switch.stderr)
        self.assertEqual("active", self.line_of(backup))
        self.wait_for("primary", "passive", "active")
        self.ask("ours")
        self.end_plain(backup)

    def test_our_client_with_two_plain_halves(self):
        primary, backup = self.plain("primary"), self.plain("backup")
        self.assertEqual("active", self.line_of(primary))
        self.assertEqual("passive", self.line_of(backup))
        self.ask("ours")
        self.end_plain(primary)
        self.ask("ours")
        self.assertEqual("active", self.line_of(backup))
        self.end_plain(backup)

    def trouble(self, how, halves, active):
        """What happens to the active half. Gives what sets it right."""
        process = halves[active]
        if how == "switch":
            told = self.run_mizzen("star", "switch", "--control",
                                   self.endpoint(active + "-control"))
            self.assertEqual(b"switched\n", told.stdout, told.stderr)
            return lambda: None
        if how == "stop":
            process.send_signal(signal.SIGSTOP)
            return lambda: process.send_signal(signal.SIGCONT)
        self.kill(process, signal.SIGKILL if how == "kill" else signal.SIGTERM)

        def restart():
            halves[active] = self.ours(active)
        return restart

    def test_every_request_has_its_reply_whatever_happens_to_the_active_half(self):
        print(f"seed {SEED}", file=sys.stderr)
        chance = random.Random(SEED)
        halves = {role: self.ours(role) for role in OTHER}
        active = "primary"
        self.wait_for(active, "active", "passive")
        client = self.client("plain", 1_000_000)
        replies = Replies(client)
        for round_ in range(ROUNDS):
            self.assertTrue(replies.wait_for(len(replies.seen) + chance.randrange(1, 200)))
            how = chance.choice(["kill", "stop", "end", "switch"])
            before = len(replies.seen)
            mend = self.trouble(how, halves, active)
            self.wait_for(OTHER[active], "active")
            mend()
            self.wait_for(active, "passive", "active")
            active = OTHER[active]
            self.wait_for(active, "active", "passive")
            self.assertTrue(replies.wait_for(len(replies.seen) + 1))
            longest = max(took for _, took in replies.seen[before:])
            print(f"round {round_}: {how} of the {OTHER[active]}, {longest} ms without a reply",
                  file=sys.stderr)
        self.end_plain(client)
        replies.join()
        self.assertEqual(list(range(1, len(replies.seen) + 1)), [n for n, _ in replies.seen])


harness.main()
