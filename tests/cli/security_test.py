"""`mizzen keygen`, and CURVE and PLAIN between all sub-commands that open a socket."""

import os
import signal
import stat
import subprocess
import sys
import threading
import unittest

import zmq
import zmq.auth
import zmq.utils.z85

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import MIZZEN  # noqa: E402

ANY = "tcp://127.0.0.1:*"


class SecurityTest(harness.CommandTest):
    """With certificates of a server, of alice and of a worker, who may come, and of a stranger."""

    def setUp(self):
        super().setUp()
        self.clients = self.folder / "clients"
        self.clients.mkdir()
        for name in ("server", "stranger"):
            self.keygen(self.folder / name)
        for name in ("alice", "worker"):
            self.keygen(self.folder / name, "--meta", f"user-id={name}")
            os.rename(self.folder / name, self.clients / name)
        self.listen = ("--curve-key", self.secret("server"), "--curve-clients", self.clients)

    def keygen(self, path, *options):
        result = self.run_mizzen("keygen", path, *options)
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout.decode().strip()

    def secret(self, name):
        return self.folder / f"{name}_secret"

    def connect(self, name="alice", server="server"):
        """The options of a client."""
        return ("--curve-server-key", self.folder / server, "--curve-key", self.secret(name))

    def listener(self, *command):
        """A server's process; its endpoint is an attribute."""
        process = self.spawn(MIZZEN, *command)
        process.endpoint = self.line_of(process).rpartition(" ")[2]
        self.assertIn("tcp://", process.endpoint, self.log_of(process))
        return process

    def ready(self, *command, word=b"serving", **options):
        """A worker, once it can be stopped."""
        process = self.spawn(MIZZEN, *command, stderr=subprocess.PIPE, **options)
        while word not in (line := process.stderr.readline()):
            self.assertNotEqual(b"", line)  # it ended
        return process

    def prints(self, expected, *command, stdin=b""):
        result = self.run_mizzen(*command, stdin=stdin)
        self.assertEqual((0, expected, b""), (result.returncode, result.stdout, result.stderr))

    def fails(self, words, *command, status=1, **options):
        result = self.run_mizzen(*command, **options)
        self.assertEqual((status, b""), (result.returncode, result.stdout), result.stderr)
        self.assertIn(words, result.stderr.decode())

    def wait_for(self, code, service, *security, broker):
        """Until the broker says that of a service."""
        for _ in range(300):
            result = self.run_mizzen("request", "mmi.service", service, "--timeout", "1000",
                                     "--broker", broker.endpoint, *security)
            if result.stdout == code + b"\n":
                return
        self.fail(f"mmi.service never says {code} for {service}")

    def pair(self, *options):
        """Two brokers, the first one active; each is the other's client under the server's key."""
        at = {name: f"ipc://{self.folder}/{name}" for name in ("a", "b")}
        halves = []
        for role, mine, other in (("--primary", "a", "b"), ("--backup", "b", "a")):
            half = self.listener("broker", role, at[mine], "--peer", at[other], "--bind", ANY,
                                 "--control", ANY, "--curve-server-key", self.folder / "server",
                                 *self.listen, *options)
            self.line_of(half)
            half.control, half.publishes = self.line_of(half).rpartition(" ")[2], at[mine]
            halves.append(half)
        self.assertEqual([0, 0], self.states("active", "passive", halves))
        return halves

    def states(self, one, other, halves):
        """The exit statuses, once a pair's halves say these of themselves."""
        for _ in range(300):
            said = [self.run_mizzen("star", "status", "--control", each.control, *self.connect())
                    for each in halves]
            if all(f"state {state}\n".encode() in each.stdout
                   for state, each in zip((one, other), said)):
                return [each.returncode for each in said]
        return said

    def until_logged(self, words, broker):
        for _ in range(300):
            if words in self.log_of(broker):
                return
            self.run_mizzen("ping", "--broker", broker.endpoint, *self.connect())
        self.fail(f"the broker never says: {words}")


