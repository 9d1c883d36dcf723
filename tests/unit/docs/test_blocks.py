"""Every command block in Markdown is run by a test, or says where it stands that none does."""

import subprocess

import pytest

from documents import ROOT, Block, blocks_of

NOTE = "not run by our ci"

RUN_BY = {
    "README.md: make demo": "tests/e2e/test_readme.py::test_try_it",
    "README.md: apiVersion: segcompress.dev/v1alpha1": (
        "tests/integration/docs/test_readme.py::test_job_is_valid"
    ),
    "README.md: kubectl apply -f job.yaml": "tests/e2e/test_readme.py::test_commands_on_a_job",
    "README.md: make push IMAGE_PREFIX=registry.example.com/segcompress": (
        "tests/e2e/test_readme.py::test_install_from_a_registry"
    ),
    "README.md: make install sample": "tests/integration/docs/test_readme.py::test_without_a_cluster",
    "CONTRIBUTING.md: make verify": "tests/unit/docs/test_blocks.py::test_targets_are_known_to_make",
    "examples/01-sparse/README.md: kubectl apply -f examples/01-sparse/job.yaml": (
        "tests/e2e/test_readme.py::test_commands_of_the_example"
    ),
    "examples/03-without-a-cluster/README.md: make install sample": (
        "tests/integration/docs/test_readme.py::test_without_a_cluster"
    ),
    "examples/gitops/README.md: kubectl kustomize examples/gitops/overlays/half": (
        "tests/integration/operator/test_gitops.py::test_commands_of_the_example"
    ),
    "examples/sample/README.md: .venv/bin/python examples/sample/make_dataset.py OUT": (
        "tests/unit/sample/test_make_dataset.py::test_same_seed_gives_same_bytes"
    ),
    "examples/sample/README.md: .venv/bin/python examples/sample/train_teacher.py DATASET OUT_DIR": (
        "tests/unit/sample/test_train_teacher.py::test_a_bad_dataset_ends_with_one_line_that_names_the_fault"
    ),
    "hack/devcluster/README.md: export PYTHONPATH=hack": (
        "tests/e2e/test_readme.py::test_commands_of_the_cluster"
    ),
}
"""The name of each block that a test runs, and the test."""


def all_blocks() -> list[Block]:
    listed = subprocess.run(("git", "ls-files", "*.md"), cwd=ROOT, capture_output=True, text=True, check=True)
    return [block for file in listed.stdout.split() for block in blocks_of(file) if _holds_commands(block)]


def _holds_commands(block: Block) -> bool:
    return not block.file.startswith("docs/") and block.language in {"", "sh", "bash", "yaml"}


@pytest.mark.parametrize(
    "block", [block for block in all_blocks() if block.name not in RUN_BY], ids=lambda b: b.name
)
def test_block_that_no_test_runs_says_so(block: Block) -> None:
    assert NOTE in " ".join(block.introduction.rpartition("\n## ")[2].lower().split())


def test_no_name_is_left_over() -> None:
    assert set(RUN_BY) <= {block.name for block in all_blocks()}


@pytest.mark.parametrize("test", sorted(set(RUN_BY.values())))
def test_named_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()


@pytest.mark.parametrize(
    "target", ["verify", "test", "help", "demo", "cluster-up", "cluster-down", "push", "push-gpu"]
)
def test_targets_are_known_to_make(target: str) -> None:
    done = subprocess.run(
        ("make", "--dry-run", target, "IMAGE_PREFIX=registry.example.com/x"),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    listed = subprocess.run(("make", "help"), cwd=ROOT, capture_output=True, text=True, check=True)
    assert target in [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
