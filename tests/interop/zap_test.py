"""Who may come, as pyzmq's and CZMQ's authenticators say: asked by us, and guarding libzmq's servers.

Arguments: guarded_peer (guarded_peer.cpp), czmq_zauth (peers/czmq_zauth.c), and `curve` where our
build has it.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

TIMEOUT = 20  # seconds
OURS, CZMQ = sys.argv[1:3]
CURVE = sys.argv[3:] == ["curve"]
HANDLER = "inproc://zeromq.zap.01"
MECHANISMS = ("null", "plain", "curve")


def lines_of(*command):
    """What a peer prints, with its exit status in front."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    return [done.returncode, *done.stdout.splitlines()]


class Process:
    """A peer that runs until its input is closed."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        """The next one; who says nothing in time is killed, which ends its output."""
        killer = threading.Timer(TIMEOUT, self.process.kill)
        killer.start()
        try:
            return self.process.stdout.readline().rstrip("\n")
        finally:
            killer.cancel()

    def close(self):
        self.process.stdin.close()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()


class CzmqGuard(Process):
    """zauth, and servers that it guards, in a process of their own."""

    NO_PASSWORD = NO_KEY = NO_ADDRESS = "No access"

    def __init__(self, keys, *rules):
        super().__init__(CZMQ, "guard", keys.passwords, keys.clients, keys.server, *rules)
        self.at = dict(self.line().split(" ", 1) for _ in range(2 + len(MECHANISMS)))

    def user_and_metadata(self, name, keys):
        return [keys.public(name), f"name={name}"]


class PyzmqGuard:
    """pyzmq's authenticator, and servers that it guards, in threads."""

    NO_PASSWORD, NO_KEY, NO_ADDRESS = "Invalid password", "Unknown key", "Address is blacklisted"

    def __init__(self, keys, *rules):
        self.context = zmq.Context()
        self.auth = ThreadAuthenticator(self.context)
        self.auth.start()
        self.auth.configure_plain("global", {"admin": "secret"})
        self.auth.configure_curve("global", keys.clients)
        if rules:
            {"ALLOW": self.auth.allow, "DENY": self.auth.deny}[rules[0]](rules[1])
        self.at = {}
        self.ways = {}  # from where, and where to
        for name, endpoint in (("zap-tcp", "tcp://127.0.0.1:*"), ("zap-ipc", "ipc://*")):
            front, back = self.bound(name, zmq.ROUTER, endpoint), self.context.socket(zmq.DEALER)
            back.connect(HANDLER)
            self.ways |= {front: back, back: front}
        for name in MECHANISMS:
            server = self.context.socket(zmq.DEALER)
            server.zap_domain = b"global"
            if name == "plain":
                server.plain_server = True
            if name == "curve":
                server.curve_secretkey = zmq.auth.load_certificate(f"{keys.server}_secret")[1]
                server.curve_server = True
            self.ways[self.bound(name, server)] = server
        self.stop = self.context.socket(zmq.PAIR)
        self.stop.bind("inproc://stop")
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def bound(self, name, socket, endpoint="tcp://127.0.0.1:*"):
        if isinstance(socket, int):
            socket = self.context.socket(socket)
        socket.bind(endpoint)
        self.at[name] = socket.last_endpoint.decode()
        return socket

    def serve(self):
        stop = self.context.socket(zmq.PAIR)
        stop.connect("inproc://stop")
        poller = zmq.Poller()
        for socket in (stop, *self.ways):
            poller.register(socket, zmq.POLLIN)
        while stop not in (ready := dict(poller.poll())):
            for socket in ready:
                self.ways[socket].send_multipart(socket.recv_multipart())
        stop.close()

    def close(self):
        self.stop.send(b"")
        self.thread.join()
        self.auth.stop()
        self.context.destroy(linger=0)

    def user_and_metadata(self, name, keys):
        return [keys.public(name)]


