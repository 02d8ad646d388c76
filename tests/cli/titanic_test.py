"""`mizzen broker --titanic` and `mizzen titanic`: options, stores that cannot be had, signals.

What clients see of the services is in interop/titanic_test.py.
"""

import signal
import struct
import sys
import time

sys.dont_write_bytecode = True
import harness  # noqa: E402
import tsp  # noqa: E402, found by harness

FAST = ("--heartbeat", "50")
SMALL = ("--segment-octets", "8192", "--body-octets", "1024")
MARK = 7  # the type of a record: the store was closed

AT_LEAST_ONE = ("--store-requests", "--store-octets", "--segment-octets", "--group-octets",
                "--body-octets", "--window", "--window-octets", "--running", "--running-octets")
NONE_OR_MORE = ("--attempts", "--recent-octets")
TIMES = ("--sync-interval", "--retention", "--attempt-timeout", "--retry", "--retry-max")


def records(folder):
    """The types of a store's records in order, as titanic/README.md has them."""
    out = []
    for path in sorted(folder.glob("journal-*")):
        data, at = path.read_bytes(), 64
        while at + 64 <= len(data) and data[at:at + 64].strip(b"\0"):
            out.append(data[at + 12])
            at += 64 + (struct.unpack_from("<I", data, at + 4)[0] + 7) // 8 * 8
    return out


