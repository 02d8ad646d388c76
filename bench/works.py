"""What is measured: each Work knows its cases, how to run one of them once, and its budgets."""
import dataclasses
import math
import pathlib
import resource
import tempfile
import time
import typing

import failover
import majordomo
import titanic
from processes import Failed, Run, processors_time

SIDES = ("ours", "libzmq")
SIZES = (16, 64, 256, 1024, 4096, 65536, 1048576)  # octets of a body
ROUND_TRIP_SIZES = (16, 1024, 65536)


class Skipped(Exception):
    """The machine cannot do it."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """One of the figures that a run has."""
    unit: str
    more_is_better: bool
    shown_in: str  # a table's unit, in which `show` says it
    show: typing.Callable[[float], str]
    suffix: str = ""  # behind the benchmark's name


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a ratio is to keep to, and ours by itself."""
    at_least: float = 0
    at_most: float = math.inf
    ours_at_most: float = math.inf
    ours_at_least: float = 0

    def met(self, ratio, ours):
        """`ratio` is to the first of the others, if there is one."""
        kept = ratio is None or self.at_least <= ratio <= self.at_most
        return kept and self.ours_at_least <= ours <= self.ours_at_most

    def __str__(self):
        words = [f"at least {self.at_least:.3g}"] if self.at_least else []
        words += [f"at most {self.at_most:.3g}"] if self.at_most < math.inf else []
        words += [f"ours {self.ours_at_most:.0f}"] if self.ours_at_most < math.inf else []
        words += [f"ours at least {self.ours_at_least:.0f}"] if self.ours_at_least else []
        return ", ".join(words)


class Work:
    """One kind of benchmark. A case's full name is the work's, a slash, and the case."""
    sides = SIDES
    case_is = "octets"
    cases: tuple = ()
    quick: tuple = ()  # the cases that `quick` runs
    budgets: typing.ClassVar[dict] = {}  # of the first metric
    part_of = ""  # what `bench/run` also runs it as a part of
    counts = False  # whether a run's length is ours to choose: run() has a count of things to do

    def __init__(self, name, metrics):
        self.name, self.metrics = name, metrics

    def full_name(self, case):
        return f"{self.name}/{case}" if case else self.name

    def sides_of(self, build, case):
        """Those of `sides` that this case is for, and that are here."""
        return self.sides

    def ratio_name(self, case, metric, side):
        """What ours divided by that side's is called; None if nobody is to be told."""
        return self.full_name(case) + metric.suffix

    def run(self, build, side, case, count):
        """Once; the figures, one for each metric."""
        raise NotImplementedError


MESSAGES = Metric("messages/s", True, "million messages/s", lambda figure: f"{figure / 1e6:.3f}")
MICROSECONDS = Metric("microseconds", False, "microseconds a round trip",
                      lambda figure: f"{figure:.1f}")


class Counted(Work):
    """Runs last as long as they are meant to: how many things take that long is found by trying."""
    counts = True
    most = 100_000_000

    def fewest(self, case):
        return 1_000

    def per_second(self, figure):
        return figure


class BetweenTwo(Counted):
    """Two sockets: in two processes, or over inproc in two threads of one.

    `program` is the end of each side's program's name; `verbs` are what its binder and its
    connecter are told, and the one at `reporter` says the figure. `api` is which of our interfaces
    libzmq's only one is compared with, if not the asynchronous one.
    """

    def __init__(self, transport, types, metric, api, program, verbs, reporter):
        super().__init__("/".join(filter(None, (api, transport, types))), (metric,))
        self.transport, self.types = transport, dict.fromkeys(SIDES, types)
        self.programs = {"ours": "_".join(filter(None, ("ours", api, program))),
                         "libzmq": f"libzmq_{program}"}
        self.verbs, self.reporter = verbs, reporter

    def read_figure(self, reporter, count):
        raise NotImplementedError

    def run(self, build, side, case, count):
        binds, connects = self.verbs
        program, types = self.programs[side], self.types[side]
        with tempfile.TemporaryDirectory() as directory, Run(build) as run:
            if self.transport == "inproc":
                both = run.start(program, "both", types, "inproc://bench", case, count)
                return (self.read_figure(both, count),)
            wanted = {"tcp": "tcp://127.0.0.1:*", "ipc": f"ipc://{directory}/socket"}
            binder = run.start(program, binds, types, wanted[self.transport], case, count)
            endpoint = binder.word_after("listening")
            connecter = run.start(program, connects, types, endpoint, case, count)
            figure = self.read_figure((binder, connecter)[self.reporter], count)
            run.wait()  # before the directory goes
            return (figure,)


