"""Plays the runner of each pod: it reports an evaluation, again and again until the operator takes it in."""

import asyncio
from pathlib import Path

from integration.operator.async_api import Api, Body
from integration.operator.reports.listening import tells
from segcompress_api.contract import PROGRESS_AUDIENCE
from segcompress_api.progress import ProgressReport, Stage, TrainingEvaluation
from sweep_kills.persist import persist

STEP = 100
"""Iterations before the evaluation."""

_ACCOUNTS = "/api/v1/namespaces/{}/serviceaccounts"
_PAUSE_SECONDS = 0.3


class Trainer:
    """Reports for the pods of one namespace; their tokens lie in `folder`."""

    def __init__(self, api: Api, namespace: str, folder: Path) -> None:
        self._api = api
        self._accounts = _ACCOUNTS.format(namespace)
        self._folder = folder

    @staticmethod
    async def of(api: Api, namespace: str, folder: Path) -> "Trainer":
        """Return one, once the account of its pods exists, which a controller creates elsewhere."""
        await persist(api, "POST", _ACCOUNTS.format(namespace), {"metadata": {"name": "default"}})
        return Trainer(api, namespace, folder)

    async def reports(self, pod: Body, miou: str, deleted: asyncio.Event) -> None:
        """Report one evaluation until it is taken in, or the pod is to be deleted."""
        evaluation = TrainingEvaluation(step=STEP, miou=miou)
        report = ProgressReport(stage=Stage.COMPRESS, step=STEP, evaluations=(evaluation,))
        meta = pod["metadata"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
        request = {"spec": {"audiences": [PROGRESS_AUDIENCE], "boundObjectRef": bound}}
        issued = await persist(self._api, "POST", f"{self._accounts}/default/token", request)
        path, token = self._folder / meta["name"], issued["status"]["token"]
        while not deleted.is_set():
            try:
                await asyncio.to_thread(tells, pod, token, path, report)
            except OSError:
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
