"""Parts of the demo, each tested on loopback."""

import asyncio
import contextlib
import os
import pty
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from gitmesh.demo.addresses import busy, replacements
from gitmesh.demo.layout import App, Call, listening_ports
from gitmesh.demo.processes import Processes
from gitmesh.demo.report import Report, summarise
from gitmesh.demo.sample import copy_sample, sample_repo, with_ports
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import UNUSED
from gitmesh.demo.traffic.apps import HttpApp, serve_tcp
from gitmesh.demo.traffic.http_client import BadReply, Connection, parse_head
from gitmesh.demo.traffic.load import Load
from gitmesh.demo.traffic.names import NameServer, serve_names
from mesh.errors import Fatal
from reconciler.directory import read_directory

HOST = "127.0.0.1"


@asynccontextmanager
async def listening(handler: object) -> AsyncIterator[int]:
    server = await asyncio.start_server(handler, HOST, 0)  # type: ignore[arg-type]
    async with server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.sleep(0.02)  # what was closed is gone one turn of the loop later


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    with closing(HttpApp(app)) as http:
        async with listening(http.serve) as port:
            yield port


def ask(name: str, kind: str) -> DNSRecord:
    server = NameServer({"catalog.nodes": ["127.9.9.1", "127.9.9.2"]})
    return DNSRecord.parse(server.answer(DNSRecord.question(name, kind).pack()))


def test_a_name_resolves_to_each_of_its_addresses_whatever_its_case() -> None:
    answer = ask("Catalog.Nodes", "A")
    assert [str(rr.rdata) for rr in answer.rr] == ["127.9.9.1", "127.9.9.2"]


def test_a_known_name_has_no_ipv6_address_but_exists() -> None:
    answer = ask("catalog.nodes", "AAAA")
    assert (answer.header.rcode, answer.rr) == (RCODE.NOERROR, [])
    assert answer.q.qtype == QTYPE.AAAA


def test_an_unknown_name_does_not_exist() -> None:
    assert ask("elsewhere", "A").header.rcode == RCODE.NXDOMAIN


def test_the_name_server_answers_over_udp_and_survives_what_is_no_query() -> None:
    async def scenario() -> DNSRecord:
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        serving = asyncio.create_task(serve_names({"web.nodes": ["127.9.9.3"]}, HOST, port))
        await asyncio.sleep(0.05)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.sendto(b"no query at all", (HOST, port))
        question = DNSRecord.question("web.nodes")
        answer = await asyncio.to_thread(question.send, HOST, port, timeout=5)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await asyncio.sleep(0)
        return DNSRecord.parse(answer)

    assert [str(rr.rdata) for rr in asyncio.run(scenario()).rr] == ["127.9.9.3"]


def test_an_application_says_who_answered_each_of_its_calls() -> None:
    async def scenario() -> tuple[int, bytes]:
        leaf = App(node="cart-v1", address=HOST, ports=(), calls=())
        bank = App(node="bank", address=HOST, ports=(), calls=())

        async def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve_tcp(bank, reader, writer)

        async with serving(leaf) as http_port, listening(tcp) as tcp_port:
            calls = (
                Call(service="cart", address=HOST, port=http_port, protocol="http"),
                Call(service="bank", address=HOST, port=tcp_port, protocol="tcp"),
            )
            web = App(node="web", address=HOST, ports=(), calls=calls)
            async with serving(web) as port:
                connection = Connection(HOST, port)
                reply = await connection.get("/", "shop")
                again = await connection.get("/items", "shop")
                connection.close()
                assert b"calls" not in again.body
                return reply.status, reply.body

    status, body = asyncio.run(scenario())
    assert status == 200
    assert b'"calls": {"cart": "cart-v1", "bank": "bank"}' in body


def test_an_application_whose_backend_is_down_says_so() -> None:
    async def scenario() -> int:
        call = Call(service="cart", address=HOST, port=1, protocol="http")
        web = App(node="web", address=HOST, ports=(), calls=(call,))
        async with serving(web) as port:
            connection = Connection(HOST, port)
            status = (await connection.get("/", "shop")).status
            connection.close()
            return status

    assert asyncio.run(scenario()) == 502


def test_the_client_opens_again_what_the_server_said_it_would_close() -> None:
    async def close_after_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async def scenario() -> list[bytes]:
        async with listening(close_after_one) as port:
            with closing(Connection(HOST, port)) as connection:
                return [(await connection.get("/", "x")).body for _ in range(3)]

    assert asyncio.run(scenario()) == [b"hi"] * 3


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"])
def test_a_server_that_breaks_off_is_a_bad_reply(said: bytes) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async def scenario() -> None:
        async with listening(break_off) as port:
            await Connection(HOST, port).get("/", "x")

    with pytest.raises(BadReply):
        asyncio.run(scenario())


def test_the_client_reads_answers_in_chunks() -> None:
    async def chunked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"3\r\nLIV\r\n2;x=y\r\nE\n\r\n0\r\n\r\n")
        writer.close()

    async def scenario() -> bytes:
        async with listening(chunked) as port:
            with closing(Connection(HOST, port)) as connection:
                return (await connection.get("/ready", "x")).body

    assert asyncio.run(scenario()) == b"LIVE\n"


def test_what_is_no_http_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="not HTTP"):
        parse_head(b"SSH-2.0-OpenSSH\r\n\r\n")