class Throughput(BetweenTwo):
    """One way."""
    cases = SIZES

    def __init__(self, transport, types, quick=(), budgets=None, api=""):
        super().__init__(transport, types, MESSAGES, api, "throughput", ("receive", "send"), 0)
        self.quick, self.budgets = quick, budgets or {}

    def fewest(self, case):
        return max(128, min(5_000, 2**27 // case))

    def read_figure(self, reporter, count):
        return (count - 1) / reporter.number_before("seconds")


class Protected(Throughput):
    """One way by CURVE; also what that costs ours beside NULL."""
    sides = ("ours", "libzmq", "null")
    cases = (16, 1024, 65536)

    def __init__(self, quick, budgets):
        super().__init__("tcp", "push-pull", quick, budgets)
        self.name = f"curve/{self.name}"
        self.types = {side: "curve/push-pull" for side in SIDES} | {"null": "push-pull"}
        self.programs["null"] = self.programs["ours"]

    def ratio_name(self, case, metric, side):
        return self.full_name(case) + ("" if side == "libzmq" else f"/{side}")


class RoundTrip(BetweenTwo):
    cases = ROUND_TRIP_SIZES
    most = 1_000_000

    def __init__(self, transport, types, cases=ROUND_TRIP_SIZES, quick=(), budget=None, api="",
                 libzmq_types=None):
        super().__init__(transport, types, MICROSECONDS, api, "round_trip", ("answer", "ask"), 1)
        self.cases, self.quick, self.budgets = cases, quick, dict.fromkeys(cases, budget)
        self.types["libzmq"] = libzmq_types or types

    def per_second(self, figure):
        return 1e6 / figure

    def read_figure(self, reporter, count):
        return reporter.number_before("microseconds")


class Scale(Counted):
    """Two independent pairs of PUSH and PULL in one process, on one loop or on two."""
    sides = ("ours",)
    case_is = "loops"
    cases = (1, 2)
    size = 64

    def __init__(self):
        super().__init__("scale/io-threads", (MESSAGES,))

    def run(self, build, side, case, count):
        with Run(build) as run:
            return (count / run.start("ours_scale", case, self.size, count)
                    .number_before("seconds"),)


class ManyPeers(Work):
    """A host of either side, with peers that one program plays for both."""
    size = 64
    in_one_process = 5_000
    spare = 200  # descriptors besides the peers'

    def start_crowd(self, run, endpoint, kind, peers):
        """The processes and how many peers each of them is to play."""
        crowd = []
        for first in range(0, peers, self.in_one_process):
            count = min(peers - first, self.in_one_process)
            crowd.append((run.start("raw_peers", endpoint, kind, self.size, first), count))
        return crowd

    def need_descriptors(self, peers):
        _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY and limit < peers + self.spare:
            raise Skipped(f"{peers + self.spare} descriptors are needed, and {limit} allowed")


class ConnectStorm(ManyPeers):
    """Until as many DEALERs are through their handshake and have been answered by a ROUTER."""
    case_is = "peers"
    cases = (5_000,)

    def __init__(self):
        seconds = Metric("seconds", False, "seconds", lambda figure: f"{figure:.3f}")
        super().__init__("tcp/connect-storm", (seconds,))

    def run(self, build, side, case, count):
        self.need_descriptors(case)
        with Run(build) as run:
            host = run.start(f"{side}_host", "answer", "tcp://127.0.0.1:*")
            [(crowd, _)] = self.start_crowd(run, host.word_after("listening"), "dealer", case)
            crowd.tell(f"meet {case}")
            seconds = crowd.number_before("seconds")
            crowd.tell("farewell")
            return (seconds,)


class IdlePeer(ManyPeers):
    """Resident memory of a ROUTER for each DEALER that has been answered and is idle."""
    cases = ("",)
    case_is = ""
    before, peers = 100, 2_000  # those before are there when counting starts
    budgets: typing.ClassVar[dict] = {"": Budget(at_most=1 / 6, ours_at_most=4096)}

    def __init__(self):
        octets = Metric("octets", False, "octets a peer", lambda figure: f"{figure:.0f}")
        super().__init__("memory/router-idle-peer", (octets,))

    def run(self, build, side, case, count):
        self.need_descriptors(self.before + self.peers)
        with Run(build) as run:
            host = run.start(f"{side}_host", "answer", "tcp://127.0.0.1:*")
            everybody = self.before + self.peers
            [(crowd, _)] = self.start_crowd(run, host.word_after("listening"), "dealer", everybody)
            resident = []
            for step in (self.before, self.peers):
                crowd.tell(f"meet {step}")
                crowd.number_before("seconds")
                resident.append(settled_memory(run, host.pid))
            crowd.tell("farewell")
            return ((resident[1] - resident[0]) / self.peers,)


class FanIn(ManyPeers):
    """All peers send as fast as they can to one PULL: what it takes, and what that costs."""
    case_is = "peers"
    cases = (1, 10, 100, 1_000, 10_000)
    messages = 4_000_000  # of all peers: the same for both sides, since memory depends on it

    def __init__(self):
        octets = Metric("octets", False, "octets a peer at the worst time",
                        lambda figure: f"{figure:.0f}", "/memory")
        super().__init__("tcp/fan-in", (MESSAGES, octets))

    def run(self, build, side, case, count):
        self.need_descriptors(case)
        with Run(build) as run:
            host = run.start(f"{side}_host", "count", "tcp://127.0.0.1:*", case, self.size,
                             self.messages)
            endpoint = host.word_after("listening")
            before = memory_now(host.pid)
            crowd = self.start_crowd(run, endpoint, "push", case)
            for peers, number in crowd:
                peers.tell(f"meet {number}")
            for peers, _ in crowd:
                peers.number_before("seconds")
            for peers, _ in crowd:
                peers.tell(f"flood {self.messages // case}")
            seconds = host.number_before("seconds")
            most = (peak_memory(host.pid) - before) / case
            crowd[0][0].tell("farewell")
            return (self.messages - 1) / seconds, most


class Comers(Counted):
    """Clients by CURVE that connect, are let in, send one message and close, so many at once."""
    case_is = ""
    cases = ("",)
    at_once = 16
    most = 20_000
    size = 12

    def __init__(self):
        super().__init__("curve/tcp/handshakes", (
            Metric("handshakes/s", True, "thousand handshakes/s",
                   lambda figure: f"{figure / 1e3:.2f}"),))

    def run(self, build, side, case, count):
        with Run(build) as run:
            host = run.start(f"{side}_host", "curve/count", "tcp://127.0.0.1:*", count + 1,
                             self.size, count)
            run.start(f"{side}_comers", "curve/come", host.word_after("listening"), count,
                      self.at_once)
            return ((count - 1) / host.number_before("seconds"),)


def field_of(path, name):
    """Of /proc, in octets."""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise Failed(f"{path} has no {name}")


def memory_now(pid):
    return field_of(f"/proc/{pid}/smaps_rollup", "Rss")


def peak_memory(pid):
    return field_of(f"/proc/{pid}/status", "VmHWM")


def settled_memory(run, pid, still=1.5):
    """Once it has not changed for that many seconds: memory may be given back after a while."""
    octets, since = memory_now(pid), time.monotonic()
    while time.monotonic() - since < still:
        run.check()
        time.sleep(0.05)
        now = memory_now(pid)
        if now != octets:
            octets, since = now, time.monotonic()
    return octets


REQUESTS = Metric("requests/s", True, "thousand requests/s", lambda figure: f"{figure / 1e3:.1f}")


class BesidePeers(Counted):
    """Ours is always there, the peers where Debian's packages are."""

    def ratio_name(self, case, metric, side):
        first = case == self.cases[0]
        return f"{self.name if first else self.full_name(case)}/{side}{metric.suffix}"


class Majordomo(BesidePeers):
    def __init__(self, name, metrics):
        super().__init__(f"majordomo/{name}", metrics)


class Requests(Majordomo):
    """As many at a time as may be; a case is the size, and how many clients and workers there are."""
    sides = ("ours", "nats", "gearmand")
    case_is = "octets x clients and workers"
    cases = tuple(f"{size}x{crowd}" for crowd in (1, 10, 100) for size in (16, 1024, 65536))
    quick = ("16x1",)
    budgets: typing.ClassVar[dict] = {"16x1": Budget(ours_at_least=1e6)}

    def __init__(self):
        super().__init__("async", (REQUESTS,))

    def sides_of(self, build, case):
        peers = majordomo.Peers.here(build, self.sides[1:]) if case.endswith("x1") else ()
        return ("ours", *peers)

    def run(self, build, side, case, count):
        size, crowd = map(int, case.split("x"))
        return (majordomo.run_load(build, side, size, count, crowd),)


class OneAtATime(Majordomo):
    """Beside four hops over TCP through a relay."""
    sides = ("ours", "relay", "nats", "gearmand")
    cases = (16, 1024, 65536)
    quick = (16,)
    most = 20_000
    budgets: typing.ClassVar[dict] = dict.fromkeys((16, 1024), Budget(at_most=1.15))

    def __init__(self):
        p99 = Metric("microseconds", False, "microseconds, 99 of 100",
                     lambda figure: f"{figure:.1f}", "/p99")
        super().__init__("sync", (MICROSECONDS, p99))

    def sides_of(self, build, case):
        return ("ours", "relay", *majordomo.Peers.here(build, self.sides[2:]))

    def per_second(self, figure):
        return 1e6 / figure

    def run(self, build, side, case, count):
        return majordomo.run_asker(build, side, case, count)[:2]


class PlainWorkers(Majordomo):
    """A hundred workers without credit, one of them, and, over tcp, a hundred without a protocol."""
    case_is = "workers"
    cases = (100,)
    budgets: typing.ClassVar[dict] = {100: Budget(5)}

    def __init__(self, transport):
        kernel = Metric("microseconds", False, "microseconds in the kernel",
                        lambda figure: f"{figure:.1f}", "/kernel")
        super().__init__("plain-workers" + ("" if transport == "tcp" else f"-{transport}"),
                         (REQUESTS, kernel))
        self.transport = transport
        self.sides = ("ours", "one-worker", *(("sockets",) if transport == "tcp" else ()))

    def run(self, build, side, case, count):
        before = processors_time(kernel_only=True)
        if side == "sockets":
            rate = majordomo.run_sockets(build, case, 16, count)
        else:
            workers = case if side == "ours" else 1
            rate = majordomo.run_plain(build, self.transport, workers, 16, count)
        return rate, (processors_time(kernel_only=True) - before) / count * 1e6


class Tripping(Majordomo):
    """Many requests at a time, and one at a time: by the asynchronous client, by the blocking one."""
    sides = ("ours", "sync", "blocking")
    cases = (16,)

    def __init__(self):
        super().__init__("tripping", (REQUESTS,))

    def run(self, build, side, case, count):
        if side == "ours":
            return (majordomo.run_load(build, "ours", case, count),)
        verb = "ask" if side == "sync" else "ask-blocking"
        return (majordomo.run_asker(build, "ours", case, min(count, 20_000), verb)[2],)


class WaitingWorker(ManyPeers):
    """Resident memory of the broker for each worker that is registered and waits."""
    sides = ("ours",)
    cases = ("",)
    case_is = ""
    before, workers = 100, 2_000

    def __init__(self):
        octets = Metric("octets", False, "octets a worker", lambda figure: f"{figure:.0f}")
        super().__init__("majordomo/memory/waiting-worker", (octets,))

    def run(self, build, side, case, count):
        self.need_descriptors(self.before + self.workers)
        return (majordomo.memory_of_waiting(build, self.before, self.workers, settled_memory),)


class Titanic(BesidePeers):
    def __init__(self, name, metrics):
        super().__init__(f"titanic/{name}", metrics)


class Durable(Titanic):
    """Requests that are on the disk before they are acknowledged, as many at a time as may be."""
    sides = ("ours", "beanstalkd", "jetstream")
    case_is = "octets x clients"
    cases = tuple(f"{size}x{clients}" for clients in (1, 10, 100) for size in (100, 1024))
    quick = ("100x1",)
    budgets: typing.ClassVar[dict] = {"100x1": Budget(ours_at_least=200_000)}
    most = 2_000_000

    def __init__(self):
        super().__init__("durable", (REQUESTS,))

    def sides_of(self, build, case):
        return ("ours", *majordomo.Peers.here(build, self.sides[1:]))

    def run(self, build, side, case, count):
        size, clients = map(int, case.split("x"))
        return (titanic.run_load(build, side, size, count, clients),)


class Acknowledged(Titanic):
    """One at a time, beside what it may take, and a bare append and sync."""
    sides = ("ours", "allowed", "append", "beanstalkd", "jetstream")
    cases = (100, 1024)
    quick = (100,)
    most = 20_000
    budgets: typing.ClassVar[dict] = {100: Budget(at_most=1)}

    def __init__(self):
        p99 = Metric("microseconds", False, "microseconds, 99 of 100",
                     lambda figure: f"{figure:.1f}", "/p99")
        super().__init__("sync", (MICROSECONDS, p99))

    def sides_of(self, build, case):
        return (*self.sides[:3], *majordomo.Peers.here(build, self.sides[3:]))

    def per_second(self, figure):
        return 1e6 / figure

    def fewest(self, case):
        return 200

    def run(self, build, side, case, count):
        return titanic.run_asker(build, side, case, count)


class Recovery(Titanic):
    """A broker with a store of so many open requests, and such a store by itself: how long it takes to
    open, what it takes of memory, and of the disk."""
    sides = ("ours", "store")
    case_is = "open requests of 100 octets"
    cases = (1_000_000,)
    budgets: typing.ClassVar[dict] = {1_000_000: Budget(ours_at_most=3)}

    def __init__(self):
        super().__init__("recovery", (
            Metric("seconds", False, "seconds", lambda figure: f"{figure:.3f}"),
            Metric("octets", False, "octets of memory a request", lambda figure: f"{figure:.1f}",
                   "/memory"),
            Metric("octets", False, "octets on the disk a request", lambda figure: f"{figure:.1f}",
                   "/disk")))

    def run(self, build, side, case, count):
        return titanic.run_recovery(build, side, 100, case, settled_memory)


class FailOver(Work):
    """Ten fail-overs a run, fifty of all: how long the client was without a reply."""
    sides = ("ours",)
    case_is = "what happens to the one that serves"
    cases = ("kill", "stop")
    part_of = "failover"

    def __init__(self, pattern, kind):
        def in_milliseconds(figure):
            return f"{figure:.1f}"
        super().__init__(f"failover/{pattern}", (
            Metric("milliseconds", False, "milliseconds, half of ten", in_milliseconds),
            Metric("milliseconds", False, "milliseconds, the longest of ten", in_milliseconds,
                   "/longest"),
            Metric("requests", False, "requests lost", lambda figure: f"{figure:.0f}", "/lost")))
        self.kind = kind

    def run(self, build, side, case, count):
        return failover.run_fail_overs(build, self.kind, case)


class Freelance(BesidePeers):
    """One request at a time to one of three servers that live, or to all three (shotgun), beside a
    REQ and a REP, which have no other server."""
    sides = ("ours", "req-rep", "libzmq")
    cases = (16, 1024, 65536)
    quick = (16,)
    most = 1_000_000
    part_of = "failover"

    def __init__(self, model, budgets=None):
        cpu = Metric("microseconds", False, "microseconds of all processes' processors",
                     lambda figure: f"{figure:.1f}", "/cpu")
        super().__init__(f"freelance/model{model}", (MICROSECONDS, cpu))
        self.model, self.budgets = model, budgets or {}
        self.plain = RoundTrip("tcp", "req-rep")

    def per_second(self, figure):
        return 1e6 / figure

    def run(self, build, side, case, count):
        before = processors_time()
        if side == "ours":
            trip = failover.run_model(build, self.model, case, count)
        else:
            plain = "ours" if side == "req-rep" else side
            [trip] = self.plain.run(build, plain, case, count)
        return trip, (processors_time() - before) / count * 1e6


RATES = {16: Budget(5), 64: Budget(4), 256: Budget(3), 1024: Budget(3), 4096: Budget(3),
         65536: Budget(1.3), 1048576: Budget(1)}

WORKS = (
    Throughput("tcp", "push-pull", quick=(16, 1024, 65536), budgets=RATES),
    Throughput("ipc", "push-pull", quick=(1024,)),
    Throughput("inproc", "push-pull", quick=(16,), budgets=dict.fromkeys(SIZES, Budget(3))),
    Throughput("tcp", "dealer-router", quick=(16,), budgets=RATES),
    Throughput("ipc", "dealer-router"),
    Throughput("tcp", "pub-sub", quick=(64,)),
    RoundTrip("tcp", "req-rep", quick=(16,), budget=Budget(at_most=0.8)),
    RoundTrip("tcp", "req-rep-busy-poll", cases=(16,), budget=Budget(at_most=0.2),
              libzmq_types="req-rep"),
    RoundTrip("ipc", "req-rep", quick=(16,), budget=Budget(at_most=0.8)),
    RoundTrip("inproc", "req-rep", quick=(16,), budget=Budget(at_most=0.3)),
    Throughput("tcp", "push-pull", budgets={16: Budget(2)}, api="blocking"),
    RoundTrip("tcp", "req-rep", api="blocking"),
    Protected(quick=(16, 1024, 65536),
              budgets={16: Budget(2), 1024: Budget(2), 65536: Budget(1.3)}),
    Comers(),
    IdlePeer(),
    ConnectStorm(),
    FanIn(),
    Scale(),
    Requests(),
    OneAtATime(),
    PlainWorkers("tcp"),
    PlainWorkers("ipc"),
    Tripping(),
    WaitingWorker(),
    Durable(),
    Acknowledged(),
    Recovery(),
    FailOver("star", failover.Pair),
    FailOver("freelance", failover.Servers),
    Freelance(3, {16: Budget(at_most=1.2)}),
    Freelance(2),
)
