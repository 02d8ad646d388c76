"""What `mizzen titanic` does with a store, without a server. Stores are written here, octet by octet as
titanic/README.md says."""

import fcntl
import json
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402

SEGMENT = 8192
REQUEST, REPLY, CLOSE, ATTEMPT, ASIDE, REOPEN, MARK, GAP = range(1, 9)
START = 1_700_000_000_000  # 2023-11-14T22:13:20Z


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def frames(*parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def name(number):
    return f"{number:032x}"


class Segment:
    """One segment, as the first and last of a store."""

    def __init__(self):
        self.data = bytearray(SEGMENT)
        start = struct.pack("<8sI", b"MZTITAN\n", 1)
        rest = struct.pack("<QQQQ16x", 1, 0, 1, SEGMENT)
        self.data[:64] = start + struct.pack("<I", crc32c(start + rest)) + rest
        self.end, self.sequence = 64, 0

    def add(self, kind, number=0, service=b"", content=b"", attempts=0, digest=0, unsynced=0):
        """Returns where the record is. Each is synced before the next one, if nothing else is said."""
        body = service + content
        crc = crc32c(body)
        if kind == REQUEST:
            digest = crc
        self.sequence += 1
        rest = struct.pack("<IIBBHQQIIH6x16s", len(body), crc, kind, 0, attempts, self.sequence,
                           START + self.sequence, unsynced, digest, len(service),
                           bytes.fromhex(name(number)))
        whole = struct.pack("<I", crc32c(rest)) + rest + body
        at = self.end
        self.data[at:at + len(whole)] = whole
        self.end += (len(whole) + 7) // 8 * 8
        return at

    def write(self, folder):
        folder.mkdir()
        (folder / "journal-0000000000000001").write_bytes(self.data)
        return folder


class Stores(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.segment = Segment()

    def store(self):
        """Three requests: one open that failed twice, one done, one set aside."""
        self.segment.add(REQUEST, 1, b"upper", frames(b"hello", b"", b"\xff"))
        self.segment.add(ATTEMPT, 1, attempts=1)
        self.segment.add(ATTEMPT, 1, attempts=2)
        self.segment.add(REQUEST, 2, b"upper", frames(b"two"))
        self.segment.add(REPLY, 2, b"upper", frames(b"TWO", b"more"))
        self.aside = self.segment.add(REQUEST, 3, b"other\n\\", frames(b"three"))
        self.segment.add(ATTEMPT, 3, attempts=1)
        self.segment.add(ASIDE, 3, attempts=1)
        self.segment.add(REQUEST, 4, b"upper", frames(b"closed"))
        self.segment.add(CLOSE, 4)
        return self.segment.write(self.folder / "store")

    def titanic(self, verb, store, *arguments):
        return self.run_mizzen("titanic", verb, *arguments, "--store", store)

    def printed(self, *arguments):
        """The lines of what must succeed."""
        result = self.titanic(*arguments)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        return result.stdout.decode().splitlines()

    def refused(self, *arguments, status=1, words=b""):
        result = self.titanic(*arguments)
        self.assertEqual((status, b""), (result.returncode, result.stdout), result.stderr)
        self.assertIn(words, result.stderr)

    def states(self, store):
        lines = [line.split() for line in self.printed("ls", store)[1:]]
        return [(int(line[0], 16), line[1], int(line[2])) for line in lines]

    def test_ls_lists_what_is_not_closed(self):
        store = self.store()
        lines = [line.split() for line in self.printed("ls", store)]
        self.assertEqual([
            ["id", "state", "attempts", "octets", "since", "service"],
            [name(1), "open", "2", "18", "2023-11-14T22:13:20.001Z", "upper"],
            [name(3), "set-aside", "1", "9", "2023-11-14T22:13:20.006Z", "other\\x0a\\x5c"],
            [name(2), "done", "0", "15", "2023-11-14T22:13:20.005Z", "upper"]], lines)
        self.assertEqual([name(3)], [line.split()[0] for line in self.printed(
            "ls", store, "--state", "set-aside")[1:]])
        self.assertEqual([name(1), name(2)], [line.split()[0] for line in self.printed(
            "ls", store, "--service", "upper")[1:]])

    def test_show_prints_a_request_or_its_reply(self):
        store = self.store()
        self.assertEqual([
            "id        " + name(1), "state     open", "service   upper", "attempts  2",
            "stored    2023-11-14T22:13:20.001Z", "request:"], self.printed("show", store, name(1))[:6])
        self.assertEqual(["hello", "", {"hex": "ff"}],
                         json.loads(self.printed("show", store, name(1))[6]))
        self.assertEqual(["68656c6c6f - ff"],
                         self.printed("show", store, name(1), "--body", "--format", "hex"))
        self.assertEqual(["replied   2023-11-14T22:13:20.005Z", "reply:", '["TWO","more"]'],
                         self.printed("show", store, name(2))[4:])
        self.assertEqual(["TWO", "more"],
                         self.printed("show", store, name(2), "--body", "--format", "text"))

    def test_an_id_in_capitals_is_the_same_one(self):
        self.segment.add(REQUEST, 0xabcdef, b"upper", frames(b"x"))
        store = self.segment.write(self.folder / "store")
        self.assertEqual(['["x"]'], self.printed("show", store, name(0xabcdef).upper(), "--body"))

    def test_ids_that_are_none_are_a_matter_of_usage_and_unknown_ones_a_failure(self):
        store = self.store()
        for verb in "show", "retry", "drop":
            for wrong in "", "1", "../../etc/passwd", name(1)[:-1] + "g", name(1) + "0":
                result = self.titanic(verb, store, wrong)
                self.assertEqual((2, b""), (result.returncode, result.stdout), (verb, wrong))
            self.refused(verb, store, name(4), words=b"no request has this id")
        self.assertEqual(2, self.titanic("ls", store, "--state", "lost").returncode)

    def test_retry_opens_what_was_set_aside_again(self):
        store = self.store()
        self.assertEqual([], self.printed("retry", store, name(3)))
        self.assertEqual([(1, "open", 2), (3, "open", 0), (2, "done", 0)], self.states(store))
        for other in 1, 2, 3:
            self.refused("retry", store, name(other), words=b"only what was set aside")

    def test_drop_forgets_a_request_in_any_state(self):
        store = self.store()
        for number in 1, 2, 3:
            self.assertEqual([], self.printed("drop", store, name(number)))
        self.assertEqual([], self.states(store))

    def test_stats_count_by_state_and_service(self):
        lines = self.printed("stats", self.store())
        self.assertEqual("requests  1 open, 1 set-aside, 1 done", lines[0])
        self.assertRegex(lines[1], r"^octets    \d+ live, 8192 on disk in 1 segments$")
        self.assertEqual(["service   other\\x0a\\x5c: 0 open, 1 set-aside, 0 done",
                          "service   upper: 1 open, 0 set-aside, 1 done"], lines[2:])

    def test_a_store_in_use_can_be_looked_at_and_not_be_changed(self):
        store = self.store()
        with open(store / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertEqual(3, len(self.states(store)))
            self.printed("show", store, name(1))
            self.printed("stats", store)
            self.printed("verify", store)
            self.refused("retry", store, name(3), words=b"another process has the store open")
            self.refused("drop", store, name(3), words=b"another process has the store open")
            self.refused("verify", store, "--repair", words=b"another process has the store open")
        self.assertEqual([(1, "open", 2), (3, "set-aside", 1), (2, "done", 0)], self.states(store))

    def test_looking_changes_nothing(self):
        store = self.store()
        before = {path.name: path.read_bytes() for path in store.iterdir()}
        for verb in "ls", "stats", "verify":
            self.printed(verb, store)
        self.printed("show", store, name(1))
        self.assertEqual(before, {path.name: path.read_bytes() for path in store.iterdir()})

    def test_what_is_no_store_is_refused_and_none_is_made(self):
        empty = self.folder / "empty"
        empty.mkdir()
        missing = self.folder / "missing"
        for verb, *arguments in (["ls"], ["stats"], ["verify"], ["verify", "--repair"],
                                 ["show", name(1)], ["retry", name(1)], ["drop", name(1)]):
            self.refused(verb, empty, *arguments, words=b"there is no store")
            self.refused(verb, missing, *arguments, words=b"No such file")
            self.assertEqual(2, self.run_mizzen("titanic", verb, *arguments).returncode)
        self.assertEqual([], list(empty.iterdir()))
        self.assertFalse(missing.exists())

    def test_verify_says_what_is_damaged_and_repair_keeps_the_rest(self):
        store = self.store()
        path = store / "journal-0000000000000001"
        path.write_bytes(path.read_bytes().replace(b"three", b"thr33"))
        result = self.titanic("verify", store)
        self.assertEqual((1, b""), (result.returncode, result.stderr))
        damage = (f"damaged: journal-0000000000000001 at {self.aside}, 80 octets: records are not "
                  "what was written; records 6 to 6 are lost")
        self.assertEqual(damage, result.stdout.decode().splitlines()[1])
        # Nothing is left out in silence, and nothing is written to such a store.
        listing = self.titanic("ls", store)
        self.assertEqual((1, 3), (listing.returncode, len(listing.stdout.splitlines())))
        self.assertIn(b"the store is damaged", listing.stderr)
        self.refused("drop", store, name(1), words=b"the store is damaged")
        self.refused("show", store, name(3), words=b"the store is damaged")
        lines = self.printed("verify", store, "--repair")
        self.assertEqual([damage, "repaired; what was damaged is in damaged-*"], lines[1:])
        self.assertEqual(1, len(self.printed("verify", store)))
        self.assertIn(b"thr33", (store / f"damaged-0000000000000001-{self.aside}").read_bytes())
        self.assertEqual([(1, "open", 2), (2, "done", 0)], self.states(store))

    def test_a_torn_tail_is_told_and_no_damage(self):
        at = self.segment.add(REQUEST, 1, b"upper", frames(b"x" * 100), unsynced=1)
        self.segment.data[at + 100] ^= 1
        store = self.segment.write(self.folder / "store")
        lines = self.printed("verify", store)
        self.assertEqual(["1 segments, 0 records, 0 octets"], lines[:1])
        self.assertTrue(lines[1].startswith(f"torn: journal-0000000000000001 at {at}, "), lines)

    def test_a_reply_that_is_no_frames_is_said_to_be_damaged(self):
        self.segment.add(REQUEST, 1, b"upper", b"\xff\xff\xff\xffshort")
        self.refused("show", self.segment.write(self.folder / "store"), name(1), words=b"damaged")

    def test_a_listing_that_cannot_be_written_is_a_failure(self):
        store = self.store()
        with open("/dev/full", "w") as full:
            for verb in "ls", "stats", "verify":
                result = subprocess.run([harness.MIZZEN, "titanic", verb, "--store", store],
                                        stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(1, result.returncode, verb)


harness.main()
