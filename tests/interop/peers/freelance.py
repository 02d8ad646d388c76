#!/usr/bin/python3
"""Plain Freelance peers (the Guide's chapter 4, RFC 10), to test others against: servers and clients
of all three models.

The frames as they are on the wire, both ways:

    model 1    "" body...                  REQ to REP, one server after the other
    model 2    "" number body              DEALER to several REPs; the first reply wins
    model 3    number body...              ROUTER to ROUTER; PING and PONG stand alone

A server answers with the body in capitals; that of model 2 takes exactly two frames, as the Guide's,
and that of model 3 calls itself by its endpoint. A client of model 3 knows its servers by that name
alone. With --octets numbers are four octets, as in the Guide's C++ samples, else decimal.

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

PING_EVERY, EXPIRES_AFTER = 0.2, 0.6  # s; a tenth of the Guide's


class Surprise(Exception):
    """The other side sent what it must not."""


def new_socket(kind):
    socket = zmq.Context.instance().socket(kind)
    socket.linger = 0
    return socket


def listen(socket, endpoint):
    socket.bind(endpoint)
    return socket.last_endpoint.decode()


# --- Servers ---

def serve_rep(args):
    socket = new_socket(zmq.REP)
    print("listening", listen(socket, args.endpoint), flush=True)
    while True:
        frames = socket.recv_multipart()
        if args.model == 2:
            if len(frames) != 2:
                raise Surprise(f"{frames} are not a number and a body")
            socket.send_multipart([frames[0], frames[1].upper()])
        else:
            socket.send_multipart([part.upper() for part in frames])


def serve_router(args):
    first = new_socket(zmq.ROUTER)
    endpoint = listen(first, args.endpoint)
    first.unbind(endpoint)  # it takes its name along only when it binds
    socket = new_socket(zmq.ROUTER)
    socket.setsockopt(zmq.ROUTING_ID, endpoint.encode())
    deadline = time.monotonic() + 10
    while True:
        try:
            listen(socket, endpoint)
            break
        except zmq.ZMQError:  # the other socket's thread has not closed it yet
            if time.monotonic() > deadline:
                raise
            socket.poll(10)
    print("listening", endpoint, flush=True)
    pinged = False
    while True:
        client, control, *body = socket.recv_multipart()
        if control == b"PING":
            if body:
                raise Surprise(f"PING with {body}")
            if not pinged:
                print("pinged", flush=True)
            pinged = True
            socket.send_multipart([client, b"PONG"])
        else:
            socket.send_multipart([client, control] + [part.upper() for part in body])


# --- Clients: each is a function that asks once ---

def one_after_the_other(args):
    def ask(_, body):
        for _ in range(3):
            for endpoint in args.endpoints:
                socket = new_socket(zmq.REQ)
                socket.connect(endpoint)
                socket.send(body)
                got = socket.recv_multipart() if socket.poll(args.timeout) else None
                socket.close()
                if got:
                    return got
        raise Surprise(f"no reply to {body}")
    return ask


def write_number(args, number):
    return number.to_bytes(4, "big") if args.octets else b"%d" % number


def all_at_once(args):
    socket = new_socket(zmq.DEALER)
    for endpoint in args.endpoints:
        socket.connect(endpoint)

    def ask(number, body):
        for _ in args.endpoints:
            socket.send_multipart([b"", write_number(args, number), body])
        while socket.poll(args.timeout):
            empty, control, *got = socket.recv_multipart()
            if empty:
                raise Surprise("a reply without its empty frame")
            if control == write_number(args, number):
                return got
        raise Surprise(f"no reply to {body}")
    return ask


class WhoeverLives:
    """Sends a request to the first server that is active; PINGs all of them, and passes over those
    that are silent, in the middle of a request too."""

    def __init__(self, args):
        self.args = args
        self.socket = new_socket(zmq.ROUTER)
        self.ping_at, self.expires = {}, {}
        self.actives = []
        for endpoint in args.endpoints:
            self.socket.connect(endpoint)
            self.ping_at[endpoint.encode()] = 0

    def ask(self, number, body):
        control = write_number(self.args, number)
        ends = time.monotonic() + self.args.timeout / 1000
        tried = set()
        while (now := time.monotonic()) < ends:
            for server, due in self.ping_at.items():
                if due <= now:  # also to the dead, and to those that are not there yet
                    self.socket.send_multipart([server, b"PING"])
                    self.ping_at[server] = now + PING_EVERY
            self.actives = [each for each in self.actives if self.expires[each] > now]
            tried &= set(self.actives)
            if self.actives and self.actives[0] not in tried:
                tried.add(self.actives[0])
                self.socket.send_multipart([self.actives[0], control, body])
            if not self.socket.poll(20):
                continue
            server, said, *rest = self.socket.recv_multipart()
            if server not in self.ping_at:
                raise Surprise(f"a server calls itself {server}")
            if server not in self.actives:
                self.actives.append(server)
            now = time.monotonic()
            self.ping_at[server], self.expires[server] = now + PING_EVERY, now + EXPIRES_AFTER
            if said == b"PONG" and rest:
                raise Surprise(f"PONG with {rest}")
            if said == control:
                return rest
        raise Surprise(f"no reply to {body}")


def client(args):
    ask = {1: one_after_the_other, 2: all_at_once, 3: lambda a: WhoeverLives(a).ask}[args.model](args)
    for number in range(1, args.count + 1):
        body = b"body %d" % number
        got = ask(number, body)
        if got != [body.upper()]:
            raise Surprise(f"{body} was answered with {got}")
        if number == 1:
            print("first", flush=True)
    print(f"{args.count} ok", flush=True)


def main():
    lifetime.die_with_parent()
    lifetime.end_at_sigterm()
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(dest="role", required=True)
    for role in "server", "client":
        sub.add_parser(role).add_argument("model", type=int, choices=[1, 2, 3])
    serving, asking = sub.choices["server"], sub.choices["client"]
    serving.add_argument("endpoint", nargs="?", default="tcp://127.0.0.1:*")
    asking.add_argument("endpoints", nargs="+")
    asking.add_argument("--count", type=int, default=20)
    asking.add_argument("--timeout", type=int, default=20000)
    asking.add_argument("--octets", action="store_true")
    args = parser.parse_args()
    try:
        if args.role == "client":
            client(args)
        elif args.model == 3:
            serve_router(args)
        else:
            serve_rep(args)
    except Surprise as what:
        print(what, file=sys.stderr, flush=True)
        os._exit(3)
    os._exit(0)


main()
