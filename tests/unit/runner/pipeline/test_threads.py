import pytest

from segcompress_runner.threads import set_threads


@pytest.mark.parametrize(("given", "expected"), [("3", 3), ("16", 16)])
def test_containers_share_is_told_to_the_libraries(given: str, expected: int) -> None:
    environment = {"SEGCOMPRESS_THREADS": given}
    assert set_threads(environment) == expected
    assert environment["FLAGS_paddle_num_threads"] == given
    assert environment["MKL_NUM_THREADS"] == given


def test_paddle_logs_warnings_unless_it_is_asked_for_more() -> None:
    environment: dict[str, str] = {}
    set_threads(environment)
    assert environment["GLOG_minloglevel"] == "1"
    environment = {"GLOG_minloglevel": "0"}
    set_threads(environment)
    assert environment["GLOG_minloglevel"] == "0"


@pytest.mark.parametrize("given", [{}, {"SEGCOMPRESS_THREADS": ""}, {"SEGCOMPRESS_THREADS": "0"}])
def test_without_a_share_it_is_this_machines(given: dict[str, str]) -> None:
    assert set_threads(given) >= 1