class Keygen(SecurityTest):
    def test_others_load_what_it_writes_and_nobody_else_reads_the_secret(self):
        path = self.folder / "mine"
        printed = self.keygen(path, "--meta", "name=A name", "--meta", "user-id=me")
        public, none = zmq.auth.load_certificate(os.fspath(path))
        again, secret = zmq.auth.load_certificate(os.fspath(path) + "_secret")
        self.assertEqual((printed.encode(), None), (public, none))
        self.assertEqual(public, again)
        self.assertEqual(public, zmq.curve_public(secret))
        self.assertEqual(0o600, stat.S_IMODE(os.stat(os.fspath(path) + "_secret").st_mode))
        self.assertIn('user-id = "me"', path.read_text())
        self.prints(public + b"\n", "keygen", "--public-of", path)
        self.prints(public + b"\n", "keygen", "--public-of", os.fspath(path) + "_secret")

    def test_it_replaces_nothing_unless_it_is_told_to(self):
        path = self.folder / "server"
        before = path.read_text(), self.secret("server").read_text()
        self.fails("--force", "keygen", path)
        path.unlink()
        self.fails("server_secret: is there already", "keygen", path)
        self.keygen(path, "--force")
        self.assertNotEqual(before, (path.read_text(), self.secret("server").read_text()))

    def test_what_makes_no_sense_is_refused_and_writes_nothing(self):
        path = self.folder / "new"
        for words, *command in (("NAME=VALUE", path, "--meta", "name"),
                                ("NAME=VALUE", path, "--meta", "=x"),
                                ("given twice", path, "--meta", "a=b", "--meta", "a=c"),
                                ("printable", path, "--meta", 'a="'),
                                ("--public-of", path, "--public-of", path),
                                ("--public-of", ),
                                ("of no use", "--public-of", path, "--force")):
            with self.subTest(command):
                self.fails(words, "keygen", *command, status=2)
        self.fails("No such file", "keygen", self.folder / "no" / "folder")
        self.fails("No such file", "keygen", "--public-of", path)
        self.assertFalse(path.exists())


