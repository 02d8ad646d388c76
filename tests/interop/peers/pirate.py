#!/usr/bin/python3
"""Plain pirates (the Guide's chapter 4, RFC 6), to test others against: client, queue and worker.

The frames as they are on the wire:

    client   REQ      "" body...                     and the reply likewise
    simple   worker   READY "" 01                    request, reply   "" client "" body...
    paranoid worker   READY 01    HEARTBEAT 02       request, reply   client "" body...

With --words READY and HEARTBEAT are those words, as in the Guide's C++ samples.

The queue does as the Guide's: it gives each request to the worker that has been free longest, takes
any message of a worker for a sign that it is free, heartbeats free workers only, and never gives a
request to a second worker. The worker is silent while it works, counts no silence meanwhile, and
takes exactly three frames, again as the Guide's.

What is wrong with the other side ends a program with status 3 and a line on stderr. SIGTERM ends it
with status 0.
"""

import argparse
import os
import sys
import time

import zmq

sys.dont_write_bytecode = True

import lifetime  # noqa: E402, beside this file

READY, HEARTBEAT = {False: b"\x01", True: b"READY"}, {False: b"\x02", True: b"HEARTBEAT"}
LIVENESS = 3


class Surprise(Exception):
    """The other side sent what it must not."""


def client(args):
    """Asks `count` times, one request at a time, and checks every reply."""
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    if args.correlate:
        socket.setsockopt(zmq.REQ_CORRELATE, 1)
    socket.connect(args.endpoint)
    for number in range(args.count):
        body = [b"%d" % number] + [bytes([n % 256]) * args.size for n in range(1, args.parts)]
        socket.send_multipart(body)
        if not socket.poll(args.timeout):
            raise Surprise(f"no reply to {number}")
        expected = [part.upper() for part in body] if args.upper else body
        got = socket.recv_multipart()
        if got != expected:
            raise Surprise(f"{expected} was answered with {got}")
    print(f"{args.count} ok", flush=True)


class Queue:
    """As many of its workers as are free, oldest first, each with when it is to be forgotten."""

    def __init__(self, args):
        self.paranoid, self.interval = args.kind == "paranoid", args.heartbeat / 1000
        self.signals = {READY[args.words], HEARTBEAT[args.words]}
        self.beat = HEARTBEAT[args.words]
        self.front, self.back = (zmq.Context.instance().socket(zmq.ROUTER) for _ in range(2))
        for socket, endpoint in (self.front, args.front), (self.back, args.back):
            socket.linger = 0
            socket.bind(endpoint)
            print("listening", socket.last_endpoint.decode(), flush=True)
        self.free = {}

    def run(self):
        beat_at = time.monotonic() + self.interval
        while True:
            if self.back.poll(10):
                self.from_worker(self.back.recv_multipart())
            if self.free and self.front.poll(0):
                self.from_client(self.front.recv_multipart())
            now = time.monotonic()
            if self.paranoid:
                self.free = {w: ends for w, ends in self.free.items() if ends > now}
                if now >= beat_at:
                    beat_at = now + self.interval
                    for worker in self.free:
                        self.back.send_multipart([worker, self.beat])

    def from_worker(self, frames):
        worker, *rest = frames
        if not self.paranoid:
            if rest[:1] != [b""]:
                raise Surprise(f"no delimiter: {frames}")
            rest = rest[1:]
        self.free.pop(worker, None)
        self.free[worker] = time.monotonic() + LIVENESS * self.interval
        if len(rest) == 1:
            if rest[0] not in self.signals:
                raise Surprise(f"neither READY nor HEARTBEAT: {frames}")
        elif b"" not in rest[1:-1]:
            raise Surprise(f"no reply: {frames}")
        else:
            self.front.send_multipart(rest)

    def from_client(self, frames):
        worker = next(iter(self.free))
        del self.free[worker]
        self.back.send_multipart([worker] + ([] if self.paranoid else [b""]) + frames)


class Silent(Exception):
    """The queue was not heard of for too long."""


class Worker:
    """One connection to a queue."""

    def __init__(self, args):
        self.args, self.paranoid, self.interval = args, args.kind == "paranoid", args.heartbeat / 1000
        self.socket = zmq.Context.instance().socket(zmq.DEALER if self.paranoid else zmq.REQ)
        self.socket.linger = 0
        self.socket.connect(args.endpoint)
        self.socket.send(READY[args.words])
        print("ready", flush=True)

    def run(self):
        left, beat_at = LIVENESS, time.monotonic() + self.interval
        while True:
            if self.socket.poll(self.interval * 1000 if self.paranoid else None):
                self.take(self.socket.recv_multipart())
                left = LIVENESS
            else:
                left -= 1
                if left == 0:
                    self.socket.close()
                    raise Silent
            if self.paranoid and time.monotonic() >= beat_at:
                beat_at = time.monotonic() + self.interval
                self.socket.send(HEARTBEAT[self.args.words])

    def take(self, frames):
        if self.paranoid and frames == [HEARTBEAT[self.args.words]]:
            return
        if len(frames) != 3 and not (len(frames) > 3 and self.args.parts):
            raise Surprise(f"not three frames: {frames}")
        if frames[1] != b"" or frames[0] == b"":
            raise Surprise(f"no address: {frames}")
        if self.args.words and b"\0" in frames[0]:
            raise Surprise(f"a C string would end within {frames[0]}")
        print("working", flush=True)
        time.sleep(self.args.delay)
        body = [part.upper() for part in frames[2:]] if self.args.upper else frames[2:]
        self.socket.send_multipart(frames[:2] + body)


def worker(args):
    while True:
        try:
            Worker(args).run()
        except Silent:
            pass


def main():
    options = argparse.ArgumentParser(description="A plain pirate.")
    roles = options.add_subparsers(dest="role", required=True)
    one = roles.add_parser("client")
    one.add_argument("endpoint")
    one.add_argument("--count", type=int, default=1)
    one.add_argument("--parts", type=int, default=1)
    one.add_argument("--size", type=int, default=10)
    one.add_argument("--timeout", type=int, default=30_000, metavar="MS")
    one.add_argument("--correlate", action="store_true")
    one.add_argument("--upper", action="store_true", help="expect it")
    for name in "queue", "worker":
        one = roles.add_parser(name)
        one.add_argument("kind", choices=["simple", "paranoid"])
        one.add_argument("--heartbeat", type=float, default=1000, metavar="MS")
        one.add_argument("--words", action="store_true")
        if name == "queue":
            one.add_argument("--front", default="tcp://127.0.0.1:*")
            one.add_argument("--back", default="tcp://127.0.0.1:*")
        else:
            one.add_argument("endpoint")
            one.add_argument("--delay", type=float, default=0, metavar="S")
            one.add_argument("--upper", action="store_true")
            one.add_argument("--parts", action="store_true", help="take bodies of several")
    args = options.parse_args()

    lifetime.die_with_parent()
    lifetime.end_at_sigterm()
    try:
        {"client": client, "queue": lambda a: Queue(a).run(), "worker": worker}[args.role](args)
    except Surprise as surprise:
        print("pirate:", surprise, file=sys.stderr)
        os._exit(3)


if __name__ == "__main__":
    main()
