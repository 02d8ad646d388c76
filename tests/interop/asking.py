"""Clients of the tests with cut cables: processes that ask, and what is known of their replies."""

import os
import threading
import time

import harness  # found by whoever imports this

# Tells who replies, and when: /proc/uptime is one clock for all the hosts, and ticks so often.
TICK = 0.01  # s
JOB = 'read body; read now idle </proc/uptime; echo "$body %s $now"'


def uptime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Client(threading.Thread):
    """Takes note of replies: when each was made, and by whom."""

    def __init__(self, body, servers):
        super().__init__()
        self.body, self.servers = body, servers
        self.seen, self.wrong = [], []
        self.more = threading.Condition()

    def take(self, line):
        words = line.split()
        with self.more:
            if len(words) == 3 and words[0] == self.body and words[1] in self.servers:
                self.seen.append((float(words[2]), words[1]))
            else:
                self.wrong.append(line)
            self.more.notify_all()

    def wait_for(self, server, since):
        """A reply by that server, or by any of them (None), made since then."""
        def here():
            return any(when >= since and server in (None, by) for when, by in self.seen[-100:])
        with self.more:
            return self.more.wait_for(here, harness.PATIENCE)


class Patient(Client):
    """One process, whose every request is answered."""

    def __init__(self, body, servers, process):
        super().__init__(body, servers)
        self.process = process
        self.start()

    def run(self):
        with os.fdopen(os.dup(self.process.stdout.fileno())) as lines:
            for line in lines:
                self.take(line)


class Hurried(Client):
    """A new process for each request, which may give up."""

    def __init__(self, body, servers, ask):
        super().__init__(body, servers)
        self.ask = ask
        self.errors, self.done = [], False
        self.start()

    def run(self):
        while not self.done:
            told = self.ask()
            if told.returncode == 0:
                self.take(told.stdout.decode())
            else:
                with self.more:
                    self.errors.append(told.stderr.decode())
                    self.more.notify_all()

    def wait_for_error(self):
        with self.more:
            had = len(self.errors)
            return self.more.wait_for(lambda: len(self.errors) > had, harness.PATIENCE)

    def stop(self):
        self.done = True
        self.join()
