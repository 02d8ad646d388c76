"""Freelance servers and clients with plain ones of all three models, and what they survive.

MIZZEN_FAULT_ROUNDS rounds (10) of killed and frozen servers, by the seed MIZZEN_FAULT_SEED (a new
one, which is printed): in each a client of ours repeats its request, and every one is answered.
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

ROUNDS = int(os.environ.get("MIZZEN_FAULT_ROUNDS", 10))
SEED = int(os.environ.get("MIZZEN_FAULT_SEED", random.randrange(1 << 32)))
MODELS = (1, 2, 3)
UPPER = "tr a-z A-Z"


class Freelance(harness.CommandTest):
    def our_server(self, model, *options, bind="tcp://127.0.0.1:*", work=UPPER):
        process = self.spawn(harness.MIZZEN, "freelance", "server", "--model", str(model), "--bind",
                             bind, "--exec", work, *options)
        return self.listening(process)

    def plain_server(self, model):
        return self.listening(self.peer("freelance.py", "server", str(model)))

    def listening(self, process):
        word, _, process.endpoint = self.line_of(process).partition(" ")
        self.assertEqual("listening", word, self.log_of(process))
        return process

    def plain_client(self, model, servers, *options):
        return self.peer("freelance.py", "client", str(model), *(s.endpoint for s in servers),
                         *options)

    def our_client(self, model, servers, body, *options):
        endpoints = [word for s in servers for word in ("--server", s.endpoint)]
        return self.spawn(harness.MIZZEN, "freelance", "request", body, "--model", str(model),
                          *endpoints, "--timeout", "20000", *options)

    def said(self, process):
        """All that it printed, once it ended well."""
        self.assertEqual(0, self.end_of(process), self.log_of(process))
        return process.stdout.read().decode()


class Plain(Freelance):
    def test_plain_clients_and_our_servers(self):
        for model in MODELS:
            servers = [self.our_server(model) for _ in range(2)]
            with self.subTest(model=model):
                self.assertEqual("first\n20 ok\n", self.said(self.plain_client(model, servers)))

    def test_plain_clients_that_write_numbers_in_octets(self):
        for model in 2, 3:
            servers = [self.our_server(model) for _ in range(2)]
            with self.subTest(model=model):
                self.assertEqual("first\n5 ok\n", self.said(
                    self.plain_client(model, servers, "--octets", "--count", "5")))

    def test_our_clients_and_plain_servers(self):
        for model in MODELS:
            servers = [self.plain_server(model) for _ in range(2)]
            with self.subTest(model=model):
                self.assertEqual("HELLO\n" * 20, self.said(
                    self.our_client(model, servers, "hello", "--repeat", "20")))

    def test_our_clients_with_a_plain_server_and_one_of_ours(self):
        for model in MODELS:
            for servers in [(self.plain_server(model), self.our_server(model)),
                            (self.our_server(model), self.plain_server(model))]:
                with self.subTest(model=model):
                    self.assertEqual("HELLO\n" * 20, self.said(
                        self.our_client(model, servers, "hello", "--repeat", "20")))

    def test_our_client_pings_a_plain_server(self):
        server = self.plain_server(3)
        self.assertEqual("A\n", self.said(self.our_client(3, [server], "a")))
        self.assertEqual("pinged", self.line_of(server))

    def test_plain_clients_go_on_when_one_of_our_servers_is_killed(self):
        for model in MODELS:
            dying, staying = (self.our_server(model) for _ in range(2))
            with self.subTest(model=model):
                # The first model spends its time at the dead one for every request.
                count, timeout = ("4", "1000") if model == 1 else ("100", "20000")
                client = self.plain_client(model, [dying, staying], "--count", count, "--timeout",
                                           timeout)
                self.assertEqual("first", self.line_of(client))
                self.kill(dying)
                self.assertEqual(f"{count} ok\n", self.said(client))

    def test_our_clients_go_on_when_a_plain_server_is_killed(self):
        for model in MODELS:
            dying, staying = (self.plain_server(model) for _ in range(2))
            with self.subTest(model=model):
                client = self.our_client(model, [dying, staying], "x", "--repeat", "2000")
                self.assertEqual("X", self.line_of(client))
                self.kill(dying)
                self.assertEqual("X\n" * 1999, self.said(client))

    def test_a_server_has_the_name_that_it_is_given(self):
        server = self.our_server(3)
        port = server.endpoint.rpartition(":")[2]
        self.kill(server, signal.SIGTERM)
        name = f"tcp://localhost:{port}"
        named = self.our_server(3, "--name", name, bind=server.endpoint)
        named.endpoint = name
        self.assertEqual("first\n5 ok\n", self.said(self.plain_client(3, [named], "--count", "5")))


class Faults(Freelance):
    """Three servers of each model. One at least of those that are asked is never troubled."""

    WORK = f"sleep 0.01; {UPPER}"

    def some_time(self, longest):
        return self.random.random() * longest

    def wait(self, seconds, process):
        """Lets that time pass, or the process come to its end."""
        end = os.pidfd_open(process.pid)
        select.select([end], [], [], seconds)
        os.close(end)

    def kill_some(self, client, servers, victims):
        for which in victims:
            self.kill(servers[which])
        self.wait(self.some_time(0.3), client)
        for which in victims:
            servers[which] = self.our_server(self.model, bind=servers[which].endpoint,
                                             work=self.WORK)

    def freeze_some(self, client, servers, victims):
        for which in victims:
            servers[which].send_signal(signal.SIGSTOP)
        self.wait(0.2 + self.some_time(1.8), client)
        for which in victims:
            servers[which].send_signal(signal.SIGCONT)

    def one_round(self, number, servers):
        happens = self.random.choice([self.kill_some, self.freeze_some])
        victims = self.random.sample(range(3), self.random.choice([1, 2]))
        body = f"r{number}"
        client = self.our_client(self.model, servers, body, "--repeat", "30", *(
            ["--another-after", "300"] if self.model == 3 else []))
        self.assertEqual(body.upper(), self.line_of(client))
        self.wait(self.some_time(0.2), client)
        happens(client, servers, victims)
        self.assertEqual(f"{body.upper()}\n" * 29, self.said(client),
                         f"model {self.model}, {happens.__name__} {victims}")

    def test_every_request_is_answered_whatever_happens_to_the_other_servers(self):
        print(f"MIZZEN_FAULT_SEED={SEED} MIZZEN_FAULT_ROUNDS={ROUNDS}", file=sys.stderr)
        self.random = random.Random(SEED)
        servers = {model: [self.our_server(model, work=self.WORK) for _ in range(3)]
                   for model in MODELS}
        started = time.monotonic()
        for number in range(ROUNDS):
            self.model = MODELS[number % 3]
            with self.subTest(seed=SEED, round=number, model=self.model):
                self.one_round(number, servers[self.model])
        print(f"{ROUNDS} rounds in {time.monotonic() - started:.0f} s", file=sys.stderr)


harness.main()