class Curve(SecurityTest):
    def test_broker_worker_request_services_and_ping(self):
        broker = self.listener("broker", "--bind", ANY, *self.listen)
        self.ready("worker", "echo", "--echo", "--broker", broker.endpoint,
                   *self.connect("worker"))
        self.wait_for(b"200", "echo", *self.connect(), broker=broker)
        at = ("--broker", broker.endpoint, *self.connect())
        self.prints(b"hello\n", "request", "echo", "hello", *at)
        for command in ("ping", "services"):
            result = self.run_mizzen(command, *at)
            self.assertEqual(0, result.returncode, result.stderr)
        self.ready("titanic", "--memory", "--broker", broker.endpoint, *self.connect("worker"))
        self.wait_for(b"200", "titanic.request", *self.connect(), broker=broker)

    def test_a_config_file_says_the_same(self):
        path = self.folder / "broker.conf"
        path.write_text(f'bind="{ANY}"\ncurve-key="{self.secret("server")}"\n'
                        f'curve-clients="{self.clients}"\n')
        broker = self.listener("broker", "--config", path)
        self.assertEqual(0, self.run_mizzen("ping", "--broker", broker.endpoint,
                                            *self.connect()).returncode)
        self.fails("another security mechanism", "ping", "--broker", broker.endpoint,
                   "--timeout", "300")

    def test_pirates(self):
        for kind in ("--simple", "--paranoid"):
            with self.subTest(kind):
                queue = self.listener("queue", kind, "--frontend", ANY, "--backend", ANY,
                                      *self.listen)
                back = self.line_of(queue).rpartition(" ")[2]
                self.ready("worker", kind, "--echo", "--broker", back, *self.connect("worker"))
                self.prints(b"hello\n", "request", "--lazy", "hello", "--timeout", "20000",
                            "--broker", queue.endpoint, *self.connect())

    def test_of_a_queue_a_clients_key_is_no_workers(self):
        workers = self.folder / "workers"
        workers.mkdir()
        os.rename(self.clients / "worker", workers / "worker")
        for kind in ("--simple", "--paranoid"):
            with self.subTest(kind):
                queue = self.listener("queue", kind, "--frontend", ANY, "--backend", ANY,
                                      *self.listen, "--worker-curve-clients", workers)
                back = self.line_of(queue).rpartition(" ")[2]
                self.fails("refused the handshake", "dealer", back, *self.connect("alice"),
                           stdin=b"x\n")
                self.fails("refused the handshake", "req", queue.endpoint,
                           *self.connect("worker"), stdin=b"x\n")
                self.ready("worker", kind, "--echo", "--broker", back, *self.connect("worker"))
                self.prints(b"hello\n", "request", "--lazy", "hello", "--timeout", "20000",
                            "--broker", queue.endpoint, *self.connect())

    def test_freelance(self):
        for model in ("1", "2", "3"):
            with self.subTest(model):
                server = self.listener("freelance", "server", "--model", model, "--echo",
                                       "--bind", ANY, *self.listen)
                self.prints(b"hello\n", "freelance", "request", "hello", "--model", model,
                            "--timeout", "20000", "--server", server.endpoint, *self.connect())

    def test_both_halves_of_a_star(self):
        # Each listens for the other and connects to it: it is a server, and a client under its key.
        os.link(self.folder / "server", self.clients / "server")
        half = ("--echo", "--bind", ANY, "--publish", ANY, "--control", ANY, *self.listen,
                "--curve-server-key", self.folder / "server")
        primary = self.listener("star", "primary", "--peer", "ipc://@none", *half)
        link = self.line_of(primary).rpartition(" ")[2]
        control = self.line_of(primary).rpartition(" ")[2]
        self.prints(b"x\n", "request", "--lazy", "x", "--broker", primary.endpoint,
                    *self.connect())
        backup = self.listener("star", "backup", "--peer", link, *half)
        self.line_of(backup)
        of_backup = self.line_of(backup).rpartition(" ")[2]
        for _ in range(300):  # until it has heard the primary, over CURVE
            status = self.run_mizzen("star", "status", "--control", of_backup, *self.connect())
            if b"state passive" in status.stdout:
                break
        self.assertIn(b"state passive", status.stdout, status.stderr)
        self.fails("another security mechanism", "star", "status", "--control", control,
                   "--timeout", "300")
        self.fails("half of a pair", "star", "backup", "--echo", *self.listen, status=2)

    def test_brokers_that_are_a_pair(self):
        os.link(self.folder / "server", self.clients / "server")
        halves = self.pair()
        control = halves[0].control
        for endpoint in (halves[0].publishes, control):  # where its peer hears it; where it is told
            self.fails("another security mechanism", "req" if endpoint == control else "sub",
                       endpoint, "--timeout", "300", stdin=b"switch\n")
        self.fails("refused the handshake", "star", "switch", "--control", control,
                   "--timeout", "300", *self.connect("stranger"))
        self.prints(b"switched\n", "star", "switch", "--control", control, *self.connect())
        self.assertEqual([0, 0], self.states("passive", "active", halves))

    def test_raw_sockets_of_all_types(self):
        for server, client, talk in (("rep", "req", b"x"), ("router", "dealer", b"x"),
                                     ("pull", "push", None), ("pair", "pair", b"x"),
                                     ("pub", "sub", None), ("xpub", "xsub", None)):
            with self.subTest(server):
                if talk:
                    one = self.listener(server, ANY, "--bind", "--echo", *self.listen)
                    self.prints(b"x\n", client, one.endpoint, "--count", "1", "--timeout",
                                "20000", *self.connect(), stdin=b"x\n")
                elif server == "pull":
                    one = self.listener(server, ANY, "--bind", "--count", "1", *self.listen)
                    self.prints(b"", client, one.endpoint, *self.connect(), stdin=b"x\n")
                    self.assertEqual("x", self.line_of(one))
                else:
                    one = self.spawn(MIZZEN, server, ANY, "--bind", "--wait", "1", *self.listen,
                                     stdin=subprocess.PIPE)
                    one.stdin.write(b"x\n")
                    endpoint = self.line_of(one).rpartition(" ")[2]
                    self.prints(b"x\n", client, endpoint, "--count", "1", "--timeout", "20000",
                                "--subscribe", "x", *self.connect())
                    one.stdin.close()
                    self.assertEqual(0, self.end_of(one))

    def test_other_makes(self):
        public, secret = zmq.auth.load_certificate(os.fspath(self.secret("server")))
        mine, my_secret = zmq.auth.load_certificate(os.fspath(self.secret("alice")))
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        context.linger = 0
        ours = self.listener("rep", ANY, "--bind", "--echo", *self.listen)
        req = context.socket(zmq.REQ)
        req.curve_serverkey, req.curve_publickey, req.curve_secretkey = public, mine, my_secret
        req.rcvtimeo = 1000 * harness.PATIENCE
        req.connect(ours.endpoint)
        req.send(b"x")
        self.assertEqual(b"x", req.recv())
        rep = context.socket(zmq.REP)
        rep.curve_server, rep.curve_secretkey = True, secret
        rep.rcvtimeo = 1000 * harness.PATIENCE
        port = rep.bind_to_random_port("tcp://127.0.0.1")
        asker = self.spawn(MIZZEN, "req", f"tcp://127.0.0.1:{port}", "--count", "1",
                           *self.connect(), stdin=subprocess.PIPE)
        asker.stdin.write(b"y\n")
        asker.stdin.close()
        self.assertEqual(b"y", rep.recv())
        rep.send(b"z")
        self.assertEqual("z", self.line_of(asker))
        self.assertEqual(0, self.end_of(asker))  # by itself: not told to while it ends

    def test_a_wrong_key_is_refused_and_the_client_says_why(self):
        broker = self.listener("broker", "--bind", ANY, *self.listen)
        rep = self.listener("rep", ANY, "--bind", "--echo", *self.listen)
        asks = (("request", "echo", "x", "--broker", broker.endpoint, "--timeout", "300",
                 "--retries", "0"),
                ("request", "--lazy", "x", "--broker", broker.endpoint, "--timeout", "300",
                 "--retries", "0"),
                ("ping", "--broker", broker.endpoint, "--timeout", "300"),
                ("freelance", "request", "x", "--server", broker.endpoint, "--timeout", "300"),
                ("req", rep.endpoint, "--timeout", "300"))
        for ask in asks:
            with self.subTest(ask[0]):
                self.fails("the peer refused the handshake", *ask, *self.connect("stranger"),
                           stdin=b"x\n")
                self.fails("the peer closed the stream", *ask, *self.connect(server="stranger"),
                           stdin=b"x\n")
                self.fails("another security mechanism", *ask, stdin=b"x\n")

    def test_a_worker_whose_certificate_goes_is_cut_off(self):
        broker = self.listener("broker", "--bind", ANY, *self.listen)
        self.ready("worker", "echo", "--echo", "--broker", broker.endpoint,
                   *self.connect("worker"))
        self.wait_for(b"200", "echo", *self.connect(), broker=broker)
        (self.clients / "worker").unlink()
        self.wait_for(b"404", "echo", *self.connect(), broker=broker)

    def test_with_curve_any_a_client_needs_the_servers_key_alone(self):
        rep = self.listener("rep", ANY, "--bind", "--echo", "--curve-any", "--curve-key",
                            self.secret("server"))
        key = zmq.auth.load_certificate(os.fspath(self.folder / "server"))[0].decode()
        self.prints(b"x\n", "req", rep.endpoint, "--curve-server-key", key, stdin=b"x\n")


