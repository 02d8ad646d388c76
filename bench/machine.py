"""What a benchmark ran on."""
import datetime
import json
import os
import pathlib
import platform
import subprocess


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def libzmq_version(build):
    done = subprocess.run([build / "bench/libzmq_throughput", "version"], capture_output=True,
                          text=True, timeout=10, check=True)
    return done.stdout.strip()


def build_type(build):
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
    return next(o["value"] for o in options if o["name"] == "buildtype")


def describe(build):
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "libzmq": libzmq_version(build),
        "build": build_type(build),
        "date": datetime.date.today().isoformat(),
        "load_before": round(os.getloadavg()[0], 2),
    }
