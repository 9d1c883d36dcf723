"""Which pruning can reach what it asks for: ramps, steps, thresholds."""

import pytest

from segcompress_api.act_settings import ActSettings, PruneSettings, check_length, parse_act_file, settings_of
from segcompress_api.errors import InvalidSpecError
from unit.api.act_files import FIELD, FILES, OLD_QUANT_FILE, SPARSE_FILE, complaint, loaded, settings

PATH = "spec.strategy.UnstructurePrune"


def text(prune: str, train: str = "epochs: 1") -> str:
    return f"UnstructurePrune: {{{prune}}}\nTrainConfig: {{{train}, learning_rate: 0.1}}\n"


def ramp(stable: int, pruning: int, steps: int = 1) -> str:
    return (
        "ratio: 0.9, prune_strategy: gmp, gmp_config: "
        f"{{stable_iterations: {stable}, pruning_iterations: {pruning}, pruning_steps: {steps}, "
        "initial_ratio: 0.1}"
    )


def pruning(read: ActSettings) -> PruneSettings:
    (step,) = read.steps
    assert isinstance(step, PruneSettings)
    return step


@pytest.mark.parametrize(
    ("stable", "iterations"),
    [pytest.param(0, 70, id="no stable phase"), pytest.param(10, 80, id="stable phase counts")],
)
def test_a_ramp_as_long_as_the_training_is_taken(stable: int, iterations: int) -> None:
    assert (
        pruning(settings(text(ramp(stable, 70), f"train_iter: {iterations}"))).ramp_iterations == stable + 70
    )


@pytest.mark.parametrize(
    ("stable", "iterations"),
    [pytest.param(0, 69, id="one too long"), pytest.param(11, 80, id="stable phase counts")],
)
def test_a_ramp_longer_than_the_training_is_refused(stable: int, iterations: int) -> None:
    said = complaint(text(ramp(stable, 70), f"train_iter: {iterations}"))

    assert said.startswith(f"{PATH}.gmp_config.pruning_iterations: the pruning ramp ")
    assert f"takes {stable + 70} iterations and the training only {iterations}" in said
    assert f"train for at least {stable + 70} iterations" in said


def test_a_ramp_is_checked_by_epochs_once_the_batches_are_known() -> None:
    read = settings(SPARSE_FILE)

    check_length(read, read.training.total_iterations(batches_per_epoch=322))
    with pytest.raises(InvalidSpecError, match="takes 4500 iterations and the training only 4494"):
        check_length(read, read.training.total_iterations(batches_per_epoch=321))


def test_the_ramp_s_path_follows_the_file_it_stands_in() -> None:
    strategy = parse_act_file(loaded(text(ramp(0, 70), "train_iter: 60")), "s3://models/act.yaml")

    with pytest.raises(InvalidSpecError) as caught:
        settings_of(strategy, FILES, "s3://models/act.yaml")
    assert caught.value.field == "s3://models/act.yaml.UnstructurePrune.gmp_config.pruning_iterations"


def test_quantisation_has_no_ramp() -> None:
    check_length(settings(OLD_QUANT_FILE), 1)


@pytest.mark.parametrize(
    ("iterations", "steps", "taken"),
    [
        pytest.param(11, 1, True, id="just enough"),
        pytest.param(10, 1, False, id="ten a step are too few"),
        pytest.param(1001, 100, True, id="just enough for many"),
        pytest.param(1000, 100, False, id="ten a step are too few for many"),
    ],
)
def test_each_pruning_step_has_more_than_ten_iterations(iterations: int, steps: int, *, taken: bool) -> None:
    file = text(ramp(0, iterations, steps), "train_iter: 5000")
    if taken:
        assert pruning(settings(file)).ramp_iterations == iterations
    else:
        assert complaint(file) == (
            f"{PATH}.gmp_config.pruning_steps: {steps} steps in {iterations} pruning_iterations are too many"
            "; each step requires more than 10 iterations"
        )


