"""ZMTP 3.x octets by hand (RFC 23, 37), for tests that must see or break them: no libzmq here.

    greeting   FF 00*8 7F | major 03, minor | mechanism, 20 octets | as-server | 00*31   (64 in all)
    frame      flags | size, 1 octet or 8 when LONG | body     flags: MORE 01, LONG 02, COMMAND 04
    command    a frame whose body begins with the length of its name, 1 octet, and the name
    READY      then, for each property: name length, 1 octet | name | value length, 4 octets | value
"""

import collections
import socket
import struct

MORE, LONG, COMMAND = 1, 2, 4

Greeting = collections.namedtuple("Greeting", "major minor mechanism as_server")
Frame = collections.namedtuple("Frame", "body more command")


def greeting(minor=1, mechanism=b"NULL", as_server=False):
    """The 64 octets that open a connection."""
    return struct.pack(">B8xBBB20sB31x", 0xFF, 0x7F, 3, minor, mechanism, as_server)


def frame(body, more=False, command=False):
    """One frame, with the short size whenever it fits."""
    flags = MORE * more | COMMAND * command
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def message(parts):
    """The frames of one message."""
    return b"".join(frame(p, more=i + 1 < len(parts)) for i, p in enumerate(parts))


def ready(socket_type, identity=None):
    """The NULL mechanism's READY as a command frame; without an Identity when that is None."""
    properties = {b"Socket-Type": socket_type}
    if identity is not None:
        properties[b"Identity"] = identity
    body = b"\x05READY"
    for name, value in properties.items():
        body += struct.pack(">B", len(name)) + name + struct.pack(">I", len(value)) + value
    return frame(body, command=True)


def parse_ready(body):
    """The properties in a READY command's body; ValueError if it is not one."""
    if not body.startswith(b"\x05READY"):
        raise ValueError(f"not READY: {body[:64]!r}")
    properties, at = {}, 6
    while at < len(body):
        name_end = at + 1 + body[at]
        if name_end + 4 > len(body):
            raise ValueError(f"a property is cut short: {body!r}")
        value_end = name_end + 4 + struct.unpack_from(">I", body, name_end)[0]
        if value_end > len(body):
            raise ValueError(f"a property is cut short: {body!r}")
        properties[body[at + 1:name_end]] = body[name_end + 4:value_end]
        at = value_end
    return properties


class RawPeer:
    """One end of a ZMTP connection over a connected, blocking socket, which it owns.

    Reading past the peer's end of stream raises EOFError; a socket with a time-out keeps it.
    """

    def __init__(self, sock):
        self.sock = sock

    @classmethod
    def connect(cls, endpoint, timeout=10):
        """To tcp://ADDRESS:PORT; `timeout` in seconds holds for every later read and write too."""
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        return cls(socket.create_connection((host.strip("[]"), int(port)), timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, octets):
        self.sock.sendall(octets)

    def send_message(self, parts):
        self.send(message(parts))

    def recv_exact(self, count):
        octets = bytearray()
        while len(octets) < count:
            chunk = self.sock.recv(min(count - len(octets), 1 << 20))
            if not chunk:
                raise EOFError(f"end of stream after {len(octets)} of {count} octets")
            octets += chunk
        return bytes(octets)

    def at_end(self):
        """Waits for an octet or the end of the stream; true if the peer closed."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except ConnectionResetError:
            return True

    def read_greeting(self):
        octets = self.recv_exact(64)
        if octets[0] != 0xFF or octets[9] != 0x7F:
            raise ValueError(f"not a ZMTP signature: {octets[:10]!r}")
        return Greeting(octets[10], octets[11], octets[12:32].rstrip(b"\0"), bool(octets[32]))

    def read_frame(self):
        flags = self.recv_exact(1)[0]
        if flags & ~(MORE | LONG | COMMAND) or flags & COMMAND and flags & MORE:
            raise ValueError(f"flags {flags:#04x}")
        size = struct.unpack(">Q", self.recv_exact(8))[0] if flags & LONG else self.recv_exact(1)[0]
        return Frame(self.recv_exact(size), bool(flags & MORE), bool(flags & COMMAND))

    def read_message(self):
        """The next message's parts. Answers a PING on the way and passes over other commands."""
        parts = []
        while True:
            body, more, command = self.read_frame()
            if command:
                if body.startswith(b"\x04PING"):
                    context = body[7:]  # behind two octets of TTL
                    self.send(frame(b"\x04PONG" + context, command=True))
                continue
            parts.append(body)
            if not more:
                return parts

    def handshake(self, socket_type, identity=None):
        """Greets, sends READY, and gives the properties of the peer's READY."""
        self.send(greeting())
        self.read_greeting()
        self.send(ready(socket_type, identity))
        answer = self.read_frame()
        if not answer.command:
            raise ValueError(f"a message before READY: {answer.body[:64]!r}")
        return parse_ready(answer.body)
