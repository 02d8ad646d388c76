#!/usr/bin/python3
"""A plain Majordomo (MDP 0.1, RFC 7) worker, to test brokers against.

One DEALER to one broker; the frames as they are on the wire:

    out   READY 01       "" MDPW01 01 service              REPLY 03   "" MDPW01 03 client "" body...
    in    REQUEST 02     "" MDPW01 02 client "" body...
    both  HEARTBEAT 04   "" MDPW01 04                      DISCONNECT 05   "" MDPW01 05

A reply is the request's body parts echoed, each in upper case (as ASCII), or one part: the hex
SHA-256 of all of them joined. While it works on a request the worker is silent and counts no
missed heartbeats. A DISCONNECT, or three intervals of silence while idle, makes it connect anew on
a new socket at once.
It prints `ready` each time it has sent READY, which nothing answers: a broker may read another's
message first, so ask mmi.service until it says 200 where that matters.
SIGTERM makes it send DISCONNECT, even instead of a reply it is working on, and end with status 0.
Anything a broker must not send ends it with status 3 and a line on stderr; a REQUEST while it works
on another is such a thing.
"""

import argparse
import hashlib
import math
import os
import select
import signal
import sys
import time

import zmq

sys.dont_write_bytecode = True

import lifetime  # noqa: E402, beside this file

HEADER = b"MDPW01"
READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 6))
LIVENESS = 3

HANDLERS = {
    "echo": lambda body: body,
    "upper": lambda body: [part.upper() for part in body],
    "sha256": lambda body: [hashlib.sha256(b"".join(body)).hexdigest().encode()],
}


class Surprise(Exception):
    """The broker sent what MDP does not allow."""


class Disconnected(Exception):
    """The broker ended the conversation, or fell silent."""


class Terminated(Exception):
    """SIGTERM came."""


def parse(frames):
    """The command and, for a REQUEST, its client address and body parts."""
    if len(frames) < 3 or frames[0] != b"" or frames[1] != HEADER:
        raise Surprise("not an MDPW01 message")
    command, rest = frames[2], frames[3:]
    if command == REQUEST:
        if len(rest) < 3 or rest[0] == b"" or rest[1] != b"":
            raise Surprise("REQUEST is not client, empty frame, body")
        return command, rest[0], rest[2:]
    if command not in (HEARTBEAT, DISCONNECT):
        raise Surprise("a command that brokers do not send")
    if rest:
        raise Surprise("HEARTBEAT or DISCONNECT with more frames")
    return command, None, None


class Conversation:
    """From READY on one socket to DISCONNECT, silence or the end of the program."""

    def __init__(self, args, sigterm):
        self.interval = args.heartbeat / 1000
        self.delay, self.handler, self.sigterm = args.delay, HANDLERS[args.handler], sigterm
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(args.endpoint)
        self.send(READY, os.fsencode(args.service))
        print("ready", flush=True)

    def send(self, *frames):
        self.socket.send_multipart([b"", HEADER, *frames])

    def receive(self, flags=0):
        frames = self.socket.recv_multipart(flags)
        try:
            command, client, body = parse(frames)
        except Surprise as surprise:
            raise Surprise(f"{surprise}: {[f[:64] for f in frames[:8]]}") from None
        if command == DISCONNECT:
            raise Disconnected
        return command, client, body

    def run(self):
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.sigterm, zmq.POLLIN)
        now = time.monotonic()
        heartbeat_at, silent_at = now + self.interval, now + LIVENESS * self.interval
        while True:
            wait = max(0, min(heartbeat_at, silent_at) - time.monotonic())
            ready = dict(poller.poll(math.ceil(wait * 1000)))
            if self.sigterm in ready:
                raise Terminated
            if self.socket in ready:
                command, client, body = self.receive()
                if command == REQUEST:
                    self.work(client, body)
                silent_at = time.monotonic() + LIVENESS * self.interval
            now = time.monotonic()
            if now >= silent_at:
                raise Disconnected
            if now >= heartbeat_at:
                self.send(HEARTBEAT)
                heartbeat_at = now + self.interval

    def work(self, client, body):
        if select.select([self.sigterm], [], [], self.delay)[0]:
            raise Terminated
        reply = self.handler(body)
        while self.socket.poll(0):  # what came while we worked
            if self.receive()[0] == REQUEST:
                raise Surprise("REQUEST while working on another")
        self.send(REPLY, client, b"", *reply)

    def close(self, goodbye):
        if goodbye:
            self.send(DISCONNECT)
        self.socket.close(linger=1000 if goodbye else 0)


def readable_on_sigterm():
    """A pipe instead of an exception, which could cut a message in two."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    signal.signal(signal.SIGTERM, lambda *_: None)
    return read_end


def main():
    options = argparse.ArgumentParser(description="A plain MDP 0.1 worker.")
    options.add_argument("service")
    options.add_argument("endpoint")
    options.add_argument("--heartbeat", type=float, default=2500, metavar="MS")
    options.add_argument("--delay", type=float, default=0, metavar="S", help="of each reply")
    for name in HANDLERS:
        options.add_argument("--" + name, dest="handler", action="store_const", const=name)
    options.set_defaults(handler="echo")
    args = options.parse_args()

    lifetime.die_with_parent()
    sigterm = readable_on_sigterm()
    while True:
        conversation = Conversation(args, sigterm)
        try:
            conversation.run()
        except Disconnected:
            conversation.close(goodbye=False)
        except Terminated:
            conversation.close(goodbye=True)
            break
        except Surprise as surprise:
            print("mdp_worker:", surprise, file=sys.stderr)
            conversation.close(goodbye=False)
            sys.exit(3)
    zmq.Context.instance().term()  # waits, at most the linger, until DISCONNECT is out


if __name__ == "__main__":
    main()
