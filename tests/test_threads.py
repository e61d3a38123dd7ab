"""A pool that starts with the second task."""

import subprocess
import sys
import threading

import pytest

from leakcheck.threads import Threads


def test_a_task_alone_is_done_where_it_is_asked_for() -> None:
    pool = Threads(2, "test")
    for _ in range(3):
        assert pool.submit(threading.get_ident).result() == threading.get_ident()
    pool.close()


def test_tasks_run_beside_each_other() -> None:
    pool = Threads(2, "test")
    both = threading.Barrier(2, timeout=30)
    first, second = pool.submit(both.wait), pool.submit(both.wait)
    assert {first.result(), second.result()} == {0, 1}
    assert pool.submit(threading.get_ident).result() != threading.get_ident()
    pool.close()


def test_each_task_has_its_own_result() -> None:
    pool = Threads(2, "test")
    pool.submit(lambda: "left")  # whoever wanted it has gone
    found = [pool.submit(lambda at=at: at) for at in range(50)]
    assert [one.result() for one in found] == list(range(50))
    pool.close()


@pytest.mark.parametrize("before", [0, 1])
def test_what_a_task_raises_its_result_raises(before: int) -> None:
    pool = Threads(2, "test")
    tasks = [pool.submit(int) for _ in range(before)]
    wrong = pool.submit(lambda: int("x"))
    with pytest.raises(ValueError, match="invalid literal"):
        wrong.result()
    assert [one.result() for one in tasks] == [0] * before
    pool.close()


def test_one_task_loads_no_pool() -> None:
    program = (
        "import sys; from leakcheck.threads import Threads; "
        "Threads(2, 'test').submit(int).result(); print('concurrent.futures' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