class Served:
    """What holds for both ways of running it; `start` says how, `folder_option` is the store's."""

    def setUp(self):
        super().setUp()
        self.store, self.client = self.folder / "store", None

    def serve(self, *options, store=()):
        self.start(*FAST, *(store or (self.folder_option, self.store)), *options)
        if self.client:
            self.client.close_socket()
        self.client = tsp.Client(self.endpoint, timeout=harness.PATIENCE)
        self.addCleanup(self.client.close_socket)

    def refused(self, *options, status=2, words=()):
        """It does not start, and says why."""
        result = self.run_mizzen(*self.command, *options)
        self.assertEqual((status, b""), (result.returncode, result.stdout), options)
        for each in words:
            self.assertIn(each, result.stderr, options)

    def our_worker(self, script, *options):
        return self.worker(self, "upper", "--exec", script, *FAST, *options)

    def wait_for(self, condition, what):
        limit = time.monotonic() + harness.PATIENCE
        while time.monotonic() < limit:
            if (result := condition()) is not None:
                return result
        self.fail(what)

    def fetch(self, uuid):
        return self.wait_for(lambda: self.client.poll(uuid), "there is no reply")

    def listed(self):
        """The id, state and attempts of each request in a store."""
        result = self.run_mizzen("titanic", "ls", "--store", self.store)
        self.assertEqual(0, result.returncode, result.stderr)
        return [tuple(line.split()[:3]) for line in result.stdout.splitlines()[1:]]

    def end_well(self, number=signal.SIGTERM):
        self.assertEqual(0, self.kill(self.server, number), self.log_of(self.server))
        self.assert_closed()

    def assert_closed(self):
        verified = self.run_mizzen("titanic", "verify", "--store", self.store)
        self.assertEqual((0, 1), (verified.returncode, len(verified.stdout.splitlines())),
                         verified.stdout)
        self.assertEqual(MARK, records(self.store)[-1])

    # Options that make no sense.

    def test_values_that_no_option_takes_are_a_matter_of_usage(self):
        bad = [(option, value) for option in AT_LEAST_ONE + self.own_numbers
               for value in ("0", "-1", "x", "", "1.5", "99999999999999999999")]
        bad += [(option, value) for option in NONE_OR_MORE for value in ("-1", "x", "")]
        bad += [(option, value) for option in TIMES + self.own_times
                for value in ("-1", "x", "", "1000000001")]
        bad += [("--store-busy-poll", value) for value in ("-1", "x", "", "1000001")]
        bad += [("--sync", value) for value in ("", "sometimes", "ALWAYS", "1")]
        for option, value in bad:
            self.refused(self.folder_option, self.store, option, value, words=[option.encode()])
        self.assertFalse(self.store.exists())

    def test_limits_that_contradict_each_other_are_a_matter_of_usage(self):
        for options in (["--segment-octets", "4088"], ["--segment-octets", "8190"],
                        ["--segment-octets", str(2 << 30)], ["--body-octets", "255"],
                        ["--segment-octets", "8192", "--body-octets", "2048"],
                        ["--store-requests", str(1 << 32)]):
            self.refused(self.folder_option, self.store, *options, words=[b"contradict"])

    def test_a_store_is_on_the_disk_or_in_memory_and_somewhere(self):
        self.refused(self.folder_option, self.store, "--memory", words=[b"--memory"])
        self.refused(self.folder_option, "", words=[self.folder_option.encode()])
        config = self.folder / "config"
        config.write_text(f"{self.folder_option[2:]}={self.store}\nmemory=true\n")
        self.refused("--config", config, words=[b"memory"])
        self.assertFalse(self.store.exists())

    def test_a_configuration_is_read_and_what_is_wrong_in_one_is_told(self):
        config = self.folder / "config"
        for line in "no-such=1", "sync=sometimes", "window=0", "retry=soon":
            config.write_text(f"{self.folder_option[2:]}={self.store}\n{line}\n")
            self.refused("--config", config, words=[bytes(config), line.split("=")[0].encode()])
        self.refused("--config", self.folder / "missing", words=[b"missing"])
        self.assertFalse(self.store.exists())
        config.write_text(f"{self.folder_option[2:]}={self.store}\nstore-requests=1\nsync=never\n")
        self.serve("--store-requests", "2", store=("--config", config))  # this one wins
        self.assertEqual([b"200", b"200", b"500"],
                         [self.client.ask(tsp.REQUEST, b"later", b"x")[0] for _ in range(3)])
        self.end_well()

    # Stores.

    def test_a_store_in_memory_leaves_nothing_behind(self):
        self.serve(store=("--memory",))
        self.our_worker("tr a-z A-Z")
        uuid = self.client.submit(b"upper", b"x")
        self.assertEqual([b"X"], self.fetch(uuid))
        self.client.close(uuid)
        self.assertEqual(0, self.kill(self.server, signal.SIGTERM))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_whatever_is_synced_an_acknowledged_request_survives_the_process(self):
        known = []
        for mode in "always", "interval", "never":
            self.serve("--sync", mode, "--sync-interval", "20")
            known.append(self.client.submit(b"later", mode.encode()))
            for uuid in known:
                self.assertIsNone(self.client.poll(uuid))
            self.kill(self.server)
        self.assertEqual({(uuid, b"open", b"0") for uuid in known}, set(self.listed()))

    def test_a_store_in_use_is_refused_and_goes_on(self):
        self.serve()
        uuid = self.client.submit(b"later", b"x")
        self.refused(self.folder_option, self.store, status=1,
                     words=[bytes(self.store), b"another process has the store open"])
        self.assertIsNone(self.client.poll(uuid))
        self.end_well()

    def test_a_folder_that_cannot_be_made_is_a_failure_that_names_it(self):
        file = self.folder / "file"
        file.write_bytes(b"precious")
        for place in file, file / "store", self.folder / "a" / "b", "/proc/store":
            self.refused(self.folder_option, place, status=1, words=[str(place).encode()])
        self.assertEqual(b"precious", file.read_bytes())

    def test_a_store_of_another_version_is_refused_and_left_as_it_is(self):
        self.serve()
        self.client.submit(b"later", b"x")
        self.end_well()
        path = self.store / "journal-0000000000000001"
        data = bytearray(path.read_bytes())
        data[8] = 2
        crc = 0xffffffff  # CRC-32C
        for octet in data[:12] + data[16:64]:
            crc ^= octet
            for _ in range(8):
                crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
        struct.pack_into("<I", data, 12, crc ^ 0xffffffff)
        path.write_bytes(data)
        for options in [], ["--repair"]:
            self.refused(self.folder_option, self.store, *options, status=1, words=[b"version"])
        self.assertEqual(data, path.read_bytes())

    def test_a_damaged_store_serves_replies_until_it_is_repaired(self):
        self.serve(*SMALL)
        self.our_worker("tr a-z A-Z")
        done = self.client.submit(b"upper", b"done")
        self.assertEqual([b"DONE"], self.fetch(done))
        damaged = self.client.submit(b"later", b"to be damaged")
        whole = self.client.submit(b"later", b"whole")
        self.end_well()
        path = self.store / "journal-0000000000000001"
        path.write_bytes(path.read_bytes().replace(b"to be damaged", b"to be dAmaged"))
        self.serve(*SMALL)
        self.assertEqual([b"DONE"], self.client.poll(done))
        self.assertEqual([b"500"], self.client.ask(tsp.REQUEST, b"upper", b"x")[:1])
        self.assertEqual([b"500"], self.client.ask(tsp.CLOSE, done)[:1])
        self.assertEqual(0, self.kill(self.server, signal.SIGTERM), self.log_of(self.server))
        self.assertIn("damaged: journal-0000000000000001 at ", self.log_of(self.server))
        self.assertIn("read-only until it is opened with --repair", self.log_of(self.server))
        self.serve("--repair", *SMALL)
        self.assertIn("the damage was marked", self.log_of(self.server))
        self.assertEqual([True, True, False],
                         [self.client.knows(each) for each in (done, whole, damaged)])
        self.client.close(done)
        self.client.submit(b"later", b"x")
        self.end_well()
        self.assertEqual(1, len(list(self.store.glob("damaged-*"))))

    # Limits.

    def test_a_full_store_refuses_requests_and_takes_them_again(self):
        for option, value in ("--store-requests", "2"), ("--store-octets", "1400"):
            self.serve(option, value)
            known = [self.client.submit(b"later", b"x" * 500) for _ in range(2)]
            for _ in range(3):
                code, *words = self.client.ask(tsp.REQUEST, b"later", b"x" * 500)
                self.assertEqual((b"500", 1), (code, len(words)), option)
            for uuid in known:
                self.assertIsNone(self.client.poll(uuid))
                self.client.close(uuid)
            self.client.close(self.client.submit(b"later", b"x" * 500))
            self.end_well()

    def test_a_body_beyond_the_limit_is_refused_and_one_within_it_is_not(self):
        self.serve("--body-octets", "256")
        self.our_worker("head -c 1000 /dev/zero")
        self.assertEqual([b"400"], self.client.ask(tsp.REQUEST, b"upper", b"x" * 300)[:1])
        large = self.client.submit(b"upper", b"x" * 200)  # its reply is too large
        code, *words = self.wait_for(lambda: self.ended(large), "it is never set aside")
        self.assertEqual((b"500", 1), (code, len(words)))
        self.end_well()
        self.serve("--body-octets", "12000000")  # more than the default
        self.client.submit(b"later", b"x" * 9_000_000)
        self.end_well()

    def ended(self, uuid):
        answer = self.client.ask(tsp.REPLY, uuid)
        return None if answer == [b"300"] else answer

    def test_attempts_are_limited_and_the_rest_is_set_aside(self):
        tried = self.folder / "tried"
        self.serve("--attempts", "3", "--retry", "1", "--retry-max", "5")
        self.our_worker(f"echo x >> {tried}; false")
        uuid = self.client.submit(b"upper", b"x")
        self.assertEqual(b"500", self.wait_for(lambda: self.ended(uuid), "it is tried for ever")[0])
        self.end_well()
        self.assertEqual([(uuid, b"set-aside", b"3")], self.listed())
        self.assertEqual("x\n" * 3, tried.read_text())

    def test_an_attempt_that_takes_too_long_is_made_again(self):
        never = self.fifo("never")
        self.serve("--attempt-timeout", "200", "--retry", "1")
        self.our_worker(f"if mkdir {self.folder}/first; then read x < {never}; fi; tr a-z A-Z",
                        "--jobs", "2")
        uuid = self.client.submit(b"upper", b"x")
        self.assertEqual([b"X"], self.fetch(uuid))
        self.tell(never, "go on")
        self.end_well()

    def test_a_window_of_one_keeps_a_service_to_one_request_at_a_time(self):
        self.serve("--window", "1")
        held, overlap = self.folder / "held", self.folder / "overlap"
        self.our_worker(f"mkdir {held} || touch {overlap}; tr a-z A-Z; rmdir {held}", "--jobs", "4")
        known = [self.client.submit(b"upper", b"x") for _ in range(20)]
        for uuid in known:
            self.assertEqual([b"X"], self.fetch(uuid))
        self.assertFalse(overlap.exists())
        self.end_well()

    def test_a_reply_that_nobody_closes_expires(self):
        self.serve("--retention", "1")
        self.our_worker("tr a-z A-Z")
        uuid = self.client.submit(b"upper", b"x")
        self.wait_for(lambda: None if self.client.knows(uuid) else True, "it stays for ever")
        self.end_well()
        self.assertEqual([], self.listed())

    # Signals.

    def running_request(self):
        """One that its worker has and does not end before it is told to."""
        begun, go_on = self.fifo("begun"), self.fifo("go-on")
        self.our_worker(f"echo begun > {begun}; read x < {go_on}; tr a-z A-Z")
        uuid = self.client.submit(b"upper", b"x")
        self.assertEqual("begun\n", begun.read_text())
        return uuid, go_on

    def test_told_to_stop_it_waits_for_what_runs_and_closes_the_store(self):
        self.serve(*self.long_drain)
        uuid, go_on = self.running_request()
        self.server.send_signal(signal.SIGTERM)
        # Once it has heard of that, no more requests are taken; it may also end before it can say so.
        self.wait_for(lambda: None if self.takes_requests() else True, "it goes on")
        self.tell(go_on, "go on")
        self.assertEqual(0, self.end_of(self.server), self.log_of(self.server))
        self.assert_closed()
        self.assertIn((uuid, b"done", b"0"), self.listed())

    def takes_requests(self):
        impatient = tsp.Client(self.endpoint, timeout=0.2, patience=0)
        try:
            return impatient.ask(tsp.REQUEST, b"later", b"x")[0] == b"200"
        except tsp.NoAnswer:
            return False
        finally:
            impatient.close_socket()

    def test_a_second_signal_does_not_wait_and_the_store_is_closed_all_the_same(self):
        self.serve(*self.long_drain)
        uuid, go_on = self.running_request()
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.kill(self.server, signal.SIGINT), self.log_of(self.server))
        self.assert_closed()
        self.assertEqual([(uuid, b"open", b"0")], self.listed())
        self.tell(go_on, "go on")

    def test_a_limit_of_the_drain_does_not_wait_longer(self):
        self.serve(self.long_drain[0], "1")
        uuid, go_on = self.running_request()
        self.end_well()
        self.assertEqual([(uuid, b"open", b"0")], self.listed())
        self.tell(go_on, "go on")


