"""Sections of PaddleSeg configurations, as its published files write them, for three classes."""

from typing import Any

from large.pictures import CLASSES

_HRNET = {"type": "HRNet_W18", "align_corners": False}

NETWORKS: dict[str, dict[str, Any]] = {
    "PP-HumanSeg-Lite": {"type": "PPHumanSegLite"},
    "BiSeNetV2": {"type": "BiSeNetV2"},
    "PP-LiteSeg": {
        "type": "PPLiteSeg",
        "backbone": {"type": "STDC1"},
        "arm_out_chs": [32, 64, 128],
        "seg_head_inter_chs": [32, 64, 64],
    },
    "STDC1": {"type": "STDCSeg", "backbone": {"type": "STDC1"}},
    "HRNet-W18": {"type": "FCN", "backbone": _HRNET, "backbone_indices": [-1]},
    "UNet": {"type": "UNet", "use_deconv": False},
    "DeepLabV3P": {
        "type": "DeepLabV3P",
        "backbone": {"type": "ResNet50_vd", "output_stride": 8, "multi_grid": [1, 2, 4]},
        "backbone_indices": [0, 3],
        "aspp_ratios": [1, 12, 24, 36],
        "aspp_out_channels": 256,
        "align_corners": False,
    },
    "OCRNet": {"type": "OCRNet", "backbone": {"type": "HRNet_W18"}, "backbone_indices": [0]},
    "PP-MobileSeg": {
        "type": "PPMobileSeg",
        "backbone": {"type": "MobileSeg_Tiny", "inj_type": "AAM", "out_feat_chs": [32, 64, 128]},
        "upsample": "intepolate",
    },
    "SegFormer-B0": {
        "type": "SegFormer",
        "backbone": {"type": "MixVisionTransformer_B0"},
        "embedding_dim": 256,
    },
}


def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of a network."""
    return {"batch_size": 4, "model": {**NETWORKS[name], "num_classes": CLASSES}}
