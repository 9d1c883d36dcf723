"""The operator as a process of its own, with the rights that its chart gives it and no others."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

OPERATOR_USER = "system:serviceaccount:segcompress-system:segcompress-operator"


class Operator:
    """A running operator; its log goes to `log`."""

    def __init__(
        self, kubeconfig: Path, log: Path, namespaces: Sequence[str], settings: Mapping[str, str]
    ) -> None:
        self.log = log
        environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "SEGCOMPRESS_RUNNER_IMAGE": "registry.example.com/segcompress-runner:test",
            "SEGCOMPRESS_NAMESPACES": ",".join(namespaces),
            "SEGCOMPRESS_LOG_FORMAT": "plain",
            "SEGCOMPRESS_HEALTH_PORT": "0",
            **settings,
        }
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "segcompress_operator"], env=environment, stderr=output, stdout=output
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a lost node would: no chance to clean up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        """Let it stand still, as on a machine that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """End it as the kubelet would, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait()
