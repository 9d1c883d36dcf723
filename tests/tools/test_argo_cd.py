"""Argo CD's own test of health checks, with ours among them."""

import re
import shutil
import subprocess
from pathlib import Path

from documents import ROOT
from states import states
from tools.checkouts import checkout, go, overlaid

CUSTOMIZATIONS = "resource_customizations"
OURS = ROOT / "examples/gitops/argocd" / CUSTOMIZATIONS
KIND = "segcompress.dev/SegCompressionJob"


def test_argo_cds_own_test_passes(tmp_path: Path) -> None:
    """It reads test files beside the folder that it runs in, and scripts from the program itself."""
    folder = checkout("SEGCOMPRESS_ARGO_CD")
    script = {f"{CUSTOMIZATIONS}/{KIND}/health.lua": OURS / KIND / "health.lua"}
    flags = overlaid(folder, script, tmp_path / "overlay.json")
    program = tmp_path / "lua.test"
    go(folder, "test", "-c", "-trimpath", "-buildvcs=false", *flags, "-o", program, "./util/lua")
    shutil.copytree(OURS, tmp_path / CUSTOMIZATIONS)
    here = tmp_path / "util/lua"
    here.mkdir(parents=True)
    command = (program, "-test.v", "-test.run", "^TestLuaHealthScript$")
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    passed = re.findall(rf"--- PASS: TestLuaHealthScript/{KIND}/testdata/(\S+)\.yaml", done.stdout)
    assert sorted(passed) == sorted(states())
