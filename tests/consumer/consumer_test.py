"""What a build would install, used from outside of the tree in three ways: pkg-config, CMake and a
meson subproject.

Arguments: the build folder, then the compiler's command. It is installed from there as it is.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1])
COMPILER = sys.argv[2:]
HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def asio_definitions(text):
    return set(re.findall(r"-D(ASIO_\w+)", text))


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mizzen-consumer-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.installed = cls.folder / "installed"
        cls.environment = os.environ | {"CXX": " ".join(COMPILER)}
        log = BUILD / "meson-logs/install-log.txt"  # `ninja uninstall` goes by it: left as it was
        before = log.read_bytes() if log.exists() else None
        cls.run_command("meson", "install", "--no-rebuild", "--quiet", "-C", BUILD,
                        "--destdir", cls.installed)
        log.unlink() if before is None else log.write_bytes(before)

        # Copies, so that nothing is found beside them.
        cls.sources = cls.folder / "sources"
        shutil.copytree(HERE, cls.sources)
        cls.pc_folder = next(cls.installed.rglob("mizzen-zmtp.pc")).parent
        cls.libdir = cls.pc_folder.parent
        prefix = cls.run_command("pkg-config", "--variable=prefix",
                                 cls.pc_folder / "mizzen-zmtp.pc")
        cls.prefix = cls.installed / prefix.strip().removeprefix("/")

    @classmethod
    def run_command(cls, *command, **environment):
        done = subprocess.run([os.fspath(word) for word in command],
                              capture_output=True, text=True,
                              env=cls.environment | environment, cwd=cls.folder, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def check_programs(self, folder):
        self.check_req_over_posix(folder / "req_over_posix")
        for program, output in (("dealer_router", "hello\n"), ("majordomo", "404\n")):
            with self.subTest(program):
                self.assertEqual(output, self.run_installed(folder / program))

    def check_req_over_posix(self, program):
        self.run_installed(sys.executable, HERE / "req_over_posix_test.py", program,
                           "ReqOverPosix.test_prints_what_a_rep_replies")

    def check_asio_definitions(self, found):
        """Asio makes different things of different ones, and the two then fail at run time."""
        ours = next(unit["command"]
                    for unit in json.loads((BUILD / "compile_commands.json").read_text())
                    if "lib/libmizzen." in unit["output"])
        self.assertEqual(asio_definitions(ours), asio_definitions(found))

    def run_installed(self, *command):
        return self.run_command(*command, LD_LIBRARY_PATH=os.fspath(self.libdir))

    def test_through_pkg_config(self):
        out = self.folder / "pkg-config"
        out.mkdir()
        for program, package, flags in (
                ("req_over_posix", "mizzen-zmtp", ["-fno-exceptions", "-fno-rtti"]),
                ("dealer_router", "mizzen", []),
                ("majordomo", "mizzen-patterns", [])):
            found = self.run_command("pkg-config", "--cflags", "--libs", package,
                                     PKG_CONFIG_PATH=os.fspath(self.pc_folder),
                                     PKG_CONFIG_SYSROOT_DIR=os.fspath(self.installed)).split()
            if package != "mizzen-zmtp":
                self.check_asio_definitions(" ".join(found))
            self.run_command(*COMPILER, "-std=c++20", *STRICT, *flags,
                             self.sources / f"{program}.cpp", *found, "-o", out / program)
        self.check_programs(out)

    def test_through_cmake(self):
        out = self.folder / "cmake"
        self.run_command("cmake", "-S", self.sources / "cmake", "-B", out, "-G", "Ninja",
                         f"-DCMAKE_PREFIX_PATH={self.prefix}",
                         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        self.check_asio_definitions((out / "compile_commands.json").read_text())
        self.run_command("cmake", "--build", out)
        self.check_programs(out)

    def test_cmake_refuses_another_version_and_an_unknown_component(self):
        for name, wanted, found in (("alone", "0.1 COMPONENTS zmtp", 1),
                                    ("older", "0.0.9 COMPONENTS zmtp", 0),
                                    ("newer", "0.2 COMPONENTS zmtp", 0),
                                    ("unknown", "COMPONENTS zmtp curve", 0)):
            with self.subTest(wanted):
                project = self.folder / f"cmake-{name}"
                project.mkdir()
                (project / "CMakeLists.txt").write_text(
                    "cmake_minimum_required(VERSION 3.16)\nproject(find LANGUAGES NONE)\n"
                    f"find_package(mizzen {wanted} QUIET)\n"
                    "message(STATUS \"found: ${mizzen_FOUND}\")\n")
                said = self.run_command("cmake", "-S", project, "-B", project, "-G", "Ninja",
                                        f"-Dmizzen_DIR={self.libdir}/cmake/mizzen")
                self.assertIn(f"found: {found}", said)

    def test_as_a_meson_subproject(self):
        project = self.sources / "subproject"
        (project / "subprojects").mkdir()
        (project / "subprojects/mizzen").symlink_to(SOURCE)
        out = self.folder / "subproject"
        self.run_command("meson", "setup", "--wrap-mode=nodownload",
                         "-Dforce_fallback_for=mizzen", out, project)
        self.run_command("ninja", "-C", out, "req_over_posix")  # and nothing but the wire layer
        self.check_req_over_posix(out / "req_over_posix")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
