"""A client of Titanic by RFC 9, over Majordomo 0.1 (RFC 7), on pyzmq: one question at a time.

Each attempt has a socket of its own, so that a late reply to an earlier one cannot be taken for its.
"""

import time

import zmq

REQUEST, REPLY, CLOSE = b"titanic.request", b"titanic.reply", b"titanic.close"
SUBMIT = b"titanic.submit"  # ours: with an id of the client's


class NoAnswer(Exception):
    pass


class Surprise(Exception):
    pass


class Client:
    """Several endpoints, of a pair, are asked in turn: the next one after each silence."""

    def __init__(self, *endpoints, timeout=1.0, patience=30.0):
        self.endpoints, self.timeout, self.patience = endpoints, timeout, patience
        self.context, self.socket = zmq.Context.instance(), None
        self.asked_again = 0

    def close_socket(self):
        if self.socket is not None:
            self.socket.close(0)
            self.socket = None

    def ask(self, service, *frames):
        """The body of the reply, however often it takes to ask."""
        limit = time.monotonic() + self.patience
        while True:
            if self.socket is None:
                self.socket = self.context.socket(zmq.DEALER)
                self.socket.linger = 0
                self.socket.connect(self.endpoints[self.asked_again % len(self.endpoints)])
            self.socket.send_multipart([b"", b"MDPC01", service, *frames])
            if self.socket.poll(int(1000 * self.timeout)):
                empty, header, served, *body = self.socket.recv_multipart()
                if (empty, header, served) != (b"", b"MDPC01", service) or not body:
                    raise Surprise(f"{service}: {empty}, {header}, {served}, {body}")
                return body
            self.close_socket()
            self.asked_again += 1
            if time.monotonic() > limit:
                raise NoAnswer(f"no answer from {service}")

    def status(self, service, *frames):
        """The status, and the frames behind it; asks again while it is 500."""
        limit = time.monotonic() + self.patience
        while True:
            code, *rest = self.ask(service, *frames)
            if code != b"500":
                return code, rest
            if time.monotonic() > limit:
                raise NoAnswer(f"{service} goes on failing: {rest}")

    def submit(self, service, *body, uuid=None):
        """The request's id, once it is acknowledged."""
        if uuid is None:
            code, rest = self.status(REQUEST, service, *body)
        else:
            code, rest = self.status(SUBMIT, uuid, service, *body)
        if code != b"200" or len(rest) != 1 or len(rest[0]) != 32 or rest[0] != (uuid or rest[0]):
            raise Surprise(f"a submission is answered {code}, {rest}")
        return rest[0]

    def poll(self, uuid):
        """The reply, or None while there is none."""
        code, rest = self.status(REPLY, uuid)
        if code == b"300" and not rest:
            return None
        if code != b"200":
            raise Surprise(f"{uuid[:8]}... is answered {code}, {rest}")
        return rest

    def knows(self, uuid):
        code, _ = self.status(REPLY, uuid)
        return code != b"400"

    def close(self, uuid):
        answer = self.status(CLOSE, uuid)
        if answer != (b"200", []):
            raise Surprise(f"closing is answered {answer}")