class Zap(SecurityTest):
    """With a handler that lets in alice, or her key, and no other."""

    def setUp(self):
        super().setUp()
        self.key = zmq.auth.load_certificate(os.fspath(self.clients / "alice"))[0]
        self.asked = []
        self.user = b"a user"
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, linger=0)
        socket = self.context.socket(zmq.REP)
        self.endpoint = f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
        self.handler = threading.Thread(target=self.judge, args=(socket,))
        self.handler.start()
        self.addCleanup(self.handler.join)
        self.addCleanup(self.context.term)

    def judge(self, socket):
        known = ([b"alice", b"secret"], [zmq.utils.z85.decode(self.key)], [])
        try:
            while True:
                request = socket.recv_multipart()
                self.asked.append(request[2:6])
                status = b"200" if request[6:] in known else b"400"
                socket.send_multipart([*request[:2], status, b"a text", self.user, b""])
        except zmq.ContextTerminated:
            socket.close(0)

    def test_a_handler_says_who_may_come(self):
        judged = ("--zap", self.endpoint, "--zap-domain", "here")
        listen = ("rep", ANY, "--bind", "--echo", *judged)
        plain = ("--plain-user", "alice", "--plain-password-file", self.folder / "password")
        (self.folder / "password").write_text("secret\n")
        for mechanism, *options in (("NULL",), ("PLAIN", "--plain-any"),
                                    ("CURVE", "--curve-any", "--curve-key", self.secret("server"))):
            with self.subTest(mechanism):
                rep = self.listener(*listen, *options)
                ask = ("req", rep.endpoint)
                if mechanism == "PLAIN":
                    self.prints(b"x\n", *ask, *plain, stdin=b"x\n")
                    (self.folder / "password").write_text("another\n")
                    self.fails("refused the handshake", *ask, *plain, stdin=b"x\n")
                elif mechanism == "CURVE":
                    self.prints(b"x\n", *ask, *self.connect(), stdin=b"x\n")
                    self.fails("refused the handshake", *ask, *self.connect("worker"),
                               stdin=b"x\n")
                else:
                    self.prints(b"x\n", *ask, stdin=b"x\n")
                self.assertEqual([b"here", b"127.0.0.1", b"", mechanism.encode()], self.asked[-1])

    def test_what_a_handler_calls_a_user_is_one_line_of_the_log(self):
        self.user = b"two\nlines"
        rules = self.folder / "rules"
        rules.write_text("# nobody may do anything\n")
        broker = self.listener("broker", "--bind", ANY, "--rules", rules, "--curve-any",
                               "--curve-key", self.secret("server"), "--zap", self.endpoint)
        self.fails("not authorised", "request", "echo", "x", "--broker", broker.endpoint,
                   *self.connect())
        self.assertEqual(0, self.kill(broker, signal.SIGTERM))
        self.assertIn("two\\x0alines may not call echo\n", self.log_of(broker))

    def test_without_a_handler_nobody_may(self):
        rep = self.listener("rep", ANY, "--bind", "--echo", "--zap", "tcp://127.0.0.1:1")
        self.fails("", "req", rep.endpoint, "--timeout", "300", stdin=b"x\n")
        self.assertEqual([], self.asked)


