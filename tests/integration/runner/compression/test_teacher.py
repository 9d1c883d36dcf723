"""What the teacher says reaches the student by memory alone."""

import numpy as np
import paddle
import pytest

from integration.runner.compression.conftest import Lab
from segcompress_runner.compression.static_graph import static_graph
from segcompress_runner.compression.teacher import make_teacher, taught

NODES = ("batch_norm_1.tmp_2", "relu_1.tmp_0", "conv2d_3.tmp_1")


def test_the_student_reads_the_teachers_own_memory(lab: Lab) -> None:
    images = np.stack([lab.val[index][0] for index in range(3)])
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        student = paddle.static.global_scope()
        teacher = make_teacher(lab.model, NODES, executor)
        for _ in range(2):
            teacher.teach(images, executor, student)
            for name in NODES:
                own = teacher.scope.find_var(name).get_tensor()
                assert student.find_var(taught(name)).get_tensor()._ptr() == own._ptr()


@pytest.mark.parametrize("node", NODES)
def test_a_variable_is_the_same_alone_and_beside_those_made_of_it(lab: Lab, node: str) -> None:
    """The executor may let an operator write over its input: not where the input is distilled."""
    images = np.stack([lab.val[index][0] for index in range(3)])
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        student = paddle.static.global_scope()
        values = []
        for nodes in ((node,), NODES):
            make_teacher(lab.model, nodes, executor).teach(images, executor, student)
            values.append(np.array(student.find_var(taught(node)).get_tensor()))
    alone, beside = values
    np.testing.assert_array_equal(alone, beside)
