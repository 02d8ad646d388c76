#!/usr/bin/python3
"""A plain Majordomo (MDP 0.1, RFC 7) client, to test brokers against.

Requests and replies alike are, on the wire, the frames

    "" MDPC01 service body...

A REQ socket adds and strips the first one itself (and drops a reply without it, unseen); with
--dealer the client writes it and checks it. Each socket has one request outstanding, for MDP has
no request number. A request without a reply is sent again on a new socket. With --pipeline N there
are N sockets.
No two requests have the same body while --size leaves room for the number that begins each part.
It prints `N ok` and ends with status 0 once every reply was right, 1 when the attempts for one
request are used up, 3 when a reply is not what it must be.
"""

import argparse
import hashlib
import math
import os
import signal
import sys
import time

import zmq

sys.dont_write_bytecode = True

import lifetime  # noqa: E402, beside this file

HEADER = b"MDPC01"
FILLING = b"abcdefghijklmnopqrstuvwxyz"

EXPECTED = {
    "echo": lambda body: body,
    "upper": lambda body: [part.upper() for part in body],
    "sha256": lambda body: [hashlib.sha256(b"".join(body)).hexdigest().encode()],
    "any": None,
}


class TimedOut(Exception):
    """No reply to any of the attempts."""


class Surprise(Exception):
    """A reply is not what it must be."""


def part(number, index, size):
    label = b"%d.%d.%d " % (number, index, os.getpid())
    return (label + FILLING * (size // len(FILLING) + 1))[:size]


class Lane:
    """One socket with at most one request outstanding."""

    def __init__(self, args):
        self.args, self.socket, self.body = args, None, None

    def request(self, number):
        self.number, self.attempts = number, 0
        self.body = [part(number, i, self.args.size) for i in range(self.args.parts)]
        self.send()

    def send(self):
        if self.socket is None:
            self.socket = zmq.Context.instance().socket(zmq.DEALER if self.args.dealer else zmq.REQ)
            self.socket.linger = 0
            self.socket.connect(self.args.endpoint)
        delimiter = [b""] if self.args.dealer else []
        self.socket.send_multipart([*delimiter, HEADER, os.fsencode(self.args.service), *self.body])
        self.attempts += 1
        self.deadline = time.monotonic() + self.args.timeout / 1000

    def retry_if_due(self, now):
        if now < self.deadline:
            return
        if self.attempts > self.args.retries:
            raise TimedOut(f"no reply to request {self.number}, sent {self.attempts} time(s)")
        self.close()
        self.send()

    def receive(self):
        frames = self.socket.recv_multipart()
        head = [b""] if self.args.dealer else []
        head += [HEADER, os.fsencode(self.args.service)]
        body = frames[len(head):]
        expected = EXPECTED[self.args.expect]
        if frames[:len(head)] != head or not body:
            self.surprise("is not an MDPC01 reply of the service", frames)
        if expected and body != expected(self.body):
            self.surprise("has the wrong body", frames)

    def surprise(self, what, frames):
        raise Surprise(f"reply to request {self.number} {what}: {[f[:64] for f in frames[:8]]}")

    def close(self):
        self.socket.close()
        self.socket = None


def run(args):
    waiting = [Lane(args) for _ in range(min(args.pipeline, args.count))]
    for number, lane in enumerate(waiting):
        lane.request(number)
    sent = len(waiting)
    while waiting:
        poller = zmq.Poller()
        for lane in waiting:
            poller.register(lane.socket, zmq.POLLIN)
        wait = max(0, min(lane.deadline for lane in waiting) - time.monotonic())
        readable = dict(poller.poll(math.ceil(wait * 1000)))
        for lane in list(waiting):
            if lane.socket not in readable:
                lane.retry_if_due(time.monotonic())
                continue
            lane.receive()
            if sent < args.count:
                lane.request(sent)
                sent += 1
            else:
                waiting.remove(lane)
                lane.close()


def main():
    options = argparse.ArgumentParser(description="A plain MDP 0.1 client.")
    options.add_argument("service")
    options.add_argument("endpoint")
    options.add_argument("--count", type=int, default=1, metavar="N", help="requests")
    options.add_argument("--size", type=int, default=32, metavar="N", help="octets in a body part")
    options.add_argument("--parts", type=int, default=1, metavar="N", help="body parts")
    options.add_argument("--timeout", type=float, default=2500, metavar="MS", help="of an attempt")
    options.add_argument("--retries", type=int, default=2, metavar="N", help="after the first try")
    options.add_argument("--pipeline", type=int, default=1, metavar="N", help="sockets")
    options.add_argument("--dealer", action="store_true", help="DEALER instead of REQ")
    options.add_argument("--expect", choices=EXPECTED, default="echo")
    args = options.parse_args()

    lifetime.die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        run(args)
    except (TimedOut, Surprise) as error:
        print("mdp_client:", error, file=sys.stderr)
        sys.exit(3 if isinstance(error, Surprise) else 1)
    print(args.count, "ok", flush=True)


if __name__ == "__main__":
    main()