class Rules(SecurityTest):
    def test_who_may_offer_and_who_may_call(self):
        rules = self.folder / "rules"
        rules.write_text("# all that may be done\noffer worker echo\ncall alice echo\n"
                         "call * mmi.service\n")
        broker = self.listener("broker", "--bind", ANY, "--rules", rules, *self.listen)
        at = ("--broker", broker.endpoint)
        self.ready("worker", "echo", "--echo", *at, *self.connect("worker"))
        self.wait_for(b"200", "echo", *self.connect(), broker=broker)
        self.prints(b"x\n", "request", "echo", "x", *at, *self.connect())
        self.fails("not authorised", "request", "echo", "x", *at, *self.connect("worker"))
        self.ready("worker", "other", "--echo", *at, *self.connect("worker"))
        self.ready("worker", "echo", "--echo", *at, *self.connect("alice"))
        for words in ("worker may not offer other", "alice may not offer echo"):
            self.until_logged(words, broker)
        rules.write_text("call alice echo\ncall * mmi.service\n")
        broker.send_signal(signal.SIGHUP)
        self.wait_for(b"404", "echo", *self.connect(), broker=broker)
        rules.write_text("nonsense\n")
        broker.send_signal(signal.SIGHUP)
        self.assertEqual(0, self.kill(broker, signal.SIGTERM))
        log = self.log_of(broker)
        self.assertEqual(1, log.count("the rules stay as they were"))
        for words in ("worker may not call echo", "worker may not offer other",
                      "alice may not offer echo", "worker may not offer echo", "2 rules"):
            self.assertIn(words, log)

    def test_rules_that_are_just_being_written_change_nothing(self):
        rules = self.folder / "rules"
        rules.write_text("offer worker echo\ncall alice *\n")
        broker = self.spawn(MIZZEN, "broker", "--bind", ANY, "--rules", rules, *self.listen,
                            stderr=subprocess.PIPE)
        broker.endpoint = self.line_of(broker).rpartition(" ")[2]
        self.ready("worker", "echo", "--echo", "--broker", broker.endpoint,
                   *self.connect("worker"))
        self.wait_for(b"200", "echo", *self.connect(), broker=broker)
        rules.write_text("")
        broker.send_signal(signal.SIGHUP)
        self.assertIn(b"cannot be read, or is empty", broker.stderr.readline())
        self.assertIn(b"stay as they were", broker.stderr.readline())
        self.prints(b"x\n", "request", "echo", "x", "--broker", broker.endpoint,
                    *self.connect())

    def test_rules_that_make_no_sense_are_an_error_of_usage(self):
        rules = self.folder / "rules"
        rules.write_text("offer worker echo\n\nallow all\n")
        self.fails("rules:3: a rule begins with", "broker", "--bind", ANY, "--rules", rules,
                   status=2)
        for path in (self.folder / "none", self.folder):
            self.fails("cannot be read", "broker", "--bind", ANY, "--rules", path, status=2)

    TITANIC = "call alice titanic.*\ncall alice open\n"

    def assert_titanic_obeys(self, broker):
        """Of TITANIC: alice may not have it ask for her what she may not ask for herself."""
        key = zmq.auth.load_certificate(os.fspath(self.folder / "server"))[0]
        mine, my_secret = zmq.auth.load_certificate(os.fspath(self.secret("alice")))
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.curve_serverkey, dealer.curve_publickey, dealer.curve_secretkey = (
                key, mine, my_secret)
            dealer.rcvtimeo = 1000 * harness.PATIENCE
            dealer.connect(broker.endpoint)
            for service, outcome in ((b"secret", 6), (b"open", 0)):
                tag = b"M1" + service.ljust(16) + bytes(4)
                chosen = service.ljust(16).hex().encode()
                for ask in ([b"titanic.request"], [b"titanic.submit", chosen]):
                    dealer.send_multipart([tag, b"", b"MDPC01", *ask, service, b"x"])
                    self.assertEqual(outcome, dealer.recv_multipart()[0][-1], ask)

    def test_titanic_is_no_way_around_them(self):
        rules = self.folder / "rules"
        rules.write_text(self.TITANIC)
        self.assert_titanic_obeys(self.listener("broker", "--bind", ANY, "--memory", "--rules",
                                                rules, *self.listen))

    def test_both_halves_of_a_pair_have_them_with_the_store(self):
        rules = self.folder / "rules"
        rules.write_text(self.TITANIC)
        os.link(self.folder / "server", self.clients / "server")
        halves = self.pair("--titanic", self.folder / "store", "--rules", rules)
        self.assert_titanic_obeys(halves[0])
        self.fails("not authorised", "request", "open", "x", "--broker", halves[0].endpoint,
                   *self.connect("worker"))
        self.prints(b"switched\n", "star", "switch", "--control", halves[0].control,
                    *self.connect())
        self.assertEqual([0, 0], self.states("passive", "active", halves))
        self.assert_titanic_obeys(halves[1])
        self.fails("not authorised", "request", "open", "x", "--broker", halves[1].endpoint,
                   *self.connect("worker"))


