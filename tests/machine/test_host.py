"""What the machine says of itself."""

import importlib
import platform

import pytest

from edgelab.machine import host as module
from edgelab.machine.host import FEATURES, host, parse_cpuinfo, parse_sysctl

XEON = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8

processor\t: 1
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8
"""
LAPTOP = "model name\t: 13th Gen Intel(R) Core(TM) i5-1335U\nflags\t\t: fpu avx2 avx_vnni\n"
OLD = "model name\t: Intel(R) Core(TM) i7-3770\nflags\t\t: fpu avx avx2_like\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd aes asimddp i8mm bf16\nCPU part\t: 0xd40\n"
MAC = "machdep.cpu.brand_string: Apple M2\nhw.optional.neon: 1\nhw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 0\n"


@pytest.mark.parametrize(
    "parse, text, expected",
    [
        (
            parse_cpuinfo,
            XEON,
            ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", ("avx2", "vnni", "avx512_bf16", "amx")),
        ),
        (parse_cpuinfo, LAPTOP, ("13th Gen Intel(R) Core(TM) i5-1335U", ("avx2", "vnni"))),
        (parse_cpuinfo, OLD, ("Intel(R) Core(TM) i7-3770", ())),
        (parse_cpuinfo, ARM, ("", ("neon", "dotprod", "i8mm"))),
        (parse_cpuinfo, "", ("", ())),
        (parse_sysctl, MAC, ("Apple M2", ("neon", "dotprod"))),
    ],
    ids=["xeon", "laptop", "old", "arm", "nothing", "mac"],
)
def test_features_of_known_machines(parse, text, expected):
    assert parse(text) == expected


def test_this_machine():
    here = host()
    assert here.cpu and here.cores >= 1
    assert 0 < here.available_bytes <= here.memory_bytes
    assert here.python == platform.python_version()
    assert set(here.features or ()) <= set(FEATURES) and set(here.relevant_features) <= set(FEATURES)


def test_container_limits_count(monkeypatch):
    files = {
        "/sys/fs/cgroup/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/memory.max": "1000000000\n",
        "/sys/fs/cgroup/memory.current": "400000000\n",
    }
    monkeypatch.setattr(module, "_read", lambda path: files.get(path, ""))
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    assert module._cores() == 2
    total, available = module._memory()
    assert total == 1_000_000_000 and available <= 600_000_000
    files["/sys/fs/cgroup/cpu.max"] = "max 100000\n"
    assert module._cores() == 16


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc/meminfo")
def test_memory_without_psutil_is_the_same():
    psutil = importlib.import_module("psutil")
    total, available = module._memory_by_system()
    assert total == psutil.virtual_memory().total
    assert available == pytest.approx(psutil.virtual_memory().available, rel=0.2)
