"""The commands of the README's table of patterns do, as they stand, what they are there for.

Each row has a network of its own, since the ports are those of the README.
"""

import fcntl
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
SERVERS = ("broker", "worker", "queue", "star primary", "star backup", "freelance server", "rep")
OWN_NETWORK = ("unshare", "--user", "--map-root-user", "--net", sys.executable, __file__)


def rows():
    """What to run, by the patterns' names."""
    found = {}
    for line in README.read_text().splitlines():
        row = re.fullmatch(r"\| \[([\w ]+)\]\(patterns/\w+/README.md\) \|.*\| (`mizzen .*`) \|", line)
        if row:
            commands = row[2].strip("`").split("` <br> `")
            found[row[1]] = [each.replace("\\|", "|") for each in commands]
    return found


def secured():
    """The commands of the section on keys."""
    section = README.read_text().partition("### With keys\n")[2].partition("\n#")[0]
    return re.findall(r"^    (m.*)$", section, re.MULTILINE)


def in_own_network(commands):
    """Runs servers beside what comes after them, and prints what that says."""
    with socket.socket() as any_socket:  # SIOCSIFFLAGS: IFF_UP
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
    servers, status = [], 0
    for each in commands:
        if re.match(rf"mizzen ({'|'.join(SERVERS)})\b", each):
            servers.append(subprocess.Popen(["/bin/sh", "-c", f"exec {each}"],
                                            preexec_fn=harness.die_with_parent,
                                            stdout=subprocess.DEVNULL))
        else:
            status = status or subprocess.run(["/bin/sh", "-c", each], stdin=subprocess.DEVNULL,
                                              timeout=harness.PATIENCE).returncode
    for each in servers:
        each.send_signal(signal.SIGTERM)
    return status or max(each.wait(harness.PATIENCE) for each in servers)


def may_have_own_network():
    return subprocess.run([*OWN_NETWORK[:-2], "true"], capture_output=True).returncode == 0


class Readme(harness.CommandTest):
    def run_row(self, name, commands):
        """With `mizzen` in the path, in an empty folder."""
        folder = self.folder / name
        folder.mkdir()
        os.symlink(os.path.abspath(harness.MIZZEN), folder / "mizzen")
        done = subprocess.run([*OWN_NETWORK, "row", *commands], cwd=folder,
                              env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
                              capture_output=True, text=True, timeout=2 * harness.PATIENCE)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_every_pattern_has_a_row(self):
        self.assertEqual({"Lazy Pirate", "Simple Pirate", "Paranoid Pirate", "Majordomo", "Titanic",
                          "Binary Star", "Freelance"}, set(rows()))

    def test_each_row_ends_with_the_reply(self):
        for name, commands in rows().items():
            if name != "Titanic":
                with self.subTest(name):
                    self.assertEqual("hello\n", self.run_row(name, commands))

    def test_titanic_lists_what_it_was_asked(self):
        asked, service, status, number, *listed = (
            self.run_row("Titanic", rows()["Titanic"]).splitlines())
        self.assertEqual(["MDPC01", "titanic.request", "200"], [asked, service, status])
        self.assertIn(number, "\n".join(listed))

    def test_a_broker_and_its_peers_can_have_keys(self):
        probe = self.run_mizzen("keygen", self.folder / "probe")
        if b"OpenSSL" not in probe.stderr:  # a build without it has no keys
            self.assertTrue(self.run_row("keys", secured()).endswith("HELLO\n"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["row"]:
        sys.exit(in_own_network(sys.argv[2:]))
    if not may_have_own_network():
        sys.exit("readme_test: the README's ports want a network namespace of their own")
    harness.main()
