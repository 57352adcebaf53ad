"""Nothing of the tests leaves the machine, and what tries is seen; a child's own warnings are errors."""

import os
import socket
import subprocess
import sys

import pytest

from tests.beginning import guard

ELSEWHERE = "192.0.2.1"  # reserved for documentation


def in_a_child(program: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_a_connection_a_look_up_and_a_datagram_are_refused_and_noted():
    with pytest.raises(OSError, match=f"no network in the tests, but something tried: connect {ELSEWHERE}"):
        socket.create_connection((ELSEWHERE, 80), timeout=1)
    with pytest.raises(OSError, match="tried: getaddrinfo example.org"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(OSError, match="tried: sendto"):
        sender.sendto(b"x", (ELSEWHERE, 9))
    assert guard.tried() == [f"connect {ELSEWHERE}", "getaddrinfo example.org", f"sendto {ELSEWHERE}"]
    assert guard.tried() == []


def test_so_are_those_of_a_child_whatever_it_makes_of_them():
    program = (
        f"import urllib.request as u\ntry: u.urlopen('http://{ELSEWHERE}/', timeout=1)\nexcept OSError as e: print(e)"
    )
    done = in_a_child(program)
    assert "no network in the tests" in done.stdout and guard.tried() == [f"connect {ELSEWHERE}"]


def test_this_machine_may_be_reached_by_any_name_and_a_datagram_socket_may_ask_its_way():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    assert socket.getaddrinfo(ELSEWHERE, 80) and socket.getaddrinfo(None, 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ELSEWHERE, 9))
        except OSError as error:  # a machine without a network
            assert "no network in the tests" not in str(error)


@pytest.mark.network
def test_a_test_that_is_marked_may():
    assert guard.VARIABLE not in os.environ
    with pytest.raises(OSError) as raised, socket.socket() as tried:
        tried.settimeout(0.01)
        tried.connect((ELSEWHERE, 80))
    assert "no network in the tests" not in str(raised.value)


def test_a_childs_own_warning_is_an_error_and_a_librarys_is_not():
    raised = in_a_child("import warnings; warnings.warn('old', DeprecationWarning)")
    assert raised.returncode == 1 and "DeprecationWarning: old" in raised.stderr
    theirs = "import warnings; warnings.warn_explicit('old', DeprecationWarning, 'x.py', 1, module='theirs')"
    assert in_a_child(theirs).returncode == 0