class Inside(Served, harness.CommandTest):
    command = ("broker", "--bind", "tcp://127.0.0.1:*")
    folder_option = "--titanic"
    own_numbers, own_times = (), ("--drain-limit",)
    long_drain = ("--drain-limit", "1000000")

    def start(self, *options):
        self.server = self.broker(*options)
        self.endpoint = self.server.endpoint

    def test_options_of_a_store_without_one_are_a_matter_of_usage(self):
        for option, value in ("--sync", "never"), ("--attempts", "3"), ("--store-busy-poll", "0"):
            self.refused(option, value, words=[option.encode(), b"--titanic"])
        self.refused("--repair", words=[b"--repair", b"--titanic"])
        config = self.folder / "config"
        config.write_text("retention=5\n")
        self.refused("--config", config, words=[b"--retention", b"--titanic"])

    def test_a_full_queue_of_the_broker_is_no_failed_attempt(self):
        self.serve("--max-requests", "1", "--attempts", "1")
        worker = self.our_worker("tr a-z A-Z")
        self.assertEqual([b"X"], self.fetch(self.client.submit(b"upper", b"x")))  # it works
        self.assertEqual(0, self.kill(worker, signal.SIGTERM))
        self.wait_for_service(self.server, "upper", b"404")
        known = [self.client.submit(b"upper", b"x") for _ in range(4)]
        self.our_worker("tr a-z A-Z")
        for uuid in known:
            self.assertEqual([b"X"], self.fetch(uuid))
        self.end_well()


