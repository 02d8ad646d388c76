"""`mizzen req` and its like, one for each socket type, with pyzmq as the other side."""

import fcntl
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import zmq

sys.dont_write_bytecode = True
import harness  # noqa: E402

TYPES = ("req", "rep", "dealer", "router", "pub", "sub", "xpub", "xsub", "push", "pull", "pair")
ANY = "tcp://127.0.0.1:*"
LIMIT = harness.PATIENCE * 1000  # milliseconds


def at(peer):
    """Where a pyzmq socket listens."""
    return peer.last_endpoint.decode()


class SocketTest(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.context.linger = LIMIT  # a test that fails ends, too
        self.addCleanup(self.context.destroy, linger=0)

    def peer_socket(self, kind, bind=False, connect=None, **options):
        peer = self.context.socket(kind)
        peer.rcvtimeo = peer.sndtimeo = LIMIT
        for name, value in options.items():
            setattr(peer, name, value)
        if bind:
            peer.bind(ANY)
        if connect:
            peer.connect(connect)
        return peer

    def mizzen(self, kind, endpoint, *options, **more):
        """A command that reads a pipe; when it binds, its endpoint is an attribute."""
        process = self.spawn(harness.MIZZEN, kind, endpoint, *options,
                             **{"stdin": subprocess.PIPE, **more})
        if process.stdin:
            self.addCleanup(process.stdin.close)
        if "--bind" in options:
            word, _, process.endpoint = self.line_of(process).partition(" ")
            self.assertEqual("listening", word, self.log_of(process))
        return process

    def pair_up(self, kind, peer_kind, we_bind, *options, **peer_options):
        """Our command and a pyzmq socket that are, or will be, connected."""
        if we_bind:
            process = self.mizzen(kind, ANY, "--bind", *options)
            return process, self.peer_socket(peer_kind, connect=process.endpoint, **peer_options)
        peer = self.peer_socket(peer_kind, bind=True, **peer_options)
        return self.mizzen(kind, at(peer), *options), peer

    def type_in(self, process, *lines):
        for line in lines:
            process.stdin.write(line.encode() + b"\n")

    def end_input(self, process, status=0):
        """Closes stdin; gives what is left of stdout once the command has ended."""
        process.stdin.close()
        self.assert_ends(process, status)
        return process.stdout.read()

    def assert_ends(self, process, status=0):
        self.assertEqual(status, self.end_of(process), self.log_of(process))

    def assert_fails(self, expected, kind, *arguments, status=1, **options):
        result = self.run_mizzen(kind, *arguments, **options)
        self.assertEqual(status, result.returncode, (arguments, result.stderr))
        self.assertIn(expected, result.stderr.decode(), arguments)
        return result


class EveryType(SocketTest):
    """Each type with its counterpart, with --bind and without."""

    def both_ways(self, kind, peer_kind, *options, **peer_options):
        for we_bind in True, False:
            with self.subTest(we_bind=we_bind):
                yield self.pair_up(kind, peer_kind, we_bind, *options, **peer_options)

    def test_req_sends_lines_and_prints_replies_and_ends_after_the_last(self):
        for process, peer in self.both_ways("req", zmq.REP):
            self.type_in(process, "first", "second")
            self.assertEqual(b"first", peer.recv())
            peer.send(b"1st")
            self.assertEqual("1st", self.line_of(process))
            self.assertEqual(b"second", peer.recv())
            process.stdin.close()
            peer.send(b"2nd")
            self.assertEqual("2nd", self.line_of(process))
            self.assert_ends(process)

    def test_rep_prints_requests_and_answers_with_lines(self):
        for process, peer in self.both_ways("rep", zmq.REQ):
            for request, reply in (b"a", b"A"), (b"b", b"B"):
                peer.send(request)
                self.assertEqual(request.decode(), self.line_of(process))
                self.type_in(process, reply.decode())
                self.assertEqual(reply, peer.recv())
            self.assertEqual(b"", self.end_input(process))

    def test_rep_answers_once_for_each_line_it_was_given(self):
        for process, peer in self.both_ways("rep", zmq.REQ):
            self.type_in(process, "1", "2")
            process.stdin.close()
            for reply in b"1", b"2":
                peer.send(b"?")
                self.assertEqual(reply, peer.recv())
            self.assert_ends(process)

    def test_dealer_sends_and_prints(self):
        for process, peer in self.both_ways("dealer", zmq.DEALER):
            self.type_in(process, "to the peer")
            self.assertEqual(b"to the peer", peer.recv())
            peer.send(b"back")
            self.assertEqual("back", self.line_of(process))
            self.assertEqual(b"", self.end_input(process))

    def test_router_prints_and_takes_ids(self):
        for process, peer in self.both_ways("router", zmq.DEALER, routing_id=b"\xffpeer"):
            peer.send_multipart([b"", b"hello"])
            line = self.line_of(process)
            self.assertEqual('[{"hex":"ff70656572"},"","hello"]', line)
            self.type_in(process, line)
            self.assertEqual([b"", b"hello"], peer.recv_multipart())
            self.assertEqual(b"", self.end_input(process))

    def test_router_says_which_line_named_nobody_and_goes_on(self):
        for process, peer in self.both_ways("router", zmq.DEALER, routing_id=b"peer"):
            self.type_in(process, '["nobody","x"]', '["alone"]', '["peer","y"]')
            self.assertEqual(b"y", peer.recv())
            self.end_input(process, 1)
            self.assertIn("line 1: no connected peer", self.log_of(process))
            self.assertIn("line 2: ", self.log_of(process))

    def test_pub_waits_for_a_subscriber(self):
        for process, peer in self.both_ways("pub", zmq.SUB):
            self.type_in(process, "A first", "B second", "A third")
            process.stdin.close()
            peer.subscribe(b"A")
            self.assertEqual([b"A first", b"A third"], [peer.recv(), peer.recv()])
            self.assert_ends(process)

    def test_pub_can_start_without_a_subscriber(self):
        result = self.run_mizzen("pub", "--bind", ANY, "--wait", "0", stdin=b"unheard\n")
        self.assertEqual((0, b""), (result.returncode, result.stderr))

    def test_sub_prints_what_it_asked_for(self):
        for options, expected in (((), ["A1", "B2", "{}3"]),
                                  (("--subscribe", "A"), ["A1"]),
                                  (("--subscribe", "A", "--subscribe={}"), ["A1", "{}3"]),
                                  (("--subscribe", ""), ["A1", "B2", "{}3"])):
            for process, peer in self.both_ways("sub", zmq.XPUB, *options):
                for _ in range(options.count("--subscribe") + options.count("--subscribe={}") or 1):
                    self.assertEqual(b"\1", peer.recv()[:1])
                for message in b"A1", b"B2", b"{}3":
                    peer.send(message)
                self.assertEqual(expected, [self.line_of(process) for _ in expected])
                self.assertEqual(0, self.kill(process, signal.SIGTERM))

    def test_xpub_prints_subscriptions_and_publishes(self):
        for process, peer in self.both_ways("xpub", zmq.SUB, "--format", "hex"):
            peer.subscribe(b"A")
            limit = time.monotonic() + harness.PATIENCE
            while not select.select([process.stdout], [], [], 0.005)[0]:
                self.assertFalse(peer.poll(0))  # libzmq's SUB subscribes while it is called only
                self.assertLess(time.monotonic(), limit)
            self.assertEqual("0141", self.line_of(process))
            self.type_in(process, "4242", "4142")
            self.assertEqual(b"AB", peer.recv())
            self.assertEqual(b"", self.end_input(process))

    def test_xsub_subscribes_by_option_and_by_messages(self):
        for process, peer in self.both_ways("xsub", zmq.XPUB, "--subscribe", "A", "--format", "hex"):
            self.type_in(process, "0142")
            self.assertEqual({b"\1A", b"\1B"}, {peer.recv(), peer.recv()})
            for message in b"C", b"A", b"B":
                peer.send(message)
            self.assertEqual(["41", "42"], [self.line_of(process), self.line_of(process)])
            self.assertEqual(b"", self.end_input(process))

    def test_push_sends_and_ends_with_its_input(self):
        for process, peer in self.both_ways("push", zmq.PULL):
            self.type_in(process, "1", "", "3")
            process.stdin.write(b"without a newline")
            self.assertEqual(b"", self.end_input(process))
            self.assertEqual([b"1", b"", b"3", b"without a newline"],
                             [peer.recv() for _ in range(4)])

    def test_pull_prints_until_it_is_told_to_stop(self):
        for process, peer in self.both_ways("pull", zmq.PUSH):
            peer.send(b"one")
            self.assertEqual("one", self.line_of(process))
            peer.send_multipart([b"two", b"three"])
            self.assertEqual(["two", "three"], [self.line_of(process), self.line_of(process)])
            self.assertEqual(0, self.kill(process, signal.SIGINT))

    def test_pair_sends_and_prints(self):
        for process, peer in self.both_ways("pair", zmq.PAIR):
            self.type_in(process, "there")
            self.assertEqual(b"there", peer.recv())
            peer.send(b"back")
            self.assertEqual("back", self.line_of(process))
            self.assertEqual(b"", self.end_input(process))

    def test_echo_prints_and_sends_back_what_comes(self):
        for kind, peer_kind, options in (("rep", zmq.REQ, ()), ("dealer", zmq.DEALER, ()),
                                         ("router", zmq.DEALER, ("--format", "text")),
                                         ("pair", zmq.PAIR, ())):
            for process, peer in self.both_ways(kind, peer_kind, "--echo", "--count", "2",
                                                *options):
                for parts in [b"ping"], [b"several", b"", b"parts"]:
                    peer.send_multipart(parts)
                    self.assertEqual(parts, peer.recv_multipart())
                self.assert_ends(process)
                self.assertTrue(process.stdout.read().endswith(b"several\n\nparts\n"))


class Forms(SocketTest):
    """What one command prints another one reads back, octet for octet."""

    EVERYTHING = [
        [b"plain"], [b""], [b"", b""], [b"\\"], [b"\\\\x", b"", b"\\"], [b"two", b"parts"],
        [b"new\nline", b"\r\n"], [bytes(range(256))], [b"\0"], ["ümläut \U0001f600".encode()],
        [b'"quoted"', b"[1,{}]", b"-", b" ", b"\t"], [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80"],
        [b"\xe2\x82", b"\xff"], [b"x" * 100_000], [b"\1\x7f\x80"], [b"a"] * 1000]

    def through(self, messages, *options):
        """By a pyzmq PUSH, `mizzen pull`, a pipe, `mizzen push` and a pyzmq PULL."""
        source = self.peer_socket(zmq.PUSH, bind=True)
        sink = self.peer_socket(zmq.PULL, bind=True)
        reader = self.mizzen("pull", at(source), "--count", str(len(messages)), *options)
        writer = self.mizzen("push", at(sink), *options, stdin=reader.stdout)
        for message in messages:
            source.send_multipart(message)
        got = [sink.recv_multipart() for _ in messages]
        self.assert_ends(reader)
        self.assert_ends(writer)
        return got

    def test_json_and_hex_carry_everything(self):
        for form in "json", "hex":
            self.assertEqual(self.EVERYTHING, self.through(self.EVERYTHING, "--format", form))

    def test_text_with_parts_carries_all_but_newlines(self):
        text = [m for m in self.EVERYTHING if not any(b"\n" in part for part in m)]
        self.assertEqual(text, self.through(text, "--multipart"))

    def test_plain_text_carries_single_lines(self):
        text = [m for m in self.EVERYTHING if len(m) == 1 and b"\n" not in m[0]]
        self.assertEqual(text, self.through(text))

    def sent(self, text, *options, status=0):
        """What pyzmq receives of what is written to stdin."""
        sink = self.peer_socket(zmq.PULL, bind=True)
        result = self.run_mizzen("push", at(sink), *options, stdin=text)
        self.assertEqual(status, result.returncode, result.stderr)
        sink.rcvtimeo = 100 if status == 0 else LIMIT
        got = []
        while sink.poll(LIMIT if not got else 200):
            got.append(sink.recv_multipart())
            if got[-1] == [b"end"]:
                break
        return got, result.stderr.decode()

    def test_other_ways_to_write_the_same(self):
        json = rb' [ "\u0041\ud83d\ude00\/\b\f\n\r\t\"\\" , {"hex" : "00Ff"} , "" ] ' + b'\r\n["end"]'
        got, _ = self.sent(json, "--format", "json")
        self.assertEqual([['A\U0001f600/\b\f\n\r\t"\\'.encode(), b"\0\xff", b""], [b"end"]], got)
        got, _ = self.sent(b"  00  FF\t- \r\n656e64", "--format", "hex")
        self.assertEqual([[b"\0", b"\xff", b""], [b"end"]], got)
        got, _ = self.sent(b"\n\na\n\\\n\n\n\nend", "--multipart")
        self.assertEqual([[b"a", b""], [b"end"]], got)

    def test_a_line_that_makes_no_sense_is_named_and_the_rest_is_sent(self):
        bad = {
            "json": [b"", b"x", b"{}", b"[]", b"[1]", b"[\"a\"", b"[\"a\",]", b"[\"a\"] x",
                     b"[\"a", b"[\"\\x\"]", b"[\"\\u12\"]", b"[\"\\ud800\"]", b"[\"\\ud800\\u0041\"]",
                     b"[\"\\udc00\"]", b"[\"\t\"]", b"[\"\xff\"]", b"[\"\xc0\x80\"]", b"[{}]",
                     b"[{\"hex\":1}]", b"[{\"hex\":\"0\"}]", b"[{\"hex\":\"zz\"}]",
                     b"[{\"base\":\"00\"}]", b"[{\"hex\":\"00\"", b"null", b"\"a\""],
            "hex": [b"", b" ", b"0", b"zz", b"00 0", b"-00", b"0x00", b"00-"]}
        for form, lines in bad.items():
            end = b'["end"]' if form == "json" else b"656e64"
            got, log = self.sent(b"\n".join([*lines, end]), "--format", form, status=1)
            self.assertEqual([[b"end"]], got)
            said = log.splitlines()
            self.assertEqual(len(lines), len(said), log)
            for number, line in enumerate(said, 1):
                self.assertRegex(line, f"^mizzen push: line {number}: .+$")

    def test_a_line_without_end_is_refused(self):
        self.assert_fails("line 2: longer than 64 MiB", "push", "--bind", ANY, "--format", "hex",
                          stdin=b"x\n" + bytes(65 << 20))
        lines = b"\n".join([b"x" * (1 << 20)] * 65)
        self.assert_fails("line 64: the message is longer than 64 MiB", "push", "--bind", ANY,
                          "--multipart", stdin=lines)


class Options(SocketTest):
    def test_help_names_what_a_type_has_and_no_more(self):
        only = {"--echo": {"rep", "dealer", "router", "pair"}, "--subscribe": {"sub", "xsub"},
                "--interval": set(TYPES) - {"sub", "pull"},
                "--wait": set(TYPES) - {"sub", "pull", "rep"},
                "--routing-id": {"req", "dealer", "router"}}
        for kind in TYPES:
            result = self.run_mizzen(kind, "--help")
            self.assertEqual((0, b""), (result.returncode, result.stderr))
            for option in "--bind", "--format", "--multipart", "--count", "--timeout", "--linger":
                self.assertIn(option.encode(), result.stdout)
            for option, kinds in only.items():
                self.assertEqual(kind in kinds, option.encode() in result.stdout, (kind, option))

    def test_what_makes_no_sense_is_a_matter_of_usage(self):
        for kind in TYPES:
            for arguments in [], ["nonsense"], ["--bind", "tcp://127.0.0.1:99999"]:
                self.assert_fails("", kind, *arguments, status=2)
        for endpoint in "carrier://pigeon", "inproc://name", ANY, "tcp://:1":
            self.assert_fails(endpoint, "req", endpoint, status=2)
        for option, values in {
                "--format": ["xml", ""], "--count": ["0", "-1", "x", "1.5"],
                "--timeout": ["0", "-1", "x", "99999999999"], "--linger": ["-2", "x"],
                "--hwm": ["0", "-1", "x"], "--interval": ["-1", "x"], "--wait": ["-1", "x"],
                "--routing-id": ["", "r" * 256]}.items():
            for value in values:
                self.assert_fails("", "dealer", "--bind", ANY, option, value, status=2)
        self.assert_fails("", "sub", ANY, "--bind", "--subscribe", status=2)
        self.assert_fails("--multipart", "pull", ANY, "--bind", "--multipart", "--format", "hex",
                          status=2)

    def test_an_endpoint_that_cannot_be_had_is_a_failure_that_names_it(self):
        other = self.peer_socket(zmq.PULL, bind=True)
        self.assert_fails(at(other), "pull", "--bind", at(other))

    def test_several_endpoints(self):
        for we_bind in True, False:
            if we_bind:
                process = self.mizzen("pull", ANY, ANY, "--bind", "--count", "2")
                second = self.line_of(process).removeprefix("listening ")
                peers = [self.peer_socket(zmq.PUSH, connect=e) for e in (process.endpoint, second)]
            else:
                peers = [self.peer_socket(zmq.PUSH, bind=True) for _ in range(2)]
                process = self.mizzen("pull", *map(at, peers), "--count", "2")
            for peer, text in zip(peers, (b"a", b"b")):
                peer.send(text)
            self.assertEqual({"a", "b"}, {self.line_of(process), self.line_of(process)})
            self.assert_ends(process)

    def test_ipc(self):
        process = self.mizzen("rep", f"ipc://{self.folder}/socket", "--bind", "--echo")
        peer = self.peer_socket(zmq.REQ, connect=process.endpoint)
        peer.send(b"x")
        self.assertEqual(b"x", peer.recv())

    def test_count_ends_a_sender_too(self):
        sink = self.peer_socket(zmq.PULL, bind=True)
        process = self.mizzen("push", at(sink), "--count", "2")
        self.type_in(process, "1", "2", "3")
        self.assert_ends(process)
        self.assertEqual([b"1", b"2"], [sink.recv(), sink.recv()])

    def test_count_has_a_dealer_wait_for_what_comes_after_its_input(self):
        process, peer = self.pair_up("dealer", zmq.DEALER, False, "--count", "2")
        process.stdin.close()
        for text in b"1", b"2":
            peer.send(text)
            self.assertEqual(text.decode(), self.line_of(process))
        self.assert_ends(process)

    def test_interval_is_between_messages(self):
        sink = self.peer_socket(zmq.PULL, bind=True)
        start = time.monotonic()
        process = self.mizzen("push", at(sink), "--interval", "50")
        self.type_in(process, "1", "2", "3")
        process.stdin.close()
        self.assertEqual([b"1", b"2", b"3"], [sink.recv() for _ in range(3)])
        self.assertGreaterEqual(time.monotonic() - start, 0.1)
        self.assert_ends(process)

    def test_timeout_is_a_failure_when_something_was_to_come(self):
        mute = self.peer_socket(zmq.ROUTER, bind=True)
        asked = [at(mute), "--timeout", "50"]
        nobody = ["--bind", ANY, "--timeout", "50"]
        self.assert_fails("nothing came within 50 ms", "req", *asked, stdin=b"x\n")
        self.assert_fails("nothing came within 50 ms", "pull", *nobody)
        self.assert_fails("nothing came within 50 ms", "sub", *nobody, "--count", "1")
        self.assert_fails("nothing came within 50 ms", "rep", *nobody, "--echo")
        self.assert_fails("nothing came within 50 ms", "dealer", *asked, "--count", "1")
        self.assert_fails("not enough peers within 50 ms", "push", *nobody, stdin=b"x\n")
        self.assert_fails("nobody took the message within 50 ms", "push", *nobody, "--wait", "0",
                          stdin=b"x\n")
        self.assert_fails("not enough subscribers within 50 ms", "pub", *nobody, stdin=b"x\n")

    def test_timeout_is_the_end_once_all_was_sent(self):
        process, peer = self.pair_up("dealer", zmq.DEALER, False, "--timeout", "300")
        self.type_in(process, "question")
        process.stdin.close()
        peer.recv()
        for answer in b"1", b"2":
            peer.send(answer)
            self.assertEqual(answer.decode(), self.line_of(process))
        self.assert_ends(process)

    def test_wait_holds_the_first_message_until_as_many_peers_are_there(self):
        process = self.mizzen("push", ANY, "--bind", "--wait", "2")
        self.type_in(process, "1", "2")
        process.stdin.close()
        peers = [self.peer_socket(zmq.PULL, connect=process.endpoint) for _ in range(2)]
        self.assertEqual({b"1", b"2"}, {peer.recv() for peer in peers})
        self.assertEqual(0, self.end_of(process))
        process = self.mizzen("pub", ANY, "--bind", "--wait", "2")
        self.type_in(process, "1")
        process.stdin.close()
        peers = [self.peer_socket(zmq.SUB, connect=process.endpoint) for _ in range(2)]
        for peer in peers:
            peer.subscribe(b"")
        self.assertEqual([b"1", b"1"], [peer.recv() for peer in peers])
        self.assertEqual(0, self.end_of(process))

    def test_linger_limits_how_long_the_rest_is_sent(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and says nothing
            endpoint = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
            self.assert_fails("within 50 ms", "push", endpoint, "--wait", "0", "--linger", "50",
                              stdin=b"x\n")
            result = self.run_mizzen("push", endpoint, "--wait", "0", "--linger", "0",
                                     stdin=b"x\n")
            self.assertEqual(0, result.returncode)

    def test_routing_id_is_what_a_router_sees(self):
        process, peer = self.pair_up("dealer", zmq.ROUTER, False, "--routing-id", "me")
        self.type_in(process, "x")
        self.assertEqual([b"me", b"x"], peer.recv_multipart())
        self.end_input(process)

    def test_verbose_tells_of_connections(self):
        process, peer = self.pair_up("push", zmq.PULL, False, "--verbose")
        self.type_in(process, "x")
        peer.recv()
        self.end_input(process)
        self.assertIn(f"handshake_succeeded {at(peer)}", self.log_of(process))

    def test_a_peer_that_refuses_for_good_is_a_failure(self):
        publisher = self.peer_socket(zmq.PUB, bind=True)
        process = self.mizzen("req", at(publisher))
        self.assert_ends(process, 1)
        self.assertIn(at(publisher), self.log_of(process))


class Streams(SocketTest):
    """stdin and stdout that are full, closed, files, or not there."""

    def memory_of(self, process):
        with open(f"/proc/{process.pid}/statm") as numbers:
            return int(numbers.read().split()[1]) * resource.getpagesize()

    def test_a_fast_stdin_is_held_up_by_a_slow_peer(self):
        process, peer = self.pair_up("push", zmq.PULL, True, "--hwm", "10", rcvhwm=10)
        line = b"x" * 10_000 + b"\n"
        descriptor = process.stdin.fileno()
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)
        written, most = 0, 200_000_000
        while written < most and select.select([], [descriptor], [], 0.5)[1]:
            written += os.write(descriptor, (line * 7)[written % len(line):][:60_000])
        self.assertLess(written, most)
        self.assertLess(self.memory_of(process), 50_000_000)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, 0)
        rest = threading.Thread(target=lambda: (
            os.write(descriptor, line[written % len(line):]), process.stdin.close()))
        rest.start()
        for _ in range(written // len(line) + 1):
            self.assertEqual(line[:-1], peer.recv())
        rest.join()
        self.assert_ends(process)

    def test_a_full_stdout_holds_up_the_peer(self):
        process, peer = self.pair_up("pull", zmq.PUSH, True, "--hwm", "10", sndhwm=10)
        sent, most, line = 0, 20_000, b"x" * 10_000
        while sent < most and peer.poll(500, zmq.POLLOUT):
            peer.send(line)
            sent += 1
        self.assertLess(sent, most)
        self.assertLess(self.memory_of(process), 50_000_000)
        got = bytearray()
        while len(got) < sent * (len(line) + 1):
            got += process.stdout.read(1 << 20)
        self.assertTrue(got == (line + b"\n") * sent)
        self.assertEqual(0, self.kill(process, signal.SIGTERM))

    def test_a_full_stdout_does_not_keep_it_from_stopping(self):
        process, peer = self.pair_up("pull", zmq.PUSH, True)
        peer.send(b"x" * 1_000_000)
        self.assertEqual("x", process.stdout.read(1).decode())
        self.assertEqual(0, self.kill(process, signal.SIGTERM))

    def test_nobody_reads_stdout_any_more(self):
        for message in None, b"x":  # at once, or when something is to be printed
            process, peer = self.pair_up("sub", zmq.XPUB, True)
            self.assertEqual(b"\1", peer.recv())
            if message:
                peer.send(message)
                self.assertEqual("x", self.line_of(process))
            process.stdout.close()
            self.assert_ends(process)
            self.assertEqual("", self.log_of(process))

    def test_a_stdout_that_takes_nothing_is_a_failure(self):
        source = self.peer_socket(zmq.PUSH, bind=True)
        with open("/dev/full", "w") as full:
            process = subprocess.Popen([harness.MIZZEN, "pull", at(source)], stdout=full,
                                       stderr=subprocess.PIPE)
            source.send(b"x")
            self.assertIn(b"cannot write to stdout", process.communicate(timeout=LIMIT)[1])
        self.assertEqual(1, process.returncode)

    def test_stdin_and_stdout_may_be_files(self):
        (self.folder / "in").write_text("1\n2\n3")
        process = self.mizzen("rep", ANY, "--bind", "--echo")
        with open(self.folder / "in") as given, open(self.folder / "out", "w") as out:
            result = subprocess.run([harness.MIZZEN, "req", process.endpoint], stdin=given,
                                    stdout=out, timeout=harness.PATIENCE, check=False)
        self.assertEqual(0, result.returncode)
        self.assertEqual("1\n2\n3\n", (self.folder / "out").read_text())

    def test_no_input_at_all_is_nothing_to_send(self):
        for kind in "req", "rep", "dealer", "router", "pub", "push", "pair":
            result = self.run_mizzen(kind, "--bind", ANY, stdin=b"")
            self.assertEqual((0, b""), (result.returncode, result.stderr))

    def test_descriptors_that_are_closed_are_failures(self):
        def closing(number):
            return {"preexec_fn": lambda: os.close(number)}
        self.assert_fails("cannot read stdin", "push", "--bind", ANY, **closing(0))
        self.assert_fails("cannot write to stdout", "pull", "--bind", ANY, **closing(1))

    def test_stdin_is_left_as_it_was(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            sink = self.peer_socket(zmq.PULL, bind=True)
            process = self.mizzen("push", at(sink), stdin=theirs)
            ours.sendall(b"x\n")
            self.assertEqual(b"x", sink.recv())
            self.assertFalse(fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK)
            ours.shutdown(socket.SHUT_WR)
            self.assert_ends(process)

    def test_a_signal_ends_it_with_status_1_if_something_was_still_to_come(self):
        mute = self.peer_socket(zmq.ROUTER, bind=True)
        process = self.mizzen("req", at(mute))
        self.type_in(process, "x")
        mute.recv_multipart()
        self.assertEqual(1, self.kill(process, signal.SIGTERM))
        self.assertIn("interrupted", self.log_of(process))

    def test_a_hundred_thousand_lines_arrive_in_order(self):
        lines = b"".join(b"%d\n" % i for i in range(100_000))
        receiver = self.mizzen("pull", ANY, "--bind", "--count", "100000")
        got = []
        reading = threading.Thread(target=lambda: got.append(receiver.stdout.read()))
        reading.start()
        result = self.run_mizzen("push", receiver.endpoint, stdin=lines)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        self.assert_ends(receiver)
        reading.join()
        self.assertEqual([lines], got)


harness.main()
