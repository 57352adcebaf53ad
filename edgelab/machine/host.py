"""The machine that numbers are taken on: its processor, what that processor can do, its memory."""

import ctypes
import math
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Feature -> (its names on Linux, its name in macOS's sysctl, why it matters here).
FEATURES = {
    "avx2": (("avx2",), "hw.optional.avx2_0", "256-bit vectors: what fast inference on x86 rests on"),
    "vnni": (("avx512_vnni", "avx_vnni"), None, "int8 products in one instruction, without saturation"),
    "avx512_bf16": (("avx512_bf16",), None, "bfloat16 products: training in half the bits"),
    "amx": (("amx_tile",), None, "whole matrix tiles in bfloat16 and int8: fast training"),
    "neon": (("asimd", "neon"), "hw.optional.neon", "128-bit vectors: what fast inference on ARM rests on"),
    "dotprod": (("asimddp",), "hw.optional.arm.FEAT_DotProd", "int8 dot products: what VNNI is on x86"),
    "i8mm": (("i8mm",), "hw.optional.arm.FEAT_I8MM", "int8 matrix products: more of them at once"),
}
X86, ARM = ("avx2", "vnni", "avx512_bf16", "amx"), ("neon", "dotprod", "i8mm")


@dataclass(frozen=True)
class Host:
    """`features` are names of FEATURES; None where the system does not tell. `cores` and the memory are what this
    process may use: affinity and container limits count. A memory of 0 is unknown."""

    cpu: str
    architecture: str
    cores: int
    features: tuple[str, ...] | None
    memory_bytes: int
    available_bytes: int
    system: str
    python: str

    @property
    def relevant_features(self) -> tuple[str, ...]:
        """The features that a processor of this architecture could have."""
        return ARM if self.architecture.lower() in ("arm64", "aarch64") else X86


def host() -> Host:
    """This machine, as this process sees it."""
    cpu, features = _processor()
    memory, available = _memory()
    return Host(
        cpu or platform.processor() or platform.machine(),
        platform.machine(),
        _cores(),
        features,
        memory,
        available,
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
    )


def _processor() -> tuple[str, tuple[str, ...] | None]:
    system = platform.system()
    if system == "Linux":
        return parse_cpuinfo(_read("/proc/cpuinfo"))
    if system == "Darwin":
        return parse_sysctl(subprocess.run(["sysctl", "-a"], capture_output=True, text=True).stdout)
    return "", None


def parse_cpuinfo(text: str) -> tuple[str, tuple[str, ...]]:
    """Processor name (empty where ARM kernels leave it out) and features, from Linux's /proc/cpuinfo."""
    fields: dict[str, str] = dict(re.findall(r"^([^:\n]+?)\s*:[ \t]*(.*)$", text, re.MULTILINE))
    flags = set(fields.get("flags", fields.get("Features", "")).split())
    return fields.get("model name", ""), tuple(name for name, (names, _, _) in FEATURES.items() if flags & set(names))


def parse_sysctl(text: str) -> tuple[str, tuple[str, ...]]:
    """Processor name and features, from macOS's `sysctl -a`."""
    fields = dict(re.findall(r"^([\w.]+): (.*)$", text, re.MULTILINE))
    found = tuple(name for name, (_, key, _) in FEATURES.items() if fields.get(key) == "1")
    return fields.get("machdep.cpu.brand_string", ""), found


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    return min(cores, math.ceil(int(quota) / int(period))) if quota.isdigit() else cores


def _memory() -> tuple[int, int]:
    """Total and available bytes, a container's limit included."""
    try:
        import psutil

        memory = psutil.virtual_memory()
        total, available = memory.total, memory.available
    except ImportError:
        total, available = _memory_by_system()
    limit, used = _read("/sys/fs/cgroup/memory.max").strip(), _read("/sys/fs/cgroup/memory.current").strip()
    if limit.isdigit() and used.isdigit():
        total, available = min(total, int(limit)), min(available, max(0, int(limit) - int(used)))
    return total, available


def _memory_by_system() -> tuple[int, int]:
    system = platform.system()
    if system == "Linux":
        kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", _read("/proc/meminfo"), re.MULTILINE))
        return 1024 * int(kilobytes.get("MemTotal", 0)), 1024 * int(kilobytes.get("MemAvailable", 0))
    if system == "Darwin":
        total = subprocess.run(["sysctl", "-n", "hw.memsize"], capture_output=True, text=True).stdout.strip()
        return int(total or 0), 0
    if sys.platform == "win32":
        status = (ctypes.c_ulonglong * 8)()  # MEMORYSTATUSEX: two 32-bit fields, then seven of 64 bits
        status[0] = ctypes.sizeof(status)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return status[1], status[2]
    return 0, 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return ""
