"""The demo: what it counts, its exit status, and that it leaves nothing behind."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402

DEMO = pathlib.Path(__file__).resolve().parents[2] / "patterns" / "cli" / "demo"


class Demo(harness.CommandTest):
    def setUp(self):
        super().setUp()
        self.files = self.folder / "files"
        (self.files / "sub").mkdir(parents=True)
        # All that the demo starts has this in its environment, and so is found if it is left.
        self.environment = {**os.environ, "MIZZEN_DEMO_TEST": str(self.folder),
                            "TMPDIR": str(self.folder)}

    def fill(self):
        for name in (b"plain", b"with space", b"new\nline", b"back\\slash", b"-dash", b"\xff",
                     b"sub/empty", b"sub/other"):
            (self.files / os.fsdecode(name)).write_bytes(name * 3000 * (name != b"sub/empty"))
        os.mkfifo(self.files / "fifo")
        (self.files / "link").symlink_to("nowhere")

    def demo(self, *arguments, mizzen=harness.MIZZEN):
        return subprocess.run([sys.executable, DEMO, mizzen, *arguments], capture_output=True,
                              env=self.environment, timeout=50, check=False)

    def wrapper(self, on_request):
        """A command that is the real one but for `request`."""
        path = self.folder / "wrapper"
        path.write_text(f'#!/bin/sh\n[ "$1" = request ] || exec "{harness.MIZZEN}" "$@"\n'
                        f'real="{harness.MIZZEN}"\n{on_request}\n')
        path.chmod(0o755)
        return path

    def left_behind(self):
        mark = f"MIZZEN_DEMO_TEST={self.folder}".encode()
        found = []
        for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environment.read_bytes().split(b"\0"):
                    found.append((environment.parent / "cmdline").read_bytes())
            except OSError:
                pass
        return found

    def assert_nothing_left(self, more=()):
        self.assertEqual([], self.left_behind())
        self.assertEqual({"files", *more}, set(os.listdir(self.folder)))

    def test_every_file_is_answered_whatever_its_name(self):
        self.fill()
        result = self.demo(self.files)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        self.assertRegex(result.stdout.splitlines()[-1],
                         rb"^8 requests, 8 correct, 0 lost, \d+ requests/s$")
        self.assertIn(b"killed worker", result.stdout)
        self.assert_nothing_left()

    def test_a_wrong_digest_is_seen(self):
        self.fill()
        wrong = self.wrapper('"$real" "$@" | sed "1s/[0-9a-f]/x/"')
        result = self.demo(self.files, mizzen=wrong)
        self.assertEqual(1, result.returncode)
        self.assertIn(b"8 requests, 7 correct, 0 lost", result.stdout)
        self.assert_nothing_left({"wrapper"})

    def test_a_lost_reply_is_seen(self):
        self.fill()
        result = self.demo(self.files, mizzen=self.wrapper('"$real" "$@" | sed 1d'))
        self.assertEqual(1, result.returncode)
        self.assertIn(b"8 requests, 7 correct, 1 lost", result.stdout)

    def test_nothing_to_send_is_a_matter_of_usage(self):
        for directory in self.folder / "absent", self.files:
            result = self.demo(directory)
            self.assertEqual((2, b""), (result.returncode, result.stdout))
            self.assertIn(os.fsencode(directory), result.stderr)
        self.assertEqual(2, subprocess.run([sys.executable, DEMO], capture_output=True,
                                           check=False).returncode)
        self.assert_nothing_left()

    def test_a_command_that_cannot_be_run_is_a_failure(self):
        self.fill()
        result = self.demo(self.files, mizzen="/bin/false")
        self.assertEqual(1, result.returncode)

    def test_ctrl_c_leaves_nothing_behind(self):
        self.fill()
        for number in signal.SIGINT, signal.SIGTERM:
            demo = self.spawn(sys.executable, DEMO, self.wrapper("exec sleep 600"), self.files,
                              env=self.environment)
            self.assertIn("3 workers", self.line_of(demo))
            self.assertEqual(130, self.kill(demo, number))
            self.assert_nothing_left({"wrapper"})


harness.main()
