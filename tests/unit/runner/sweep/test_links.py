import pytest

from segcompress_api.naming import short_hash
from segcompress_runner.outputs.sweep.links import bucket_links, place_of, relative
from segcompress_runner.storage import Address
from sweeps import UID, Sweep, swept


def test_page_lies_below_the_templates_output() -> None:
    place = f"s3://compressed/humanseg-sweep/sweeps/humanseg-{short_hash(UID)}/report.html"
    assert str(place_of(swept())) == place


def test_links_lead_from_the_page_to_each_report_of_the_bucket() -> None:
    read = swept(Sweep(trials=12))
    links = bucket_links(read, place_of(read))
    assert links[1] == "../../0000000000000001/attempts/pod%201/report.html"
    assert 9 not in links  # failed, and has none
    assert bucket_links(read, Address("s3", "elsewhere", "report.html")) == {}


@pytest.mark.parametrize(
    ("path", "folder", "url"),
    [
        pytest.param("a/report.html", "a", "./report.html", id="beside"),
        pytest.param("a/b/report.html", "", "./a/b/report.html", id="below"),
        pytest.param("report.html", "a/b", "../../report.html", id="above"),
        pytest.param("javascript:alert(1)", "", "./javascript%3Aalert%281%29", id="no scheme"),
        pytest.param('a/"><script>?#', "a", "./%22%3E%3Cscript%3E%3F%23", id="escaped"),
    ],
)
def test_relative_url(path: str, folder: str, url: str) -> None:
    assert relative(path, folder) == url
