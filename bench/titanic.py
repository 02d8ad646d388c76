"""Titanic's benchmarks: ours inside a broker beside beanstalkd and JetStream, and the store by itself."""
import contextlib
import pathlib
import socket
import tempfile
import time

from majordomo import Nats, Peers, found, wait_for_port
from processes import Run

PIPELINED = 4000  # submissions of all clients together that are not acknowledged yet
TCP = "tcp://127.0.0.1:*"
SYNCS = 1.3  # of a bare one, that an acknowledgement may take beside the broker's round trip


@contextlib.contextmanager
def on_disk(build):
    """A folder on the disk that the build is on, since /tmp may be memory."""
    with tempfile.TemporaryDirectory(prefix="bench-titanic-", dir=build) as folder:
        yield pathlib.Path(folder)


class Ours:
    """`mizzen broker --titanic`, which syncs each group before it acknowledges what is in it."""

    def start(self, run, folder):
        server = run.serve(run.build / "patterns/cli/mizzen", "broker", "--bind", TCP, "--titanic",
                           folder / "store")
        self.endpoint, self.pid = server.word_after("listening"), server.pid

    def load(self, run, size, count, clients):
        return run.start("ours_titanic", "client", self.endpoint, clients, PIPELINED // clients,
                         size, count)

    def ask(self, run, size, count, verb="ask"):
        return run.start("ours_titanic", verb, self.endpoint, size, count)


class Beanstalkd:
    """With its binlog, synced at each write."""
    name = "beanstalkd"

    def __init__(self, build):
        self.server = found("beanstalkd")
        self.missing = None if self.server else "it is not there (beanstalkd)"

    def start(self, run, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:  # it cannot say what it got
            self.port = free.getsockname()[1]
        binlog = folder / "binlog"
        binlog.mkdir()
        run.serve(self.server, "-l", "127.0.0.1", "-p", self.port, "-b", binlog, "-f", "0")
        wait_for_port(run, self.port)

    def load(self, run, size, count, clients):
        return run.start("beanstalk_peer", "client", self.port, clients, PIPELINED // clients, size,
                         count)

    def ask(self, run, size, count):
        return run.start("beanstalk_peer", "ask", self.port, size, count)


class JetStream(Nats):
    """A stream in files, which the server syncs every two minutes unless told otherwise."""
    name = "jetstream"

    def start(self, run, folder):
        self.serve(run, "-js", "-sd", folder / "jetstream")

    def load(self, run, size, count, clients):
        return run.start("nats_peer", "store", self.url, clients, PIPELINED // clients, size, count)

    def ask(self, run, size, count):
        return run.start("nats_peer", "ask-stream", self.url, size, count)


Peers.kinds |= {"beanstalkd": Beanstalkd, "jetstream": JetStream}


def system_of(build, side):
    return Ours() if side == "ours" else Peers.of(build, side)


def run_load(build, side, size, count, clients):
    """Acknowledgements a second."""
    system = system_of(build, side)
    with on_disk(build) as folder, Run(build) as run:
        system.start(run, folder)
        seconds = system.load(run, size, count, clients).number_before("seconds")
        run.wait()
        return count / seconds


def percentiles(asker):
    return tuple(asker.number_before(word) for word in ("p50", "p99"))


def run_asker(build, side, size, count):
    """p50 and p99 of one at a time, in microseconds."""
    if side == "append":
        return run_append(build, size, count)
    if side == "allowed":
        return run_allowed(build, size, count)
    system = system_of(build, side)
    with on_disk(build) as folder, Run(build) as run:
        system.start(run, folder)
        taken = percentiles(system.ask(run, size, count))
        run.wait()
        return taken


def run_append(build, size, count):
    """The same of a bare append and sync, to a file that has its room."""
    with on_disk(build) as folder, Run(build) as run:
        taken = percentiles(run.start("ours_titanic", "append", folder, size, count))
        run.wait()
        return taken


def run_allowed(build, size, count):
    """What an acknowledgement may take: the broker's round trip, and somewhat more than a sync."""
    with on_disk(build) as folder, Run(build) as run:
        ours = Ours()
        ours.start(run, folder)
        asked = percentiles(ours.ask(run, size, count, "ask-broker"))
        run.wait()
    return tuple(trip + SYNCS * sync for trip, sync in
                 zip(asked, run_append(build, size, count)))


def run_recovery(build, side, size, count, settled):
    """Seconds until a store is there again; octets of memory and of disk for each open request."""
    with on_disk(build) as folder:
        with Run(build) as run:
            disk = run.start("ours_titanic", "fill", folder / "store", size,
                             count).number_before("disk_octets")
            run.wait()
        with Run(build) as run:
            recover = recover_store if side == "store" else recover_broker
            seconds, pid = recover(run, folder, count)
            memory = settled(run, pid) / count
        return seconds, memory, disk


def recover_store(run, folder, count):
    """By itself; its process is told to end when the run does."""
    reader = run.start("ours_titanic", "recover", folder / "store", count)
    return reader.number_before("seconds"), reader.pid


def recover_broker(run, folder, _):
    """From the start of its process until it listens."""
    begun = time.monotonic()
    ours = Ours()
    ours.start(run, folder)
    return time.monotonic() - begun, ours.pid
