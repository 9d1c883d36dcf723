"""What a refused run says, and inputs that are faulty."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from segcompress_api.conditions import Reason

from .runs import Ended

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Refusal:
    """What a refused run says."""

    reason: Reason
    message: str

    def confirm(self, ended: Ended) -> None:
        """Check it, and that no retry is asked for."""
        assert (ended.code, ended.result.reason) == (3, self.reason), ended.log
        assert self.message in ended.result.message
        assert "Traceback" not in ended.log


def picture(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


IMAGE, MASK = picture(np.full((8, 8, 3), 9, np.uint8)), picture(np.zeros((8, 8), np.uint8))
