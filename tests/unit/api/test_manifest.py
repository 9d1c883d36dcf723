"""What a job's file must say beside its spec."""

import re

import pytest
from pydantic import ValidationError

from segcompress_api.errors import invalid_spec
from segcompress_api.manifest import JobManifest
from unit.api.jobs import changed, job
from unit.api.metadata import RIGHT, WRONG

LONGEST = f"{'a' * 126}.{'b' * 126}"


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"name": "a"}, id="one letter"),
        pytest.param({"name": "0-1.b--c"}, id="digits, dashes and a dot"),
        pytest.param({"name": LONGEST}, id="253 characters"),
        pytest.param({"generateName": "demo-"}, id="the beginning of a name"),
        pytest.param({"generateName": "a.b--"}, id="the beginning of a part"),
        pytest.param({"name": "a", "namespace": "team-1"}, id="namespace"),
        *(pytest.param({"name": "a"} | metadata, id=str(metadata)) for metadata in RIGHT),
    ],
)
def test_names_that_the_api_server_takes_are_right(metadata: dict[str, object]) -> None:
    assert JobManifest.model_validate(job() | {"metadata": metadata}).spec.seed == 0


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        *(
            pytest.param({"name": name}, f"metadata.name: must consist of .*, got '{name}'", id=name)
            for name in ("Bad", "a_b", "-a", "a-", ".a", "a.", "a..b", "a.-b", "ä", "a b")
        ),
        pytest.param(
            {"name": f"{LONGEST}b"},
            "metadata.name: must have at most 253 characters, has 254, got 'aaa",
            id="254",
        ),
        *(
            pytest.param({"generateName": name}, "metadata.generateName: must consist of", id=f"{name}…")
            for name in ("Bad-", "-", "a.", "a.-")
        ),
        pytest.param({"name": "a", "namespace": "a.b"}, "metadata.namespace: must consist of", id="part"),
        pytest.param(
            {"name": "a", "namespace": "a" * 64}, "metadata.namespace: must have at most 63", id="long"
        ),
        *(
            pytest.param({"name": "a"} | metadata, re.escape(sentence), id=str(metadata)[:60])
            for metadata, sentence in WRONG
        ),
        pytest.param({}, "metadata: name or generateName is required", id="none"),
        pytest.param({"name": ""}, "metadata: name or generateName is required", id="empty"),
        pytest.param({"name": None}, "metadata: name or generateName is required", id="null"),
    ],
)
def test_names_that_the_api_server_refuses_are_one_error(metadata: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        JobManifest.model_validate(job() | {"metadata": metadata})
    error = invalid_spec(refused.value, JobManifest)
    assert re.match(sentence, str(error))
    assert error.others == ()


@pytest.mark.parametrize("field", ["apiVersion", "metadata"])
def test_version_and_metadata_are_required(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        JobManifest.model_validate(changed(job(), field, None))
    assert str(invalid_spec(refused.value, JobManifest)) == f"{field}: is required and missing"
