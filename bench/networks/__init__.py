"""The networks of the benches: sections of PaddleSeg configurations, as its published files write them."""

from typing import Any

CLASSES = 2
"""Background and person, as in the sample's pictures."""

SIZES = ((128, 256), (256, 512))
"""Height and width of the pictures of a training, first and later: a quarter and half of those measured."""

SECTIONS: dict[str, dict[str, Any]] = {
    "BiSeNetV2": {"type": "BiSeNetV2"},
    "PP-LiteSeg": {
        "type": "PPLiteSeg",
        "backbone": {"type": "STDC1"},
        "arm_out_chs": [32, 64, 128],
        "seg_head_inter_chs": [32, 64, 64],
    },
    "DeepLabV3P-MobileNetV2": {
        "type": "DeepLabV3P",
        "backbone": {"type": "MobileNetV2_x1_0"},
        "backbone_indices": [0, 3],
        "aspp_ratios": [1, 6, 12, 18],
        "aspp_out_channels": 256,
        "align_corners": False,
    },
}
