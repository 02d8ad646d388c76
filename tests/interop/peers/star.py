"""Binary Star as the Guide describes it, on pyzmq: half of a pair, or a pair's client.

    star.py half primary|backup CLIENTS PUBLISH PEER [HEARTBEAT-MS]   prints each state it comes to
    star.py client COUNT SETTLE-MS ENDPOINT ENDPOINT                  prints each reply, and
                                                                      the ms since the last one

A half echoes requests. Two active or two passive halves that hear each other end it, with status 3.
"""

import sys
import time

import zmq

PRIMARY, BACKUP, ACTIVE, PASSIVE = 1, 2, 3, 4
NAMES = {PRIMARY: "primary", BACKUP: "backup", ACTIVE: "active", PASSIVE: "passive"}


class Half:
    def __init__(self, role, clients, publish, peer, heartbeat="1000"):
        context = zmq.Context()
        self.frontend = context.socket(zmq.ROUTER)
        self.frontend.bind(clients)
        self.publisher = context.socket(zmq.PUB)
        self.publisher.bind(publish)
        self.subscriber = context.socket(zmq.SUB)
        self.subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        self.subscriber.setsockopt(zmq.RECONNECT_IVL, 50)
        self.subscriber.connect(peer)
        self.beat = int(heartbeat) / 1000
        self.expiry = time.monotonic() + 2 * self.beat
        self.state = None
        self.become(PRIMARY if role == "primary" else BACKUP)

    def become(self, state):
        self.state = state
        print(NAMES[state], flush=True)

    def hear(self, peer):
        self.expiry = time.monotonic() + 2 * self.beat
        mine = self.state
        if mine == PRIMARY:
            if peer == BACKUP:
                self.become(ACTIVE)
            elif peer == ACTIVE:
                self.become(PASSIVE)
        elif mine == BACKUP:
            if peer == ACTIVE:
                self.become(PASSIVE)
        elif mine == ACTIVE and peer == ACTIVE:
            sys.exit(3)
        elif mine == PASSIVE:
            if peer in (PRIMARY, BACKUP):
                self.become(ACTIVE)
            elif peer == PASSIVE:
                sys.exit(3)

    def serve(self, request):
        silent = time.monotonic() >= self.expiry
        if self.state in (PRIMARY, PASSIVE) and silent:
            self.become(ACTIVE)
        if self.state == ACTIVE:
            self.frontend.send_multipart(request)

    def run(self):
        poller = zmq.Poller()
        poller.register(self.frontend, zmq.POLLIN)
        poller.register(self.subscriber, zmq.POLLIN)
        send_at = time.monotonic()
        while True:
            ready = dict(poller.poll(max(0, (send_at - time.monotonic()) * 1000)))
            if self.subscriber in ready:
                self.hear(int(self.subscriber.recv()))
            if self.frontend in ready:
                self.serve(self.frontend.recv_multipart())
            if time.monotonic() >= send_at:
                self.publisher.send(b"%d" % self.state)
                send_at = time.monotonic() + self.beat


def connected(context, endpoint):
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(endpoint)
    return socket


def client(count, settle, *endpoints):
    """As the Guide's: one request at a time, decimal numbers, for ever."""
    context = zmq.Context()
    at, last = 0, time.monotonic()
    socket = connected(context, endpoints[at])
    for number in range(1, int(count) + 1):
        replied = False
        while not replied:
            socket.send(b"%d" % number)
            limit = time.monotonic() + 1
            while not replied and socket.poll(max(0, (limit - time.monotonic()) * 1000)):
                replied = socket.recv() == b"%d" % number
            if not replied:
                socket.close()
                at = (at + 1) % len(endpoints)
                socket = connected(context, endpoints[at])
                socket.poll(int(settle))  # nothing comes: it was not asked yet
        now = time.monotonic()
        print(number, round((now - last) * 1000), flush=True)
        last = now


if sys.argv[1] == "half":
    Half(*sys.argv[2:]).run()
else:
    client(*sys.argv[2:])
