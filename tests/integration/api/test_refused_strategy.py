"""What the API server refuses of a strategy: each rule with its own sentence."""

import pytest

from integration.api.kubectl import Kubectl
from unit.api.act_files import OLD_QUANT, OLD_SPARSE_FILE, QUANT, loaded
from unit.api.jobs import changed, job

PRUNE = "spec.strategy.UnstructurePrune"
TRAIN = loaded(OLD_SPARSE_FILE)["TrainConfig"]
ONE_STRATEGY = (
    "give either configUri alone, preset alone, or sections that compress: UnstructurePrune, ChannelPrune"
)


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        pytest.param(
            f"{PRUNE}.ratio",
            0.75,
            PRUNE,
            "pruned_ratio is the old name of ratio: give one of them",
            id="spellings",
        ),
        pytest.param(
            "spec.strategy",
            {**loaded(QUANT), **loaded(OLD_QUANT), "TrainConfig": TRAIN},
            "spec.strategy",
            "Quantization is the old name of QuantAware: give one of them",
            id="section by both names",
        ),
        pytest.param(
            "spec.strategy", {"TrainConfig": TRAIN}, "spec.strategy", ONE_STRATEGY, id="no compression"
        ),
        pytest.param("spec.strategy", {}, "spec.strategy", ONE_STRATEGY, id="an empty strategy"),
        *(
            pytest.param(
                "spec.strategy",
                {"configUri": "s3://models/act.yaml", section: settings},
                "spec.strategy",
                ONE_STRATEGY,
                id=f"configUri and {section}",
            )
            for section, settings in (("TrainConfig", TRAIN), ("Distillation", {}), ("Quantization", {}))
        ),
        pytest.param(
            "spec.strategy.TrainConfig",
            None,
            "spec.strategy",
            "TrainConfig is required by every section but QuantPost, which trains nothing",
            id="no TrainConfig",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.train_iter",
            10,
            "spec.strategy.TrainConfig",
            "give exactly one of epochs and train_iter",
            id="epochs and train_iter",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.epochs",
            None,
            "spec.strategy.TrainConfig",
            "give exactly one of epochs and train_iter",
            id="neither epochs nor train_iter",
        ),
        pytest.param(
            f"{PRUNE}.gmp_config",
            None,
            PRUNE,
            "gmp_config is required by prune_strategy gmp, and has no effect without it",
            id="gmp without its ramp",
        ),
        pytest.param(
            f"{PRUNE}.prune_strategy",
            None,
            PRUNE,
            "gmp_config is required by prune_strategy gmp, and has no effect without it",
            id="a ramp without gmp",
        ),
        pytest.param(
            "spec.strategy",
            {
                "UnstructurePrune": {
                    "prune_strategy": "gmp",
                    "ratio": 0.9,
                    "gmp_config": {"pruning_iterations": 70, "pruning_steps": 5, "initial_ratio": 0.1},
                },
                "TrainConfig": {"train_iter": 60, "learning_rate": 0.1},
            },
            "spec.strategy",
            "the pruning ramp (stable_iterations + pruning_iterations) must not be longer than train_iter",
            id="a ramp longer than the training",
        ),
        pytest.param(
            f"{PRUNE}.pruned_ratio",
            None,
            PRUNE,
            "ratio is required by prune_mode ratio, such as 0.75",
            id="no ratio",
        ),
        pytest.param(
            f"{PRUNE}.sparse_block",
            [1, 4],
            PRUNE,
            "sparse_block must be [1, 1] or [4, 1]",
            id="blocks along inputs",
        ),
        pytest.param(
            "spec.strategy.UnstructurePrune",
            {"ratio": 0.5, "sparse_block": [4, 1]},
            PRUNE,
            "sparse_block [4, 1] requires prune_params_type conv1x1_only and prune_mode ratio",
            id="blocks of every layer",
        ),
        pytest.param(
            f"{PRUNE}.criterion",
            "reconstruction",
            PRUNE,
            "criterion reconstruction requires prune_mode ratio, prune_params_type conv1x1_only and "
            "local_sparsity: true, and takes no gmp_config",
            id="reconstruction with a ramp",
        ),
        pytest.param(
            "spec.strategy.UnstructurePrune",
            {"ratio": 0.5, "layer_ratios": {"conv2d_7.w_0": 0.9}},
            PRUNE,
            "layer_ratios requires prune_mode ratio and local_sparsity: true",
            id="a layer's ratio where all share one",
        ),
        pytest.param(
            f"{PRUNE}.gmp_config.pruning_steps",
            450,
            f"{PRUNE}.gmp_config",
            "each pruning step requires more than 10 iterations",
            id="too many steps",
        ),
        pytest.param(
            f"{PRUNE}.pruned_ratio", 1, f"{PRUNE}.pruned_ratio", "should be less than 1", id="ratio 1"
        ),
        pytest.param(
            f"{PRUNE}.gmp_config.pruning_steps",
            0,
            f"{PRUNE}.gmp_config.pruning_steps",
            "should be greater than 0",
            id="no steps",
        ),
    ],
)
def test_a_rule_refuses_with_its_own_sentence(
    kubectl: Kubectl, path: str, value: object, field: str, words: str
) -> None:
    kubectl.confirm_refused(changed(job(), path, value), field, words)
