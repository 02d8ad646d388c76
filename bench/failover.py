"""The benchmarks of Binary Star and Freelance: fail-overs one after the other, and what a request takes."""
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

from processes import Run

FAIL_OVERS = 10  # of a run
HEARTBEAT, PEER_TIMEOUT, TIMEOUT, SETTLE, ANOTHER_AFTER = 100, 250, 200, 250, 100  # ms
TCP = "tcp://127.0.0.1:*"
OTHER = {"primary": "backup", "backup": "primary"}


def end(run, server):
    """By our own hand: it has not failed."""
    run.servers.remove(server)
    server.process.kill()
    server.process.wait()
    server.tell_no_more()
    server.process.stdout.close()
    server.errors.close()


class Pair:
    """Of a Binary Star; the active one is who is in trouble."""

    def __init__(self, run, folder):
        self.run, self.folder = run, folder
        self.ends = dict.fromkeys(OTHER, TCP)
        self.halves = {}
        for role in OTHER:
            self.start(role)
        self.settle()

    def path(self, role, what):
        return f"ipc://{self.folder}/{role}-{what}"

    def start(self, role):
        half = self.run.serve(
            self.run.build / "patterns/cli/mizzen", "star", role, "--echo", "--bind", self.ends[role],
            "--publish", self.path(role, "link"), "--peer", self.path(OTHER[role], "link"),
            "--control", self.path(role, "control"), "--heartbeat", HEARTBEAT, "--peer-timeout",
            PEER_TIMEOUT)
        self.ends[role] = half.word_after("listening")
        self.halves[role] = half

    def client(self):
        return self.run.start("ours_failover", "star", TIMEOUT, SETTLE, *self.ends.values())

    def facts(self, role):
        told = subprocess.run([self.run.build / "patterns/cli/mizzen", "star", "status", "--control",
                               self.path(role, "control")], capture_output=True, text=True,
                              check=False)
        return dict(line.split(" ", 1) for line in told.stdout.splitlines())

    def settle(self):
        """Until both know who is active."""
        while True:
            self.run.check()
            now = {role: self.facts(role) for role in OTHER}
            for role, other in OTHER.items():
                if [now[role].get(key) for key in ("state", "peer")] == ["active", "passive"] and \
                        [now[other].get(key) for key in ("state", "peer")] == ["passive", "active"]:
                    self.active = role
                    return
            time.sleep(0.02)

    def trouble(self, how):
        self.victim = self.active
        if how == "stop":
            self.halves[self.victim].process.send_signal(signal.SIGSTOP)
        else:
            end(self.run, self.halves[self.victim])

    def mend(self, how):
        if how == "stop":
            self.halves[self.victim].process.send_signal(signal.SIGCONT)
        else:
            self.start(self.victim)
        self.settle()


class Servers:
    """Three, model 3; the one that is asked first is who is in trouble."""

    def __init__(self, run, _):
        self.run = run
        self.servers = [self.start(TCP) for _ in range(3)]

    def start(self, endpoint):
        server = self.run.serve(self.run.build / "bench/ours_freelance", "serve", 3, endpoint)
        server.endpoint = server.word_after("listening")
        return server

    def client(self):
        return self.run.start("ours_failover", "freelance", ANOTHER_AFTER,
                              *(server.endpoint for server in self.servers))

    def trouble(self, how):
        if how == "stop":
            self.servers[0].process.send_signal(signal.SIGSTOP)
        else:
            end(self.run, self.servers[0])

    def mend(self, how):
        first = self.servers[0]
        if how == "stop":
            first.process.send_signal(signal.SIGCONT)
        else:
            self.servers[0] = first = self.start(first.endpoint)
        idle = cpu_time(first.pid)
        while cpu_time(first.pid) - idle < 0.005:  # until it is asked again
            self.run.check()
            time.sleep(0.02)


def cpu_time(pid):
    """Of the first thread, in seconds."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def run_fail_overs(build, kind, how):
    """Their times in milliseconds: half of them, the longest one; and how many requests were lost."""
    with tempfile.TemporaryDirectory() as folder, Run(build) as run:
        servers = kind(run, folder)
        client = servers.client()
        taken, lost = [], 0
        client.tell("before")
        client.number_before("lost")
        for _ in range(FAIL_OVERS):
            servers.trouble(how)
            client.tell("trouble")
            taken.append(client.number_before("milliseconds"))
            lost += client.number_before("lost")
            servers.mend(how)
            client.tell("mended")
            lost += client.number_before("lost")
        run.wait()
        return statistics.median(taken), max(taken), lost


def run_model(build, model, size, count):
    """What a request takes until it is answered, in microseconds."""
    with Run(build) as run:
        ends = [run.serve(build / "bench/ours_freelance", "serve", model, TCP).word_after("listening")
                for _ in range(3)]
        return 1e6 / run.start("ours_freelance", "ask", model, size, count, *ends) \
            .number_before("a_second")