@pytest.mark.parametrize(
    ("prune", "mode", "ratio", "threshold"),
    [
        pytest.param("ratio: 0.5", "ratio", 0.5, None, id="ratio"),
        pytest.param("pruned_ratio: 0.5", "ratio", 0.5, None, id="ratio by its old name"),
        pytest.param("prune_mode: threshold, threshold: 0.01", "threshold", None, 0.01, id="threshold"),
    ],
)
def test_pruning_without_a_ramp(prune: str, mode: str, ratio: float | None, threshold: float | None) -> None:
    read = pruning(settings(text(prune)))

    assert (read.mode, read.ratio, read.threshold, read.gmp) == (mode, ratio, threshold, None)
    assert read.ramp_iterations == 0


_GMP = "prune_strategy: gmp, gmp_config: {pruning_iterations: 70, pruning_steps: 1, initial_ratio: 0.5}"


@pytest.mark.parametrize(
    ("prune", "sentence"),
    [
        pytest.param("{}", "ratio: is required and missing; such as 0.75", id="no ratio"),
        pytest.param(
            "{ratio: 0.5, threshold: 0.1}", "threshold: prune_mode ratio takes no threshold", id="both"
        ),
        pytest.param(
            "{prune_mode: threshold}",
            "threshold: prune_mode threshold requires threshold and takes no ratio",
            id="no threshold",
        ),
        pytest.param(
            "{prune_mode: threshold, threshold: 0.1, pruned_ratio: 0.5}",
            "threshold: prune_mode threshold requires threshold and takes no ratio",
            id="threshold and ratio",
        ),
        pytest.param(
            "{prune_mode: threshold, threshold: 0.1, local_sparsity: true}",
            "prune_mode: threshold cannot be combined with gmp or local_sparsity",
            id="threshold and local_sparsity",
        ),
        pytest.param(
            f"{{prune_mode: threshold, threshold: 0.1, {_GMP}}}",
            "prune_mode: threshold cannot be combined with gmp or local_sparsity",
            id="threshold and ramp",
        ),
        pytest.param(
            "{ratio: 0.5, prune_strategy: gmp}",
            "gmp_config: is required by prune_strategy gmp and missing",
            id="gmp without its ramp",
        ),
        pytest.param(
            "{ratio: 0.5, gmp_config: {pruning_iterations: 70, pruning_steps: 1, initial_ratio: 0.1}}",
            "gmp_config: has no effect without prune_strategy: gmp",
            id="a ramp without gmp",
        ),
        pytest.param(
            f"{{ratio: 0.4, {_GMP}}}",
            "gmp_config.initial_ratio: must be at most the ratio 0.4, got 0.5",
            id="a ramp that falls",
        ),
        pytest.param("{ratio: 1}", "ratio: input should be less than 1, got 1", id="nothing left"),
        pytest.param("{ratio: 0}", "ratio: input should be greater than 0, got 0", id="nothing pruned"),
        pytest.param(
            "{ratio: 0.5, prune_strategy: gpm}",
            "prune_strategy: input should be 'gmp', got 'gpm'",
            id="misspelt",
        ),
    ],
)
def test_pruning_that_cannot_be_is_refused_by_its_path(prune: str, sentence: str) -> None:
    file = f"UnstructurePrune: {prune}\nTrainConfig: {{epochs: 1, learning_rate: 0.1}}\n"

    assert complaint(file) == f"{PATH}.{sentence}"


@pytest.mark.parametrize(
    ("prune", "block"),
    [
        pytest.param("ratio: 0.5", 1, id="single weights"),
        pytest.param("ratio: 0.5, sparse_block: [1, 1]", 1, id="single weights, written out"),
        pytest.param(
            "ratio: 0.5, sparse_block: [4, 1], prune_params_type: conv1x1_only", 4, id="four output channels"
        ),
    ],
)
def test_blocks(prune: str, block: int) -> None:
    read = settings(text(prune))

    assert pruning(read).block == block
    assert read.sparsity is not None
    assert read.sparsity.pattern == f"{block}x1"