class Beside(Served, harness.CommandTest):
    command = ("titanic", "--broker", "tcp://127.0.0.1:1")  # where nobody is
    folder_option = "--store"
    own_numbers, own_times = ("--credit", "--registrations"), ("--drain", "--reconnect-max")
    long_drain = ("--drain", "1000000")

    def start(self, *options):
        if not hasattr(self, "outside"):
            self.outside = self.broker(*FAST)
            self.endpoint = self.outside.endpoint
        self.wait_for_service(self.outside, "titanic.close", b"404")
        self.start_server(*options)
        for service in tsp.REQUEST, tsp.SUBMIT, tsp.REPLY, tsp.CLOSE:
            self.wait_for_service(self.outside, service.decode())

    def start_server(self, *options):
        self.server = self.spawn(harness.MIZZEN, "titanic", "--broker", self.endpoint, *options)

    def test_a_server_without_a_store_is_a_matter_of_usage(self):
        self.refused(words=[b"--store or --memory is needed"])

    def test_an_endpoint_that_cannot_be_read_is_a_matter_of_usage_and_is_named(self):
        for endpoint in "nonsense", "tcp://127.0.0.1:99999":
            self.refused("--memory", "--broker", endpoint, words=[endpoint.encode()])

    def test_a_broker_that_is_away_is_waited_for_and_found_again(self):
        first = self.broker(*FAST)
        self.endpoint = first.endpoint
        self.assertEqual(0, self.kill(first, signal.SIGTERM))
        self.start_server("--store", self.store, *FAST, "--reconnect-max", "100")
        for _ in range(2):
            self.outside = self.broker(*FAST, bind=self.endpoint)
            self.wait_for_service(self.outside, "titanic.request")
            client = tsp.Client(self.endpoint, timeout=harness.PATIENCE)
            client.submit(b"later", b"x")
            client.close_socket()
            self.kill(self.outside)
        self.end_well()  # also without a broker
        self.assertEqual(2, len(self.listed()))

    def test_told_to_stop_without_a_broker_it_does_not_wait_for_one(self):
        self.endpoint = self.command[2]
        self.server = self.spawn(harness.MIZZEN, *self.command, "--store", self.store,
                                 *self.long_drain, stderr=harness.subprocess.PIPE)
        while b"serving" not in self.server.stderr.readline():
            pass
        self.assertEqual(0, self.kill(self.server, signal.SIGTERM), self.log_of(self.server))
        self.assertEqual([], records(self.store))


harness.main()