def test_the_load_counts_answers_by_node_and_failures_with_their_reason() -> None:
    turns = iter(range(1000))

    async def every_tenth_fails(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                bad = next(turns) % 10 == 9
                status, body = ("503 Down", b"") if bad else ("200 OK", b'{"node": "cart-v1"}')
                head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
        except asyncio.IncompleteReadError:
            writer.close()

    async def scenario() -> Load:
        async with listening(every_tenth_fails) as port:
            load = Load((HOST, port))
            tally = await load.sample(100)
            assert (tally.ok, tally.failed) == (90, 10)
            async with load.steady():
                await asyncio.sleep(0.2)
            return load

    load = asyncio.run(scenario())
    assert load.total.ok > 90
    assert load.total.by_node == {"cart-v1": load.total.ok}
    assert "BadReply: status 503" in load.total.failures[0]


def test_a_closed_terminal_does_not_keep_the_demo_from_cleaning_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, cleaned_up = Screen(to_stderr=False), []

    async def scenario() -> None:
        try:
            async with screen.working("something takes long"):
                screen.good("done")
        finally:
            cleaned_up.append(True)
            screen.say("bye")

    terminal, end = pty.openpty()
    os.close(terminal)
    with contextlib.suppress(OSError), open(end, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        with pytest.raises(OSError, match="Input/output"):
            print("x", file=closed, flush=True)
        asyncio.run(scenario())
    assert cleaned_up


def test_an_address_in_use_is_busy_and_others_are_not() -> None:
    async def scenario() -> tuple[str, str]:
        async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with listening(nothing) as port:
            return busy([(HOST, port)]), busy([("127.211.7.9", port)])

    used, free = asyncio.run(scenario())
    assert "in use" in used
    assert free == ""


def test_a_port_on_which_something_listens_everywhere_is_replaced_and_others_are_not() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken, socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        free = probe.getsockname()[1]
        used = taken.getsockname()[1]
        probe.close()
        found = replacements({used, free}, UNUSED)
    assert found.keys() == {used}
    assert found[used] not in (used, free)


def test_the_sample_is_the_same_mesh_with_other_ports(tmp_path: Path) -> None:
    ports = listening_ports(read_directory(sample_repo()).graph)
    assert ports == {8080, 9000, 9080}
    copy_sample(tmp_path / "same")
    assert read_directory(tmp_path / "same").graph == read_directory(sample_repo()).graph
    copy_sample(tmp_path / "other", {8080: 40_000, 9080: 40_001})
    other = read_directory(tmp_path / "other")
    assert not other.problems
    assert listening_ports(other.graph) == {9000, 40_000, 40_001}
    assert with_ports("port: 80800, weight: 8080, port: 8080}", {8080: 1}) == (
        "port: 80800, weight: 8080, port: 1}"
    )


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for(text: str, processes: Processes, name: str) -> str:
    deadline = time.monotonic() + 10
    while text not in (said := processes.log_of(name)):
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    return said


def test_stopping_ends_processes_and_what_they_started(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start(
        "stubborn",
        python(
            "import signal, time; signal.signal(15, signal.SIG_IGN);"
            "print('up', flush=True); time.sleep(60)"
        ),
    )
    processes.start(
        "parent",
        python(
            "import subprocess, sys, time; p = subprocess.Popen("
            "[sys.executable, '-c', 'import time; time.sleep(60)']);"
            "print('child', p.pid, flush=True); time.sleep(60)"
        ),
    )
    wait_for("up", processes, "stubborn")
    child = int(wait_for("child", processes, "parent").split()[-1])
    processes.check()
    processes.stop(grace_s=0.3)
    deadline = time.monotonic() + 5
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_that_ended_is_named_with_its_last_words(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("envoy-web", python("import sys; sys.exit('no such flag')"))
    wait_for("no such flag", processes, "envoy-web")
    with pytest.raises(Fatal, match="envoy-web ended with code 1") as caught:
        check_for_a_while(processes)
    assert "no such flag" in caught.value.hint


def check_for_a_while(processes: Processes) -> None:
    for _ in range(200):
        processes.check()
        time.sleep(0.02)


def test_children_end_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from gitmesh.demo.processes import Processes;"
        f"p = Processes(pathlib.Path({str(tmp_path)!r}));"
        "p.start('child', [sys.executable, '-c', "
        "'import os, time; print(os.getpid(), flush=True); time.sleep(60)']);"
        "time.sleep(60)"
    )
    outer = Processes(tmp_path)
    outer.start("demo", python(code))
    deadline = time.monotonic() + 20
    child = tmp_path / "child.log"
    while not (child.exists() and child.read_text().strip()):
        assert time.monotonic() < deadline, outer.log_of("demo")
        time.sleep(0.02)
    pid = int(child.read_text())
    outer.kill("demo")
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    outer.stop()


def test_a_report_is_good_only_while_every_promise_holds() -> None:
    report = Report()
    report.expect(True, "a")
    assert report.ok
    report.expect(False, "b")
    assert not report.ok
    assert report.broken == ["b"]


def test_a_bar_is_for_the_median() -> None:
    assert summarise([10, 20, 900], 30).holds
    assert not summarise([10, 31, 32], 30).holds


@pytest.mark.parametrize(("load", "busy"), [(40.0, True), (0.5, False)])
def test_what_is_late_is_told_with_the_load_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, load: float, busy: bool
) -> None:
    monkeypatch.setattr("gitmesh.demo.traffic.load.PATIENCE_S", 0.2)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Fatal, match="the gateway did not answer within 120 s") as late:
        asyncio.run(Load((HOST, port)).wait_until_answered())
    assert ("this machine is busy (load 40 on 2 CPUs)" in late.value.hint) == busy
    assert "the last failure: " in late.value.hint
    assert "see the message above" not in late.value.hint