class Plain(SecurityTest):
    def setUp(self):
        super().setUp()
        self.users = self.folder / "users"
        self.users.write_text("# who may come\nalice=se=cret\nbob=\n")
        self.password = self.folder / "password"
        self.password.write_text("se=cret\n")

    def test_names_and_passwords(self):
        broker = self.listener("broker", "--bind", ANY, "--plain-users", self.users)
        at = ("--broker", broker.endpoint)
        self.ready("worker", "echo", "--echo", *at, "--plain-user", "alice",
                   "--plain-password-file", self.password)
        asks = ("request", "echo", "x", *at, "--plain-user")
        self.wait_for(b"200", "echo", "--plain-user", "alice", "--plain-password-file",
                      self.password, broker=broker)
        self.prints(b"x\n", *asks, "alice", "--plain-password-file", self.password)
        wrong = {**os.environ, "MIZZEN_PLAIN_PASSWORD": "wrong"}
        self.fails("the peer refused the handshake", *asks, "alice", "--timeout", "300",
                   "--retries", "0", env=wrong)
        right = {**os.environ, "MIZZEN_PLAIN_PASSWORD": ""}
        self.assertEqual(0, self.run_mizzen(*asks, "bob", env=right).returncode)
        self.fails("wants --plain-password-file", *asks, "alice", status=2)

    def test_commands_do_not_see_the_password(self):
        broker = self.listener("broker", "--bind", ANY, "--plain-users", self.users)
        mine = {"env": {**os.environ, "MIZZEN_PLAIN_PASSWORD": "se=cret"}}
        as_alice = ("--broker", broker.endpoint, "--plain-user", "alice")
        self.ready("worker", "show", "--exec", "env; cat /proc/$PPID/environ", *as_alice, **mine)
        shown = self.run_mizzen("request", "show", "x", *as_alice, **mine)
        self.assertEqual(0, shown.returncode, shown.stderr)
        self.assertIn(b"PATH=", shown.stdout)
        self.assertNotIn(b"se=cret", shown.stdout)

    def test_addresses(self):
        rep = self.listener("rep", ANY, "--bind", "--echo", "--deny", "127.0.0.0/8")
        self.fails("", "req", rep.endpoint, "--timeout", "300", stdin=b"x\n")
        rep = self.listener("rep", ANY, "--bind", "--echo", "--allow", "127.0.0.1")
        self.prints(b"x\n", "req", rep.endpoint, stdin=b"x\n")


