"""What the tests of the command share: processes that never outlive a test, and waiting by events.

The command's path is the script's first argument. Nothing here sleeps: whoever waits reads from a
process, asks the broker, or waits for an end, each with a limit.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
PEERS = pathlib.Path(__file__).resolve().parent.parent / "interop" / "peers"
sys.path.insert(0, str(PEERS))

MIZZEN = sys.argv[1] if len(sys.argv) > 1 else "mizzen"
PATIENCE = 30  # seconds


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def has_sha256():
    """Whether the command is of a build with OpenSSL."""
    said = subprocess.run([MIZZEN, "worker", "s", "--sha256", "--broker", "nowhere"], timeout=PATIENCE,
                          capture_output=True, check=False).stderr
    return b"needs a build with OpenSSL" not in said


def hashing():
    """What has a worker reply with the body's SHA-256 in either build."""
    return ["--sha256"] if has_sha256() else ["--exec", "sha256sum | head -c 64"]


def gone(pid, timeout=PATIENCE):
    """Waits for a process that need not be a child to end; false if it does not."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], timeout)[0])
    finally:
        os.close(watched)


def wait_until_caught(process, number, timeout=PATIENCE):
    """Until a command that may just have been started has a handler for that signal, or has ended."""
    limit = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < limit:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        if caught >> (number - 1) & 1:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)


class CommandTest(unittest.TestCase):
    """Every process must end with status 0 when it is told to, unless the test ended it."""

    def setUp(self):
        self.started = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mizzen-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.stop_all)

    def fifo(self, name):
        """A new one, for a test and what it started to wait for each other."""
        path = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        os.mkfifo(path)
        return path

    def tell(self, fifo, line):
        """Leaves a line for whoever reads one, though nobody may be there any more."""
        end = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, end)
        os.write(end, line.encode() + b"\n")

    def spawn(self, *command, stderr=None, **options):
        log = tempfile.TemporaryFile()
        fcntl.fcntl(log, fcntl.F_SETFL, os.O_APPEND)  # whoever reads it moves no writer
        process = subprocess.Popen([os.fspath(part) for part in command],
                                   stdout=subprocess.PIPE, stderr=stderr or log, bufsize=0,
                                   preexec_fn=die_with_parent, **options)
        process.log = log
        self.started.append(process)
        return process

    def stop_all(self):
        left = [p for p in self.started if p.poll() is None]
        for process in left:
            self.tell_to_end(process, signal.SIGTERM)
        ends = [self.end_of(process) for process in left]
        logs = [self.log_of(process) for process in left]
        for process in self.started:
            process.stdout.close()
            process.log.close()
            if process.stderr:
                process.stderr.close()
        self.assertEqual([0] * len(ends), ends, logs)

    def end_of(self, process):
        """The exit status, once it ends."""
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"{process.args} does not end"

    def tell_to_end(self, process, number):
        if process.args[0] == os.fspath(MIZZEN) and number in (signal.SIGTERM, signal.SIGINT):
            wait_until_caught(process, number)
        process.send_signal(number)

    def kill(self, process, number=signal.SIGKILL):
        self.tell_to_end(process, number)
        return self.end_of(process)

    def log_of(self, process):
        if process.stderr and process.poll() is not None:
            process.log.write(process.stderr.read())  # all of it
        process.log.seek(0)
        return process.log.read().decode(errors="replace")

    def line_of(self, process):
        """The next line a process prints."""
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            self.fail(f"{process.args} prints nothing; {self.log_of(process)}")
        return process.stdout.readline().decode().rstrip("\n")

    def broker(self, *options, bind="tcp://127.0.0.1:*"):
        """A broker; its endpoint is an attribute."""
        process = self.spawn(MIZZEN, "broker", "--bind", bind, *options)
        word, _, process.endpoint = self.line_of(process).partition(" ")
        self.assertEqual("listening", word, self.log_of(process))
        return process

    def worker(self, broker, service, *options):
        """A worker that the broker knows."""
        process = self.spawn(MIZZEN, "worker", service, "--broker", broker.endpoint, *options,
                             stderr=subprocess.PIPE)
        self.assertIn(b"serving", process.stderr.readline())  # it can be stopped from now on
        self.wait_for_service(broker, service)
        return process

    def peer(self, script, *arguments):
        return self.spawn(sys.executable, PEERS / script, *arguments)

    def run_mizzen(self, *arguments, stdin=b"", **options):
        return subprocess.run([MIZZEN, *map(os.fspath, arguments)], input=stdin,
                              capture_output=True, timeout=2 * PATIENCE, check=False, **options)

    def request(self, broker, service, *arguments, **options):
        return self.run_mizzen("request", service, "--broker", broker.endpoint, *arguments,
                               **options)

    def reply(self, broker, service, *arguments, **options):
        """What a request that must succeed prints."""
        result = self.request(broker, service, *arguments, **options)
        self.assertEqual((0, b""), (result.returncode, result.stderr))
        return result.stdout

    def wait_for_service(self, broker, service, code=b"200"):
        """Asks the broker until it knows a worker, or with 404 until it knows none any more."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            answer = self.request(broker, "mmi.service", service, "--timeout", "1000")
            if answer.stdout == code + b"\n":
                return
        self.fail(f"mmi.service never says {code} for {service}")


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
