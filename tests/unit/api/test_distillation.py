"""Which variables are distilled, by which loss and with what weight."""

import pytest

from unit.api.act_files import PRUNE, TRAIN, complaint, settings

REST = PRUNE + TRAIN
PATH = "spec.strategy.Distillation"


@pytest.mark.parametrize(
    ("section", "groups"),
    [
        pytest.param("{}", (), id="nothing: the last layers"),
        pytest.param("{node: []}", (), id="an empty list: the last layers"),
        pytest.param("{node: [a, b]}", (("a", "b"),), id="a list is one group"),
        pytest.param(
            "{node: [[a, b], [c]], loss: [l2, dkd], alpha: [1, 2]}", (("a", "b"), ("c",)), id="lists"
        ),
        pytest.param("{distill_node_pair: [teacher_a, a]}", (("a",),), id="one pair"),
        pytest.param("{distill_node_pair: [teacher_a, a, teacher_b, b]}", (("a", "b"),), id="two pairs"),
        pytest.param(
            "{distill_node_pair: [[teacher_a, a], [teacher_b, b]], distill_loss: [l2_loss, soft_label_loss],"
            " distill_lambda: [1, 2]}",
            (("a",), ("b",)),
            id="lists of pairs",
        ),
        pytest.param("{distill_node_pair: []}", (), id="no pairs"),
    ],
)
def test_nodes_are_grouped_by_loss(section: str, groups: tuple[tuple[str, ...], ...]) -> None:
    assert settings(f"Distillation: {section}\n{REST}").distillation.groups == groups


def test_without_a_section_the_last_layers_are_distilled_by_l2() -> None:
    read = settings(REST).distillation

    assert (read.groups, read.losses, read.alphas) == ((), ("l2",), (1.0,))


@pytest.mark.parametrize(
    ("section", "losses", "alphas"),
    [
        pytest.param("{loss: soft_label}", ("soft_label",), (1.0,), id="current name"),
        pytest.param("{distill_loss: soft_label_loss}", ("soft_label",), (1.0,), id="old name"),
        pytest.param("{loss: l2_loss}", ("l2",), (1.0,), id="old value under the current key"),
        pytest.param("{loss: [skd]}", ("skd",), (1.0,), id="a list of one"),
        pytest.param("{alpha: 2}", ("l2",), (2.0,), id="a whole number"),
        pytest.param("{alpha: 5e-1}", ("l2",), (0.5,), id="a number that YAML 1.1 takes for a string"),
        pytest.param("{distill_lambda: [0.25]}", ("l2",), (0.25,), id="old name of alpha"),
    ],
)
def test_loss_and_weight_are_read(section: str, losses: tuple[str, ...], alphas: tuple[float, ...]) -> None:
    read = settings(f"Distillation: {section}\n{REST}").distillation

    assert (read.losses, read.alphas) == (losses, alphas)


_ONE_EACH = "give one, or one for each list"
_A_LIST = "must be a list of variable names, or a list of such lists; such as [relu_30.tmp_0]"


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        pytest.param("{node: a}", f"node: {_A_LIST}", id="a node that is no list"),
        pytest.param("{node: [a, 1]}", f"node: {_A_LIST}", id="a node that is no name"),
        pytest.param("{node: [a, [b]]}", f"node: {_A_LIST}", id="names and lists mixed"),
        pytest.param("{node: [[a], []]}", f"node: {_A_LIST}", id="an empty list among lists"),
        pytest.param("{distill_node_pair: {a: b}}", f"distill_node_pair: {_A_LIST}", id="pairs as a mapping"),
        pytest.param(
            "{distill_node_pair: [teacher_a, a, teacher_b]}",
            "distill_node_pair: has 3 names; they go in pairs teacher_NAME, NAME",
            id="half a pair",
        ),
        pytest.param(
            "{distill_node_pair: [teacher_a, b]}",
            "distill_node_pair: teacher_a is not the teacher's b; write teacher_b",
            id="a pair of two variables",
        ),
        pytest.param(
            "{distill_node_pair: [a, teacher_a]}",
            "distill_node_pair: a is not the teacher's teacher_a; write teacher_teacher_a",
            id="a pair the wrong way round",
        ),
        pytest.param(
            "{loss: softlabel}",
            "loss: 'softlabel' is not a distillation loss; did you mean soft_label?",
            id="misspelt loss",
        ),
        pytest.param(
            "{distill_loss: fsp_loss}",
            "distill_loss: 'fsp_loss' is not a distillation loss; one of l2, soft_label, dkd, skd",
            id="a loss that needs more than names, under the key as written",
        ),
        pytest.param("{loss: []}", "loss: is an empty list", id="no loss"),
        pytest.param("{distill_lambda: []}", "distill_lambda: is an empty list", id="no weight"),
        pytest.param(
            "{loss: [l2, l2]}", f"loss: has 2 for 1 node lists; {_ONE_EACH}", id="two losses, no nodes"
        ),
        pytest.param(
            "{node: [a, b], loss: [l2, l2]}",
            f"loss: has 2 for 1 node lists; {_ONE_EACH}",
            id="two losses for one list, as upstream refuses them",
        ),
        pytest.param(
            "{node: [[a], [b]], alpha: [1, 2]}",
            f"loss: has 1 for 2 node lists; {_ONE_EACH}",
            id="too few losses",
        ),
        pytest.param(
            "{node: [[a], [b]], loss: [l2, l2], distill_lambda: [1, 2, 3]}",
            f"distill_lambda: has 3 for 2 node lists; {_ONE_EACH}",
            id="too many weights, under the key as written",
        ),
        pytest.param("{alpha: 0}", "alpha: must be a positive number, got 0", id="weight zero"),
        pytest.param("{alpha: -1}", "alpha: must be a positive number, got -1", id="negative weight"),
        pytest.param("{alpha: true}", "alpha: must be a positive number, got True", id="weight true"),
        pytest.param("{alpha: .nan}", "alpha: must be a positive number, got nan", id="weight NaN"),
        pytest.param("{alpha: .inf}", "alpha: must be a positive number, got inf", id="infinite weight"),
        pytest.param(
            "{distill_lambda: much}", "distill_lambda: must be a positive number, got 'much'", id="a word"
        ),
    ],
)
def test_wrong_distillation_is_refused_by_its_path(section: str, sentence: str) -> None:
    assert complaint(f"Distillation: {section}\n{REST}") == f"{PATH}.{sentence}"


@pytest.mark.parametrize(
    ("key", "right"),
    [
        pytest.param("teacher_model_filename", "model.pdmodel", id="program"),
        pytest.param("teacher_params_filename", "model.pdiparams", id="parameters"),
    ],
)
def test_a_teacher_other_than_the_job_s_own_model_is_refused(key: str, right: str) -> None:
    sentence = f"{PATH}.{key}: other is not the job's own model; leave it out, or write {right}"

    assert complaint(f"Distillation: {{{key}: other}}\n{REST}") == sentence
    assert settings(f"Distillation: {{{key}: {right}}}\n{REST}").notes == ()
