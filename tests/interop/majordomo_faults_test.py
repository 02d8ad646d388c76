"""Real processes of Majordomo that are killed, frozen, restarted and cut off, at random moments.

MIZZEN_FAULT_ROUNDS rounds (12), by the seed MIZZEN_FAULT_SEED (a new one, which is printed). In each,
clients ask while one thing goes wrong, and every request is accounted for: its client prints the
reply to just that request and ends with status 0. Where only workers are troubled nobody sends
anything twice: the broker alone sees to it that nothing is lost. One worker is never troubled.
"""

import os
import pathlib
import random
import select
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import harness  # noqa: E402, beside the command's tests
import flaky_proxy  # noqa: E402, found by harness

ROUNDS = int(os.environ.get("MIZZEN_FAULT_ROUNDS", 12))
SEED = int(os.environ.get("MIZZEN_FAULT_SEED", random.randrange(1 << 32)))
HEARTBEAT = 100  # ms
FAST = ("--heartbeat", str(HEARTBEAT))
TOO_LONG = 5 * HEARTBEAT / 1000  # s; silence of three intervals is death
ONCE = ("--timeout", "30000", "--retries", "0")
AGAIN = ("--timeout", "1000", "--retries", "60")


class Faults(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.serving = self.broker(*FAST, "--redeliver", "1000")
        host, port = self.serving.endpoint.removeprefix("tcp://").split(":")
        self.to_workers = flaky_proxy.FlakyProxy((host, int(port)))
        self.to_clients = flaky_proxy.FlakyProxy((host, int(port)))
        self.addCleanup(self.to_workers.close)
        self.addCleanup(self.to_clients.close)
        self.answered = 0
        self.our_worker(self.serving.endpoint)
        self.troubled = [self.our_worker(self.to_workers.endpoint),
                         self.plain_worker(self.to_workers.endpoint)]
        self.wait_for_service(self.serving, "upper")

    def our_worker(self, endpoint):
        process = self.spawn(harness.MIZZEN, "worker", "upper", "--broker", endpoint, *FAST,
                             "--reconnect-max", "400", "--exec", "sleep 0.02; tr a-z A-Z")
        process.again = self.our_worker
        return process

    def plain_worker(self, endpoint):
        process = self.peer("mdp_worker.py", "upper", endpoint, *FAST, "--upper", "--delay", "0.02")
        process.again = self.plain_worker
        self.assertEqual("ready", self.line_of(process))  # from now on SIGTERM ends it with 0
        return process

    # What goes wrong. Each is over when it returns.

    def some_time(self, longest):
        return self.random.random() * longest

    def wait(self, seconds, processes):
        """Lets that time pass, or all of the processes come to their end."""
        limit = time.monotonic() + seconds
        ends = {os.pidfd_open(p.pid) for p in processes}
        left = set(ends)
        while left and time.monotonic() < limit:
            left -= set(select.select(list(left), [], [], max(0, limit - time.monotonic()))[0])
        for end in ends:
            os.close(end)

    def kill_a_worker(self, _):
        which = self.random.randrange(len(self.troubled))
        victim = self.troubled[which]
        self.kill(victim, self.random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        self.troubled[which] = victim.again(self.to_workers.endpoint)

    def freeze(self, victim):
        victim.send_signal(signal.SIGSTOP)
        self.wait(TOO_LONG + self.some_time(0.5), [victim])
        victim.send_signal(signal.SIGCONT)

    def freeze_a_worker(self, _):
        self.freeze(self.random.choice(self.troubled))

    def cut_workers(self, _):
        self.to_workers.cut()

    def hold_workers(self, clients):
        self.to_workers.hold(True)
        self.wait(TOO_LONG + self.some_time(0.5), [self.serving])
        self.to_workers.hold(False)

    def freeze_the_broker(self, _):
        self.freeze(self.serving)

    def restart_the_broker(self, clients):
        self.kill(self.serving)
        self.wait(self.some_time(0.2), clients)
        self.serving = self.broker(*FAST, "--redeliver", "1000", bind=self.serving.endpoint)

    def cut_clients(self, _):
        self.to_clients.cut()

    def cut_everybody(self, _):
        self.to_workers.cut()
        self.to_clients.cut()

    TROUBLED_WORKERS = kill_a_worker, freeze_a_worker, cut_workers, hold_workers
    TROUBLED_OTHERS = freeze_the_broker, restart_the_broker, cut_clients, cut_everybody

    def ask(self, bodies, endpoint, patience):
        clients = []
        for body in bodies:
            client = self.spawn(harness.MIZZEN, "request", "upper", body, "--broker", endpoint,
                                *patience)
            client.expected = body.upper() + "\n"
            clients.append(client)
        return clients

    def ask_plainly(self, endpoint, patience):
        client = self.peer("mdp_client.py", "upper", endpoint, "--count", "6", "--expect", "upper",
                           "--pipeline", "2", *patience)
        client.expected = "6 ok\n"
        return client

    def one_round(self, number):
        happens = self.random.choice(self.TROUBLED_WORKERS + self.TROUBLED_OTHERS)
        kept = happens in self.TROUBLED_WORKERS
        endpoint = self.serving.endpoint if kept else self.to_clients.endpoint
        patience = ONCE if kept else AGAIN
        before = f"round {number}, {happens.__name__}"
        clients = self.ask([f"r{number}.{i}" for i in range(4)], endpoint, patience)
        clients.append(self.ask_plainly(endpoint, patience))
        self.wait(self.some_time(0.4), clients)
        happens(self, clients)
        for client in clients:
            status = self.end_of(client)
            said = client.stdout.read().decode()
            self.assertEqual((0, client.expected), (status, said),
                             f"{before}: {self.log_of(client)}")
            self.answered += 1
            client.stdout.close()
            client.log.close()
            self.started.remove(client)

    def test_every_request_is_answered_whatever_happens_to_the_others(self):
        print(f"MIZZEN_FAULT_SEED={SEED} MIZZEN_FAULT_ROUNDS={ROUNDS}", file=sys.stderr)
        for number in range(ROUNDS):
            with self.subTest(seed=SEED, round=number):
                self.one_round(number)
        self.wait_for_service(self.serving, "upper")
        print(f"{self.answered} clients were answered", file=sys.stderr)
        for worker in self.troubled:
            self.assertIsNone(worker.poll(), f"{worker.args} ended: {self.log_of(worker)}")


harness.main()
