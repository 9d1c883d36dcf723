"""Distillation losses between a student's and a teacher's values of one variable, N x C x any further axes.

Every loss looks at the class axis (1) of each picture's pixel and averages over pictures and pixels.
PaddleSlim's (dist/single_distiller.py) normalise over the last axis, which is a picture's width, and hand
probabilities to `kl_div`, which takes logarithms; only `l2` is the same there.
"""

from collections.abc import Callable
from typing import Any

import paddle
from paddle.nn import functional

Loss = Callable[[Any, Any], Any]
"""(student, teacher) -> scalar."""

_CLASSES = 1
_MASKED = 1e9
_EPSILON = 1e-7


def l2(student: Any, teacher: Any) -> Any:
    """Return the mean of the squared differences."""
    return paddle.mean(functional.square_error_cost(student, teacher))


def soft_label(student: Any, teacher: Any) -> Any:
    """Return the cross entropy with the teacher's probabilities (Hinton et al. 2015, arXiv 1503.02531)."""
    return _cross_entropy(student, functional.softmax(teacher, axis=_CLASSES))


def dkd(student: Any, teacher: Any) -> Any:
    """Return the decoupled loss (Zhao et al. 2022, arXiv 2203.08679) with both weights and temperature 1.

    Target class against all others, plus the others among themselves. The target is the teacher's most likely
    class, as in PaddleSlim: distillation sees no labels.
    """
    chosen = functional.one_hot(paddle.argmax(teacher, axis=_CLASSES), teacher.shape[_CLASSES])
    target = paddle.moveaxis(chosen, -1, _CLASSES)
    return _divergence(_split(student, target), _split(teacher, target)) + _divergence(
        _among_others(student, target), _among_others(teacher, target)
    )


def skd(student: Any, teacher: Any) -> Any:
    """Return the spherical loss (Guo et al. 2020, arXiv 2010.07485).

    Scores of each pixel get mean 0 and length 1 over the classes, and then the teacher's spread.
    """
    classes = teacher.shape[_CLASSES]
    spread = paddle.sqrt(_variance(teacher) * (classes / (classes - 1)))
    target = functional.softmax(_normalised(teacher) * spread, axis=_CLASSES)
    return _cross_entropy(_normalised(student) * spread, target)


LOSSES: dict[str, Loss] = {"l2": l2, "soft_label": soft_label, "dkd": dkd, "skd": skd}


def _cross_entropy(scores: Any, probabilities: Any) -> Any:
    terms = probabilities * functional.log_softmax(scores, axis=_CLASSES)
    return -paddle.mean(paddle.sum(terms, axis=_CLASSES))


def _divergence(student: Any, teacher: Any) -> Any:
    """Return the Kullback-Leibler divergence of log probabilities, averaged over pixels."""
    return paddle.mean(paddle.sum(paddle.exp(teacher) * (teacher - student), axis=_CLASSES))


def _split(scores: Any, target: Any) -> Any:
    """Return the log probabilities of the target and of all other classes together."""
    logs = functional.log_softmax(scores, axis=_CLASSES)
    of_target = paddle.sum(logs * target, axis=_CLASSES, keepdim=True)
    of_others = paddle.logsumexp(logs - _MASKED * target, axis=_CLASSES, keepdim=True)
    return paddle.concat([of_target, of_others], axis=_CLASSES)


def _among_others(scores: Any, target: Any) -> Any:
    return functional.log_softmax(scores - _MASKED * target, axis=_CLASSES) * (1.0 - target)


def _normalised(scores: Any) -> Any:
    centred = scores - paddle.mean(scores, axis=_CLASSES, keepdim=True)
    return centred / paddle.sqrt(_variance(scores) + _EPSILON)


def _variance(scores: Any) -> Any:
    centred = scores - paddle.mean(scores, axis=_CLASSES, keepdim=True)
    return paddle.mean(centred * centred, axis=_CLASSES, keepdim=True)
