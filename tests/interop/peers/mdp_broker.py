#!/usr/bin/python3
"""A plain Majordomo (MDP 0.1, RFC 7) broker, to test clients and workers against.

One ROUTER; its frames, without the routing id it sees in front of each message:

    client   REQUEST, REPLY     "" MDPC01 service body...
    worker   READY         01   "" MDPW01 01 service
             REQUEST       02   "" MDPW01 02 client "" body...    `client` is the routing id
             REPLY         03   "" MDPW01 03 client "" body...
             HEARTBEAT     04   "" MDPW01 04
             DISCONNECT    05   "" MDPW01 05

It does what a plain broker does and no more. A request waits for its service and goes to the worker
idle for longest. Heartbeats go to idle workers only; an idle worker expires after LIVENESS
intervals of silence. A busy one never does: a request lost with its worker is for the client to
send again. It answers mmi.service with 200 or 404 and any other mmi.* with 501, each in the place
of the last body frame. A malformed message is dropped with a line on stderr.
The first line on stdout is `listening ENDPOINT`. SIGTERM ends it, with status 0.
"""

import argparse
import collections
import math
import sys
import time

import zmq

sys.dont_write_bytecode = True

import lifetime  # noqa: E402, beside this file

CLIENT, WORKER = b"MDPC01", b"MDPW01"
READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 6))


class Worker:
    def __init__(self, routing_id, service, expiry):
        self.routing_id, self.service, self.expiry = routing_id, service, expiry
        self.idle = False


class Service:
    def __init__(self):
        self.requests = collections.deque()  # (client, body parts)
        self.idle = collections.deque()  # workers, the one idle for longest first


class Broker:
    def __init__(self, socket, interval, liveness):
        self.socket, self.interval, self.silence = socket, interval, interval * liveness
        self.workers = {}
        self.services = collections.defaultdict(Service)

    def receive(self, frames, now):
        sender, *frames = frames
        if frames[:2] == [b"", CLIENT] and len(frames) >= 4:
            self.on_request(sender, frames[2], frames[3:], now)
        elif frames[:2] == [b"", WORKER] and len(frames) >= 3:
            self.on_worker(sender, frames[2], frames[3:], now)
        else:
            complain("malformed", sender, frames)

    def on_request(self, client, service, body, now):
        if service.startswith(b"mmi."):
            self.reply(client, service, body[:-1] + [self.mmi(service, body[-1])])
        else:
            self.services[service].requests.append((client, body))
            self.dispatch(service, now)

    def mmi(self, service, argument):
        if service != b"mmi.service":
            return b"501"
        return b"200" if any(w.service == argument for w in self.workers.values()) else b"404"

    def on_worker(self, sender, command, rest, now):
        worker = self.workers.get(sender)
        if worker:
            worker.expiry = now + self.silence
        if command == READY and not worker and len(rest) == 1 and not rest[0].startswith(b"mmi."):
            worker = self.workers[sender] = Worker(sender, rest[0], now + self.silence)
            self.becomes_idle(worker, now)
        elif (command == REPLY and worker and not worker.idle
              and len(rest) >= 3 and rest[0] and rest[1] == b""):
            self.reply(rest[0], worker.service, rest[2:])
            self.becomes_idle(worker, now)
        elif command == HEARTBEAT and worker and not rest:
            pass
        elif command == DISCONNECT:
            self.forget(worker)
        else:
            complain("unexpected from a worker", sender, [command, *rest])
            self.command(sender, DISCONNECT)
            self.forget(worker)

    def becomes_idle(self, worker, now):
        worker.idle = True
        self.services[worker.service].idle.append(worker)
        self.dispatch(worker.service, now)

    def dispatch(self, name, now):
        self.purge(now)
        service = self.services[name]
        while service.requests and service.idle:
            worker = service.idle.popleft()
            worker.idle = False
            client, body = service.requests.popleft()
            self.command(worker.routing_id, REQUEST, client, b"", *body)

    def purge(self, now):
        for worker in [w for w in self.workers.values() if w.idle and w.expiry <= now]:
            self.forget(worker)

    def forget(self, worker):
        if worker:
            del self.workers[worker.routing_id]
            if worker.idle:
                self.services[worker.service].idle.remove(worker)

    def heartbeat(self, now):
        self.purge(now)
        for worker in self.workers.values():
            if worker.idle:
                self.command(worker.routing_id, HEARTBEAT)

    def command(self, worker, *frames):
        self.socket.send_multipart([worker, b"", WORKER, *frames])

    def reply(self, client, service, body):
        self.socket.send_multipart([client, b"", CLIENT, service, *body])

    def run(self):
        heartbeat_at = time.monotonic() + self.interval
        while True:
            wait = max(0, heartbeat_at - time.monotonic())
            if self.socket.poll(math.ceil(wait * 1000)):
                self.receive(self.socket.recv_multipart(), time.monotonic())
            if (now := time.monotonic()) >= heartbeat_at:
                self.heartbeat(now)
                heartbeat_at = now + self.interval


def complain(what, sender, frames):
    print("mdp_broker:", what, sender.hex(), [f[:64] for f in frames[:8]], file=sys.stderr)


def main():
    options = argparse.ArgumentParser(description="A plain MDP 0.1 broker.")
    options.add_argument("--bind", default="tcp://127.0.0.1:*", metavar="ENDPOINT")
    options.add_argument("--heartbeat", type=float, default=2500, metavar="MS")
    options.add_argument("--liveness", type=int, default=3, metavar="N")
    args = options.parse_args()

    lifetime.die_with_parent()
    lifetime.end_at_sigterm()
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    socket.linger = 0
    socket.bind(args.bind)
    print("listening", socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"), flush=True)
    try:
        Broker(socket, args.heartbeat / 1000, args.liveness).run()
    finally:
        socket.close()


if __name__ == "__main__":
    main()