class Usage(SecurityTest):
    def test_options_that_make_no_sense_together_open_nothing(self):
        users = self.folder / "users"
        users.write_text("alice\n")
        server, secret = self.folder / "server", self.secret("server")
        listen = ("rep", ANY, "--bind", "--echo")
        ask = ("req", "tcp://127.0.0.1:1")
        for words, *command in (
                ("alone secures nothing", *listen, "--curve-key", secret),
                ("alone secures nothing", *ask, "--curve-key", secret),
                ("wants --curve-key", *listen, "--curve-any"),
                ("wants --curve-key", *listen, "--curve-clients", self.clients),
                ("lets in everybody", *listen, "--curve-any", *self.listen),
                ("one mechanism", *listen, *self.listen, "--plain-users", users),
                ("one mechanism", *ask, *self.connect(), "--plain-user", "x"),
                ("a socket is one", *listen, *self.listen, "--curve-server-key", server),
                ("is for --plain-user", *ask, "--plain-password-file", users),
                ("has no secret key", *listen, "--curve-any", "--curve-key", server),
                ("No such file", *listen, "--curve-any", "--curve-key", self.folder / "none"),
                ("No such file", *listen, "--curve-key", secret, "--curve-clients",
                 self.folder / "none"),
                ("No such file", *ask, "--curve-server-key", "k" * 39),
                ("users:1: a line is", *listen, "--plain-users", users),
                ("cannot be read", *listen, "--plain-users", self.folder / "none"),
                ("malformed address", *listen, "--allow", "somewhere"),
                ("wants --zap", *listen, "--plain-any"),
                ("is for --zap", *listen, "--zap-domain", "here"),
                ("one of them says", *listen, *self.listen, "--zap", "tcp://127.0.0.1:1"),
                ("--zap: nowhere", *listen, "--zap", "nowhere"),
                ("link of a pair", "broker", "--bind", ANY, "--curve-server-key", server),
                ("half of a pair", "broker", "--bind", ANY, "--primary", ANY, "--peer", ANY,
                 *self.listen)):
            with self.subTest(words):
                self.fails(words, *command, status=2, stdin=b"")


if __name__ == "__main__":
    harness.main()