class Keys:
    """Certificates of clients, each of another make, of a server, and of strangers."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.clients = str(self.root / "clients")
        self.strangers = str(self.root / "strangers")
        for each in (self.clients, self.strangers):
            os.mkdir(each)
        self.server = str(self.root / "server.key")
        zmq.auth.create_certificates(self.root, "server")
        self.passwords = str(self.root / "passwords")
        pathlib.Path(self.passwords).write_text("admin=secret\n", encoding="utf-8")
        self.make_all(self.clients)
        self.make_all(self.strangers)

    def make_all(self, folder):
        for name in self.names[1:]:
            subprocess.run([OURS if name == "ours.key" else CZMQ, "certificate", f"{folder}/{name}",
                            "name", name], check=True, timeout=TIMEOUT)
        zmq.auth.create_certificates(folder, "pyzmq", {"name": "pyzmq.key"})

    names = ("pyzmq.key", "czmq.key", *(["ours.key"] if CURVE else []))

    def client(self, name):
        return f"{self.clients}/{name}"

    def stranger(self, name):
        return f"{self.strangers}/{name}"

    def public(self, name):
        return zmq.auth.load_certificate(self.client(name))[0].decode()


class Guarded(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        cls.addClassCleanup(cls.folder.cleanup)
        cls.keys = Keys(cls.folder.name)

    def guards(self, *rules):
        """Each make of authenticator with such rules, one after the other."""
        for make in (PyzmqGuard, CzmqGuard):
            with self.subTest(make=make.__name__), contextlib.closing(
                    make(self.keys, *rules)) as guard:
                yield guard

    def ask(self, guard, *credentials, way="zap-tcp", address="127.0.0.1"):
        return lines_of(OURS, "ask", guard.at[way], "global", address, *credentials)

    def serve(self, guard, *how):
        """Our server, which asks that guard; and where it is."""
        ours = Process(OURS, "serve", guard.at["zap-ipc"], "global", *how)
        self.addCleanup(ours.close)
        word, endpoint = ours.line().split(" ")
        self.assertEqual(word, "listening")
        return ours, endpoint

    def pyzmq_says(self, endpoint, prepare):
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.rcvtimeo = TIMEOUT * 1000
            prepare(socket)
            socket.connect(endpoint)
            socket.send(b"hello")
            return [part.decode() for part in socket.recv_multipart()]

    @staticmethod
    def refused(why):
        return f"the peer's credentials were not accepted: {why}"


class Authentication(Guarded):
    def test_our_client_is_told_who_a_user_is(self):
        for guard in self.guards():
            for way in ("zap-tcp", "zap-ipc"):
                self.assertEqual(self.ask(guard, "PLAIN", "admin", "secret", way=way),
                                 [0, "200", "OK", "admin"])
                self.assertEqual(self.ask(guard, "PLAIN", "admin", "wrong", way=way),
                                 [0, "400", guard.NO_PASSWORD, ""])

    def test_our_client_is_told_which_addresses_may_come(self):
        for rule, one, other in (("ALLOW", "200", "400"), ("DENY", "400", "200")):
            for guard in self.guards(rule, "192.0.2.7"):
                self.assertEqual(self.ask(guard, "NULL", address="192.0.2.7")[:2], [0, one])
                self.assertEqual(self.ask(guard, "NULL", address="192.0.2.8")[:2], [0, other])
        for guard in self.guards("DENY", "192.0.2.7"):
            self.assertEqual(self.ask(guard, "NULL", address="192.0.2.7"),
                             [0, "400", guard.NO_ADDRESS, ""])

    REFUSED = [0, "handshake_failed", "the peer refused the handshake", "400", "ended"]

    def test_libzmq_servers_let_in_whom_we_say_we_are(self):
        for guard in self.guards():
            say = lambda how, *who: lines_of(OURS, "say", guard.at[how], how, *who)
            self.assertEqual(say("null"), [0, "hello"])
            self.assertEqual(say("plain", "admin", "secret"), [0, "hello"])
            self.assertEqual(say("plain", "admin", "wrong"), self.REFUSED)
            for name in self.keys.names if CURVE else ():
                self.assertEqual(say("curve", self.keys.client(name), self.keys.server),
                                 [0, "hello"])
                self.assertEqual(say("curve", self.keys.stranger(name), self.keys.server),
                                 self.REFUSED)

    def test_libzmq_servers_do_not_let_us_in_from_a_denied_address(self):
        for guard in self.guards("DENY", "127.0.0.1"):
            self.assertEqual(lines_of(OURS, "say", guard.at["null"], "null"), self.REFUSED)

    def test_our_server_lets_in_whom_the_authenticator_knows_by_null(self):
        here = ["hello", "", "tcp://127.0.0.1"]
        for guard in self.guards():
            _, endpoint = self.serve(guard, "null")
            named = here if isinstance(guard, CzmqGuard) else ["hello", "anonymous", here[2]]
            self.assertEqual(self.pyzmq_says(endpoint, lambda _: None), named)
            self.assertEqual(lines_of(CZMQ, "say", endpoint, "null"), [0, *named])
        for guard in self.guards("DENY", "127.0.0.1"):
            ours, endpoint = self.serve(guard, "null")
            with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
                socket.linger = 0
                socket.connect(endpoint)
                self.assertEqual(ours.line(), self.refused(guard.NO_ADDRESS))

    def test_our_server_lets_in_whom_the_authenticator_knows_by_plain(self):
        for guard in self.guards():
            ours, endpoint = self.serve(guard, "plain")

            def admin(socket, password=b"secret"):
                socket.plain_username, socket.plain_password = b"admin", password

            known = ["hello", "admin", "tcp://127.0.0.1"]
            self.assertEqual(self.pyzmq_says(endpoint, admin), known)
            self.assertEqual(lines_of(CZMQ, "say", endpoint, "plain", "admin", "secret"),
                             [0, *known])
            with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
                socket.linger = 0
                admin(socket, b"wrong")
                socket.connect(endpoint)
                self.assertEqual(ours.line(), self.refused(guard.NO_PASSWORD))

if CURVE:

    class CurveAuthentication(Guarded):
        def test_our_client_is_told_whose_a_key_is(self):
            for guard in self.guards():
                for name in self.keys.names:
                    self.assertEqual(self.ask(guard, "CURVE", self.keys.public(name)),
                                     [0, "200", "OK", *guard.user_and_metadata(name, self.keys)])
                    stranger = zmq.auth.load_certificate(self.keys.stranger(name))[0].decode()
                    self.assertEqual(self.ask(guard, "CURVE", stranger), [0, "400", guard.NO_KEY, ""])

        def test_our_server_lets_in_whom_the_authenticator_knows_by_curve(self):
            for guard in self.guards():
                ours, endpoint = self.serve(guard, "curve", self.keys.server)
                server_key = zmq.auth.load_certificate(self.keys.server)[0]

                def own(socket, certificate):
                    socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(
                        certificate + "_secret")
                    socket.curve_serverkey = server_key

                for name in self.keys.names:
                    user, *metadata = guard.user_and_metadata(name, self.keys)
                    known = ["hello", user, "tcp://127.0.0.1", *metadata]
                    certificate = self.keys.client(name)
                    self.assertEqual(
                        self.pyzmq_says(endpoint, lambda socket, own=own: own(socket, certificate)),
                        known)
                    self.assertEqual(
                        lines_of(CZMQ, "say", endpoint, "curve", certificate, self.keys.server),
                        [0, *known])
                with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
                    socket.linger = 0
                    own(socket, self.keys.stranger("ours.key"))
                    socket.connect(endpoint)
                    self.assertEqual(ours.line(), self.refused(guard.NO_KEY))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
