import pytest

from segcompress_api.errors import InvalidSpecError
from segcompress_runner.errors import InvalidInputError, StorageUnreachableError
from segcompress_runner.findings import Finding, Findings, at_once
from segcompress_runner.inputs.parallel import each_of


def test_a_fault_is_noted_and_the_next_check_made() -> None:
    findings = Findings()
    for error in (
        InvalidSpecError("spec.seed", "must be a number", "such as 3"),
        InvalidInputError("a.png (train.txt line 3): is broken"),
        InvalidInputError("a.png (train.txt line 3): is broken"),
    ):
        with findings.each():
            raise error
    assert [str(finding) for finding in findings] == [
        "error: spec.seed: must be a number; such as 3",
        "error: a.png (train.txt line 3): is broken",
    ]
    assert findings.invalid


def test_others_of_a_spec_are_findings_too() -> None:
    error = InvalidSpecError("spec.a", "is wrong")
    error.others = (InvalidSpecError("spec.b", "is wrong too"),)
    findings = Findings()
    with findings.each():
        raise error
    assert [finding.where for finding in findings] == ["spec.a", "spec.b"]


def test_what_is_no_fault_of_the_inputs_goes_through() -> None:
    findings = Findings()
    with pytest.raises(StorageUnreachableError), findings.each():
        raise StorageUnreachableError("s3://x/: no answer")
    assert list(findings) == []


def test_warnings_leave_a_job_valid() -> None:
    findings = Findings()
    findings.warn("spec.dataset.valList", "holds no cat")
    assert not findings.invalid
    assert list(findings) == [Finding("warning", "spec.dataset.valList", "holds no cat")]


def half(number: int) -> float:
    if number % 2:
        raise InvalidInputError(f"{number}: is odd")
    return number / 2


def test_in_a_run_the_first_fault_ends_the_work() -> None:
    with pytest.raises(InvalidInputError, match=r"^3: is odd"):
        list(each_of([2, 3, 5, 4], half, 2, at_once))


def test_where_faults_are_collected_the_rest_is_done() -> None:
    findings = Findings()
    assert list(each_of([2, 3, 5, 4], half, 2, findings.each)) == [(2, 1.0), (4, 2.0)]
    assert [finding.where for finding in findings] == ["3", "5"]
