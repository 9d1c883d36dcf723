#!/usr/bin/env bash
# Prints the path of a usable uv: the one on PATH, or one installed into .uv/ from the package index.
set -euo pipefail
version=0.13.9
root=$(cd "$(dirname "$0")/.." && pwd)

if [ -x "$root/.uv/bin/uv" ]; then
    echo "$root/.uv/bin/uv"
    exit
fi
if command -v uv >/dev/null && uv self version --short >/dev/null 2>&1; then
    command -v uv
    exit
fi
python=$(command -v python3.11 || command -v python3)
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    echo "bootstrap: Python 3.11 is needed, and $python is $("$python" --version)" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    echo "bootstrap: installing by apt: python3-venv" >&2
    $sudo apt-get update -qq >&2
    $sudo apt-get install -y -qq python3-venv >&2
fi
echo "bootstrap: installing uv $version into .uv/" >&2
"$python" -m venv "$root/.uv"
"$root/.uv/bin/pip" install --quiet --disable-pip-version-check "uv==$version" >&2
echo "$root/.uv/bin/uv"
