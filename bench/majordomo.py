"""Majordomo's benchmarks: ours beside gearmand, NATS and a relay without any protocol."""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import typing

from processes import Failed, Run

GO_PATH = "/usr/share/gocode"  # where Debian keeps the sources of Go's libraries
OUTSTANDING = 1000  # requests of all clients together
TCP = "tcp://127.0.0.1:*"


def found(*names):
    """The first of these programs that is installed."""
    return next(filter(None, (shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
                              for name in names)), None)


class Ours:
    name = "ours"
    missing = None
    credit = OUTSTANDING

    def start(self, run, workers=1, clients=1, credit=None, endpoint=TCP):
        broker = run.start("ours_majordomo", "broker", endpoint)
        self.endpoint = broker.word_after("listening")
        share = max(self.credit // workers, 1) if credit is None else credit
        worker = run.start("ours_majordomo", "worker", self.endpoint, workers, share)
        worker.word_after("ready")
        self.broker = broker

    def load(self, run, size, count, clients=1):
        return run.start("ours_majordomo", "client", self.endpoint, clients,
                         max(OUTSTANDING // clients, 1), size, count)

    def ask(self, run, size, count, verb="ask"):
        return run.start("ours_majordomo", verb, self.endpoint, size, count)


class Raw:
    name = "relay"
    missing = None

    def start_sized(self, run, size):
        relay = run.start("raw_relay", "relay", size)
        self.port = relay.word_after("listening")
        run.start("raw_relay", "answer", self.port, size)
        relay.word_after("listening")

    def ask(self, run, size, count):
        return run.start("raw_relay", "ask", self.port, size, count)


class Gearmand:
    name = "gearmand"

    def __init__(self, build):
        self.server = found("gearmand")
        self.missing = None if self.server and (build / "bench/gearman_peer").exists() else \
            "gearmand and libgearman are not there (gearman-job-server, libgearman-dev)"

    def start(self, run):
        with socket.create_server(("127.0.0.1", 0)) as free:  # gearmand cannot say what it got
            self.port = free.getsockname()[1]
        run.serve(self.server, "--listen=127.0.0.1", f"--port={self.port}", "--log-file=stderr",
                  "--threads=1")
        wait_for_port(run, self.port)
        run.serve(run.build / "bench/gearman_peer", "worker", self.port).word_after("listening")

    def load(self, run, size, count):
        return run.start("gearman_peer", "client", self.port, size, count, OUTSTANDING)

    def ask(self, run, size, count):
        return run.start("gearman_peer", "ask", self.port, size, count)


class Nats:
    name = "nats"

    def __init__(self, build):
        self.server, self.missing = found("nats-server"), None
        self.program = build / "bench/nats_peer"
        go = found("go")
        if not self.server or not go or not pathlib.Path(GO_PATH).exists():
            self.missing = "NATS is not there (nats-server, golang-go, " \
                           "golang-github-nats-io-go-nats-dev)"
            return
        source = pathlib.Path(__file__).parent / "nats_peer/main.go"
        if self.program.exists() and self.program.stat().st_mtime > source.stat().st_mtime:
            return
        with tempfile.TemporaryDirectory() as cache:
            made = subprocess.run([go, "build", "-o", self.program, source], capture_output=True,
                                  text=True, timeout=300, check=False,
                                  env={"GOPATH": GO_PATH, "GO111MODULE": "off", "GOCACHE": cache,
                                       "GOFLAGS": "-p=2", "HOME": cache, "PATH": "/usr/bin:/bin"})
        if made.returncode != 0:
            self.missing = f"NATS' Go client cannot be built: {made.stderr.strip()[-300:]}"

    def start(self, run):
        self.serve(run)
        run.start("nats_peer", "worker", self.url).word_after("listening")

    def serve(self, run, *options):
        with tempfile.TemporaryDirectory() as directory:
            run.serve(self.server, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", directory,
                      *options)
            while not (files := list(pathlib.Path(directory).glob("*.ports"))) or \
                    "nats://" not in files[0].read_text():
                run.check()
                time.sleep(0.01)
            text = files[0].read_text()
        self.url = "nats://" + text.split("nats://")[1].split('"')[0]

    def load(self, run, size, count):
        return run.start("nats_peer", "client", self.url, size, count, OUTSTANDING)

    def ask(self, run, size, count):
        return run.start("nats_peer", "ask", self.url, size, count)


def wait_for_port(run, port):
    while True:
        run.check()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)


class Peers:
    """Those that are here, found out once; what is missing is told once."""
    known: typing.ClassVar[dict] = {}
    kinds: typing.ClassVar[dict] = {"nats": Nats, "gearmand": Gearmand}

    @classmethod
    def of(cls, build, name):
        if name not in cls.known:
            made = cls.kinds[name](build)
            if made.missing:
                print(f"{name} is left out: {made.missing}", flush=True)
            cls.known[name] = made
        return cls.known[name]

    @classmethod
    def here(cls, build, names):
        return tuple(name for name in names if not cls.of(build, name).missing)


def system_of(build, side):
    if side == "ours":
        return Ours()
    return Raw() if side == "relay" else Peers.of(build, side)


def run_load(build, side, size, count, crowd=1):
    with Run(build) as run:
        system = system_of(build, side)
        if side == "ours":
            system.start(run, workers=crowd)
            return count / system.load(run, size, count, crowd).number_before("seconds")
        system.start(run)
        return count / system.load(run, size, count).number_before("seconds")


def run_plain(build, transport, workers, size, count):
    """Workers without credit: one request at a time each."""
    with tempfile.TemporaryDirectory() as directory, Run(build) as run:
        system = Ours()
        system.start(run, workers=workers, credit=1,
                     endpoint=TCP if transport == "tcp" else f"ipc://{directory}/socket")
        return count / system.load(run, size, count).number_before("seconds")


def run_sockets(build, workers, size, count):
    """The same by plain TCP sockets: no protocol, and nothing that is found out about a message."""
    with Run(build) as run:
        relay = run.start("raw_workers", "relay", workers, size)
        port = relay.word_after("listening")
        run.start("raw_workers", "work", port, workers, size)
        relay.word_after("listening")
        asker = run.start("raw_workers", "ask", port, OUTSTANDING, size, count)
        return count / asker.number_before("seconds")


def run_asker(build, side, size, count, verb="ask"):
    """p50, p99 in microseconds, and how many a second."""
    with Run(build) as run:
        system = system_of(build, side)
        if side == "relay":
            system.start_sized(run, size)
        else:
            system.start(run)
        asker = system.ask(run, size, count, verb) if side == "ours" else \
            system.ask(run, size, count)
        return tuple(asker.number_before(word) for word in ("p50", "p99", "a_second"))


def memory_of_waiting(build, before, workers, settled):
    """Resident octets of the broker for each worker that waits, without the first ones."""
    with Run(build) as run:
        broker = run.start("ours_majordomo", "broker", TCP)
        endpoint = broker.word_after("listening")
        resident = []
        for count in (before, workers):
            run.start("ours_majordomo", "worker", endpoint, count, 1).word_after("ready")
            resident.append(settled(run, broker.pid))
        return (resident[1] - resident[0]) / workers


__all__ = ["Failed", "Peers", "memory_of_waiting", "run_asker", "run_load", "run_plain",
           "run_sockets"]
