#!/bin/sh
# usage: install-venv REQUIREMENTS VENV   (inside an image build; the Dockerfile mounts uv, its cache and the CA bundle)
#
# Makes a virtual environment of exactly the wheels in REQUIREMENTS (every one with its hash, none built here), takes out
# what a pod never reads, and compiles the rest. The byte code halves the time to import Paddle on a read-only root,
# where Python could not keep its own. It is checked against no time stamp (unchecked-hash): nobody edits a file in an
# image, and copying layers may change the stamps.
set -eu

requirements=$1
venv=$2
site=$venv/lib/python3.11/site-packages
bundle=/run/secrets/ca-bundle

[ ! -s "$bundle" ] || export SSL_CERT_FILE="$bundle"
export UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never

uv=$(dirname "$0")/uv
"$uv" venv --quiet --no-project --python /usr/bin/python3.11 "$venv"
"$uv" pip install --python "$venv" --no-deps --only-binary :all: --require-hashes --requirements "$requirements"

find "$site" -depth -type d \( -name tests -o -name test -o -name SelfTest -o -name __pycache__ \) -exec rm -rf {} +
find "$site" -type f \( -name '*.a' -o -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.hpp' \
    -o -name '*.pxd' -o -name '*.pyx' \) -delete
rm -rf "$site/paddle/include"
# MNN's command-line tools install a package and report to its makers.
rm -rf "$site/MNN/tools" "$venv"/bin/mnn*
# OpenVINO runs IR and reads ONNX, on the CPU.
(
    cd "$site/openvino/libs" 2>/dev/null || exit 0
    rm -f libopenvino_intel_gpu_plugin.so cache.json libopenvino_intel_npu_plugin.so
    for frontend in tensorflow tensorflow_lite pytorch paddle gguf jax; do
        rm -f libopenvino_"$frontend"_frontend.so.*
    done
)
find "$venv/bin" -name 'activate*' -o -name 'deactivate*' | xargs rm -f

# nvidia's wheels: Paddle opens these libraries by the names without a version, and wherever the loader looks.
if [ -d "$site/nvidia" ]; then
    for library in "$site"/nvidia/*/lib/lib*.so.*; do
        plain=${library%.so.*}.so
        [ -e "$plain" ] || ln -s "$(basename "$library")" "$plain"
    done
    ls -d "$site"/nvidia/*/lib > /etc/ld.so.conf.d/nvidia-wheels.conf
    /sbin/ldconfig
fi

echo "Compiling byte code"
python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash "$site"
