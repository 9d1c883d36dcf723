"""Argo CD's own test of health checks, with ours among them."""

import re
import shutil
import subprocess
from pathlib import Path

from segcompress_api.base import API_GROUP
from state_files import CASES, CUSTOMIZATIONS, STATES, customization
from tools.checkouts import checkout, go, overlaid


def test_argo_cds_own_test_passes(tmp_path: Path) -> None:
    """It reads test files beside the folder that it runs in, and scripts from the program itself."""
    folder = checkout("SEGCOMPRESS_ARGO_CD")
    scripts = [customization(kind) / "health.lua" for kind in STATES]
    places = {str(script.relative_to(CUSTOMIZATIONS.parent)): script for script in scripts}
    flags = overlaid(folder, places, tmp_path / "overlay.json")
    program = tmp_path / "lua.test"
    go(folder, "test", "-c", "-trimpath", "-buildvcs=false", *flags, "-o", program, "./util/lua")
    shutil.copytree(CUSTOMIZATIONS, tmp_path / CUSTOMIZATIONS.name)
    here = tmp_path / "util/lua"
    here.mkdir(parents=True)
    command = (program, "-test.v", "-test.run", "^TestLuaHealthScript$")
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    passed = re.findall(rf"--- PASS: TestLuaHealthScript/{API_GROUP}/(\w+)/testdata/(\S+)\.yaml", done.stdout)
    assert sorted(passed) == sorted(CASES)
