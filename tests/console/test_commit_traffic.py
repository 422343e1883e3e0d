"""A commit's page shows the traffic before and after it, as proxies report it."""

import time
from contextlib import closing

import pytest

from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.sums import Sums
from tests.console.conftest import serve, text_of
from tests.console.test_history import wait_logged
from tests.support.git import git, put
from tests.support.sample_shop import ENTRANCE, sample_files
from xds.reports.counts import Counts
from xds.reports.measured import Measured


def test_success_and_latency_have_intervals_before_and_after(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    served = serve(tmp_path_factory.mktemp("before-after"))
    with served.server:
        first = git(served.bare, "rev-parse", "main")
        second = put(served.bare, sample_files(shares(50)))
        visitor = served.visitor().sign_in()
        wait_logged(visitor, second)
        assert "Traffic before and after" not in visitor.get(f"/commit/{second}").text
        now_s = int(time.time()) // 10 * 10
        with closing(TrafficFile.create(traffic_path(log_path(served.bare)))) as file:
            for at_s in range(now_s - 200, now_s + 1, 10):
                old = at_s < now_s - 100
                report = Counts(requests=100, server_errors=0 if old else 10)
                measured = Measured(
                    *(ENTRANCE, "p", "metrics", (at_s - 10) * 10**9, at_s * 10**9),
                    *(first if old else second, (("cds_egress_shop_cart-v2_http_8080", report),)),
                )
                sums = Sums()
                sums.add(measured)
                file.write(sums, at_s)
        deadline, said = time.monotonic() + 60, ""
        while "Traffic before and after" not in said:
            assert time.monotonic() < deadline, said
            page = visitor.get(f"/commit/{second}")
            assert page.status_code == 200, served.server.lines()[-3:]
            said = text_of(page.text)
            time.sleep(0.2)
        assert "cart-v2 before 1,000 100.00 % (99.62 to 100.00)" in said
        assert "after significant: -10.00 1,1" in said
        assert "90.00 % (88." in said
