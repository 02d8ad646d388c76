"""The processes of one run of a benchmark: started together, listened to, and ended together."""
import os
import resource
import select
import subprocess
import tempfile
import time

TIME_LIMIT = 60  # seconds for one run, as in side_by_side.hpp; one or two are meant


class Failed(Exception):
    pass


def processors_time(kernel_only=False):
    """Of processes that were started here and have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_stime + (0 if kernel_only else used.ru_utime)


class Program:
    """A process that says its results line by line, and that may be told what to do so as well."""

    def __init__(self, run, command):
        self.run = run
        self.command = [str(word) for word in command]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.said = b""  # all of it
        self.read = 0  # of that, by our caller

    @property
    def pid(self):
        return self.process.pid

    def tell(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as e:
            raise Failed(f"{self.command[0]} has ended and cannot be told {line!r}") from e

    def tell_no_more(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def line(self):
        """The next one, as words."""
        while b"\n" not in self.said[self.read:]:
            self.run.check()
            ready, _, _ = select.select([self.process.stdout], [], [], 0.1)
            if ready:
                more = os.read(self.process.stdout.fileno(), 65536)
                if not more:
                    raise Failed(f"{self.command[0]} says nothing more")
                self.said += more
        end = self.said.index(b"\n", self.read)
        words = self.said[self.read:end].decode().split()
        self.read = end + 1
        return words

    def word_after(self, key):
        """Of the next line that is `KEY WORD`."""
        while True:
            words = self.line()
            if len(words) == 2 and words[0] == key:
                return words[1]

    def number_before(self, unit):
        """Of the next line that is `NUMBER UNIT`."""
        while True:
            words = self.line()
            if len(words) == 2 and words[1] == unit:
                return float(words[0])

    def story(self, stopped):
        """For when something went wrong."""
        self.errors.seek(0)
        end = "stopped" if stopped else f"exit code {self.process.returncode}"
        said = (self.said + self.errors.read()).decode(errors="replace")
        return "\n".join([f"  {' '.join(self.command)}: {end}"]
                         + ["    " + line for line in said.splitlines()])


class Run:
    """`with Run(build) as run:` starts processes; at its end all of them have ended, and well."""

    def __init__(self, build):
        self.build = build
        self.programs = []
        self.servers = []  # which do not end by themselves
        self.deadline = time.monotonic() + TIME_LIMIT

    def __enter__(self):
        return self

    def start(self, name, *arguments):
        self.programs.append(Program(self, [self.build / "bench" / name, *arguments]))
        return self.programs[-1]

    def serve(self, path, *arguments):
        """What is not ours, and is ended by a signal when all the others are done."""
        self.servers.append(Program(self, [path, *arguments]))
        return self.servers[-1]

    def check(self):
        """Whether all is well so far: the others would wait for one that has failed."""
        if any(program.process.poll() for program in self.programs) or \
                any(program.process.poll() is not None for program in self.servers):
            raise Failed("a process failed")
        if time.monotonic() > self.deadline:
            raise Failed(f"not done after {TIME_LIMIT} s")

    def wait(self):
        for program in self.programs:
            program.tell_no_more()
        while any(program.process.poll() is None for program in self.programs):
            self.check()
            time.sleep(0.01)
        self.check()

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.wait()
        except Failed as e:
            error = e
        everybody = self.programs + self.servers
        stopped = [program for program in everybody if program.process.poll() is None]
        for program in stopped:
            program.process.kill()
        for program in everybody:
            program.process.wait()
        problem = None
        if isinstance(error, Failed):
            stories = [program.story(program in stopped) for program in everybody]
            problem = Failed("\n".join([str(error), *stories]))
        for program in everybody:
            program.tell_no_more()
            program.process.stdout.close()
            program.errors.close()
        if problem is not None:
            raise problem from error
        return False
