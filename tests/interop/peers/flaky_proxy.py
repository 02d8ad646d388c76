"""A TCP proxy on a port of its own that cuts or holds what passes, when told to."""

import selectors
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST and drops what was not sent


class FlakyProxy:
    """Listens until close(); `target`, dialled anew for every connection, is (host, port), or a
    path."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.wish, self.wishes = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wishes, selectors.EVENT_READ)
        self.other = {}  # each socket's other side
        self.held = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def cut(self):
        """Resets every connection there is."""
        self.ask(b"c")

    def hold(self, on):
        """Passes nothing on for as long, and takes no connections."""
        self.ask(b"h" if on else b"r")

    def close(self):
        self.ask(b"q")
        self.thread.join()
        self.wish.close()
        self.wishes.close()
        self.selector.close()

    def ask(self, wish):
        self.wish.sendall(wish)
        self.wish.recv(1)  # done

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.wishes:
                    wish = self.wishes.recv(1)
                    self.obey(wish)
                    self.wishes.sendall(b".")
                    if wish == b"q":
                        return
                    break  # the other events may be of sockets that are gone
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.other:
                    self.carry(key.fileobj)

    def obey(self, wish):
        if wish in b"cq":
            for one in list(self.other):
                self.drop(one)
        if wish == b"q":
            self.selector.unregister(self.listener)
            self.listener.close()
        elif wish == b"h":
            self.held = set(self.other) | {self.listener}
            for one in self.held:
                self.selector.unregister(one)
        elif wish == b"r":
            for one in self.held:
                self.selector.register(one, selectors.EVENT_READ)
            self.held = set()

    def accept(self):
        near = self.listener.accept()[0]
        try:
            far = self.dial()
        except OSError:
            near.close()
            return
        self.other[near], self.other[far] = far, near
        for one in near, far:
            self.selector.register(one, selectors.EVENT_READ)

    def dial(self):
        if not isinstance(self.target, str):
            return socket.create_connection(self.target)
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self.target)
        except OSError:
            far.close()
            raise
        return far

    def carry(self, one):
        try:
            data = one.recv(65536)
            if data:
                self.other[one].sendall(data)
                return
        except OSError:
            pass
        self.drop(one)

    def drop(self, one):
        other = self.other.pop(one, None)
        if other is None:
            return
        del self.other[other]
        for each in one, other:
            if each in self.held:
                self.held.discard(each)
            else:
                self.selector.unregister(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.close()
