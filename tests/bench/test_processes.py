import os
import socket
from pathlib import Path

import pytest

from bench import processes

STAT = "4711 (a (strange) name) S 1 4711 4711 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 3 0 100 0 0"
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:1F90 0100007F:C002 04 0001F400:00000000 00:00000000 00000000     0        0 3
   3: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4
"""


def test_the_time_of_a_process_is_user_and_system_together():
    assert processes.parse_cpu_s(STAT) == pytest.approx(300 / processes.TICKS_PER_S)


def test_the_memory_of_a_process_is_what_is_resident():
    assert processes.parse_memory_kb("VmSize:\t  9000 kB\nVmRSS:\t    1234 kB\nRssAnon:\t 1 kB\n") == 1234


def test_a_process_that_has_ended_has_no_memory():
    with pytest.raises(ValueError, match="has ended"):
        processes.parse_memory_kb("Name:\tgone\nState:\tZ (zombie)\n")


def test_a_machine_is_busy_when_it_neither_idles_nor_waits():
    stat = "cpu  100 10 50 9999 9999 5 5 30 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert processes.parse_busy_s(stat) == pytest.approx(200 / processes.TICKS_PER_S)


def test_a_connection_is_told_by_the_port_of_the_other_side():
    assert processes.parse_connections(TABLE, 8080) == {0: "0A", 0xC001: "01", 0xC002: "04"}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux keeps these books")
def test_the_kernel_is_believed_about_a_live_connection():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        there, _ = server.accept()
        with there:
            port, other = server.getsockname()[1], client.getsockname()[1]
            assert processes.is_connected(port, other)
            there.shutdown(socket.SHUT_WR)
            assert not processes.is_connected(port, other)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux keeps these books")
def test_our_own_books_can_be_read():
    assert processes.parse_cpu_s(Path(f"/proc/{os.getpid()}/stat").read_text()) > 0
    assert processes.parse_memory_kb(Path(f"/proc/{os.getpid()}/status").read_text()) > 1_000
