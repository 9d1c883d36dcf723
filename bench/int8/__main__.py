"""int8 on OpenVINO: ours beside NNCF's, both against the float model in f32, one thread, 1 x 3 x 512 x 1024.

    make bench-int8
    python -m bench.int8 [--only NAME] [--queries N] [--iterations N]

A network is quantised by QuantPost and by NNCF on the same pictures, and all files take turns in one process.
Its weights are random unless `--iterations` asks for a training on the sample's pictures; one that an earlier
call left in build/bench-int8 is not repeated. The page of both networks is docs/int8.md; of one network, the
table is printed.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.int8.files import Data, make
from bench.int8.measures import measure
from bench.int8.page import Measured, page, table

from segcompress_api.job import JobSpec
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import read_lists

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "sample" / "dataset"
BUILD = ROOT / "build" / "bench-int8"
PAGE = ROOT / "docs" / "int8.md"
NETWORKS = ("BiSeNetV2", "PP-LiteSeg")
HEIGHT, WIDTH = 512, 1024


def main() -> int:
    """Measure the networks; write or print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", choices=NETWORKS)
    parser.add_argument("--queries", type=int, default=32, help="of each model in each precision (32)")
    parser.add_argument("--iterations", type=int, default=0, help="of a network's training (0)")
    parser.add_argument("--calibration", type=int, default=8, help="pictures of both calibrations (8)")
    parser.add_argument("--validation", type=int, default=12, help="pictures that are evaluated (12)")
    options = parser.parse_args()
    started = time.monotonic()
    names = (options.only,) if options.only else NETWORKS
    measured = tuple(_measured(name, options) for name in names)
    if options.only:
        print(table(measured[0].figures))
    else:
        PAGE.write_text(page(measured, time.monotonic() - started))
        print(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def _measured(name: str, options: argparse.Namespace) -> Measured:
    network = BUILD / name
    trained = ("bench.networks", name, str(network), "--iterations", str(options.iterations))
    subprocess.run((sys.executable, "-m", *trained), check=True)
    spec = JobSpec.model_validate(_spec(network))
    lists = read_lists(SAMPLE, spec.dataset)
    data = Data(
        Pictures(lists.train, spec.dataset.train_transforms, mode="train").first(options.calibration),
        Pictures(lists.val, spec.dataset.val_transforms, mode="val").first(options.validation),
    )
    models = make(network, spec, data)
    paths = {"float": models.plain, "ours": models.ours, "NNCF": models.nncf}
    figures = measure(paths, data.val, spec.dataset, options.queries)
    training = json.loads((network / "network.json").read_text())
    return Measured(name, training, len(data.calibration), len(data.val), options.queries, figures)


def _spec(network: Path) -> dict[str, Any]:
    """Return a job that quantises the network by QuantPost."""
    shown = [{"type": "Resize", "target_size": [WIDTH, HEIGHT]}, {"type": "Normalize"}]
    return {
        "model": {
            "paddleseg": {
                "configUri": (network / "net.yml").as_uri(),
                "weightsUri": (network / "model.pdparams").as_uri(),
                "inputShape": [1, 3, HEIGHT, WIDTH],
                "outputOp": "none",
            }
        },
        "dataset": {
            "uri": f"{SAMPLE.as_uri()}/",
            "numClasses": 2,
            "trainTransforms": shown,
            "valTransforms": shown,
        },
        "strategy": {"QuantPost": {"quantize_op_types": ["conv2d", "depthwise_conv2d"]}},
        "output": {"uri": (network / "out").as_uri()},
    }


if __name__ == "__main__":
    sys.exit(main())