@pytest.mark.parametrize(
    ("prune", "sentence"),
    [
        pytest.param("[1, 4]", "must be [1, 1] or [4, 1], got [1, 4]", id="along inputs"),
        pytest.param("[4, 4]", "must be [1, 1] or [4, 1], got [4, 4]", id="squares"),
        pytest.param(
            "[4, 1]",
            "blocks require 1x1 convolutions; set prune_params_type: conv1x1_only",
            id="of every layer",
        ),
        pytest.param(
            "[4, 1], prune_params_type: conv1x1_only, ratio: null, prune_mode: threshold, threshold: 0.1",
            "blocks are pruned by ratio; set prune_mode: ratio",
            id="by threshold",
        ),
    ],
)
def test_blocks_that_no_kernel_takes_are_refused(prune: str, sentence: str) -> None:
    file = text(f"ratio: 0.5, sparse_block: {prune}")

    assert complaint(file) == f"{PATH}.sparse_block: {sentence}"


def test_layers_may_have_ratios_of_their_own() -> None:
    read = settings(
        text("ratio: 0.5, local_sparsity: true, layer_ratios: {conv2d_7.w_0: 0.9, conv2d_9.w_0: 0}")
    )

    assert pruning(read).layers == (("conv2d_7.w_0", 0.9), ("conv2d_9.w_0", 0.0))


def test_the_order_in_which_layers_are_written_means_nothing() -> None:
    one, other = (
        settings(text(f"ratio: 0.5, local_sparsity: true, layer_ratios: {{{layers}}}"))
        for layers in ("conv2d_7.w_0: 0.9, conv2d_9.w_0: 0", "conv2d_9.w_0: 0, conv2d_7.w_0: 0.9")
    )

    assert pruning(one) == pruning(other)


@pytest.mark.parametrize(
    ("prune", "sentence"),
    [
        pytest.param(
            "layer_ratios: {conv2d_7.w_0: 0.9}",
            "layer_ratios: requires a ratio for each layer by itself; set local_sparsity: true",
            id="over all layers at once",
        ),
        pytest.param(
            f"criterion: reconstruction, local_sparsity: true, prune_params_type: conv1x1_only, {_GMP}",
            "criterion: reconstruction makes all zeros before the training; "
            "leave out prune_strategy and gmp_config",
            id="reconstruction with a ramp",
        ),
        pytest.param(
            "criterion: reconstruction, prune_params_type: conv1x1_only",
            "criterion: reconstruction prunes 1x1 convolutions layer by layer; "
            "set prune_params_type: conv1x1_only and local_sparsity: true",
            id="reconstruction over all layers at once",
        ),
        pytest.param(
            "criterion: reconstruction, local_sparsity: true",
            "criterion: reconstruction prunes 1x1 convolutions layer by layer; "
            "set prune_params_type: conv1x1_only and local_sparsity: true",
            id="reconstruction of every layer",
        ),
        pytest.param(
            "local_sparsity: true, layer_ratios: {conv2d_7.w_0: 1}",
            "layer_ratios.conv2d_7.w_0: input should be less than 1, got 1",
            id="nothing left of a layer",
        ),
    ],
)
def test_criteria_and_layer_ratios_that_cannot_be_are_refused(prune: str, sentence: str) -> None:
    assert complaint(text(f"ratio: 0.5, {prune}")) == f"{PATH}.{sentence}"


@pytest.mark.parametrize(
    ("prune", "sentence"),
    [
        ("criterion: reconstruction", "criterion: reconstruction prunes by ratio; set prune_mode: ratio"),
        ("layer_ratios: {w: 0.9}", "layer_ratios: layers are pruned by ratio; set prune_mode: ratio"),
    ],
)
def test_what_needs_a_ratio_is_refused_by_threshold(prune: str, sentence: str) -> None:
    file = text(f"prune_mode: threshold, threshold: 0.1, prune_params_type: conv1x1_only, {prune}")

    assert complaint(file) == f"{PATH}.{sentence}"


def test_a_file_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(InvalidSpecError, match="must be a mapping of ACT sections"):
        parse_act_file(["UnstructurePrune"], FIELD)
