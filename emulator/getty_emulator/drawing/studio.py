"""Draws images on request, in threads, and caches some of them."""

from __future__ import annotations

import asyncio
import io
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from PIL import Image

from getty_emulator.drawing.library import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from getty_emulator.service import InThread
    from getty_emulator.state import Generation, Order, Registration, State

    Draw = Callable[[Image.Image, Order, int], Image.Image]

KEPT_PICTURES = 12
"""Each takes about 2 MB."""
KEPT_FILES = 256
"""Only files of up to ``KEPT_SIDE`` pixels, each less than 200 KB."""
KEPT_SIDE = 1024
_QUALITY = 90


class Studio:
    """Draws library and generated images. Drawing is slow, so it never happens in the event loop."""

    def __init__(self, draw: Mapping[str, Draw], state: Callable[[], State], in_thread: InThread) -> None:
        self.library = LIBRARY
        self._draw = draw
        self._state = state
        self._in_thread = in_thread
        self._pictures: OrderedDict[tuple[str, int], Image.Image] = OrderedDict()
        self._files: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._at_work = asyncio.Semaphore(2)
        self._being_made = WeakValueDictionary[tuple[str, int, int], asyncio.Lock]()

    async def original(self, asset_id: str, side: int) -> bytes:
        """Return a library image as a JPEG whose longer side is ``side``."""
        return await self._file((asset_id, 0, side), self.library[asset_id].picture)

    async def registered(self, registration: Registration, side: int) -> bytes:
        """Return a registered file as a JPEG whose longer side is ``side``."""
        return await self._file((registration.id, 0, side), lambda: _decoded(registration))

    async def generated(self, generation: Generation, index: int, side: int) -> bytes:
        """Return an image of a generation as a JPEG whose longer side is ``side``."""
        return await self._file((generation.id, index, side), lambda: self.picture(generation, index))

    async def _file(self, key: tuple[str, int, int], picture: Callable[[], Image.Image]) -> bytes:
        """Return a cached file, or make it in a thread; concurrent requests for the same file share the result."""
        async with self._being_made.setdefault(key, asyncio.Lock()):
            file = self._files.get(key)
            if file is None:
                async with self._at_work:
                    file = await self._in_thread(lambda: _jpeg(picture(), key[2]))
                if key[2] <= KEPT_SIDE:
                    self._files[key] = file
        if key in self._files:
            self._files.move_to_end(key)
        if len(self._files) > KEPT_FILES:
            self._files.popitem(last=False)
        return file

    def picture(self, generation: Generation, index: int) -> Image.Image:
        """Return an image of a generation before encoding."""
        key = (generation.id, index)
        with self._lock:
            if picture := self._pictures.get(key):
                self._pictures.move_to_end(key)
                return picture
        picture = self._draw[generation.order.generation_type](
            self._base(generation.order), generation.order, generation.seed + index
        )
        with self._lock:
            self._pictures[key] = picture
            while len(self._pictures) > KEPT_PICTURES:
                self._pictures.popitem(last=False)
        return picture

    def _base(self, order: Order) -> Image.Image:
        """Return the original of an order."""
        source = order.source
        if source is None:
            return Image.new("RGB", (order.width, order.height), "white")
        if source.asset_id:
            return self.library[source.asset_id].picture()
        if source.file_registration_id:
            registration = self._state().find_registration(source.file_registration_id)
            if registration is None:
                raise LookupError("The file that this generation was made from no longer exists.")
            return _decoded(registration)
        earlier = self._state().find_generation(source.generation_request_id or "")
        if earlier is None:
            raise LookupError("The generation that this one was made from no longer exists.")
        return self.picture(earlier, source.index)


def _decoded(registration: Registration) -> Image.Image:
    """Return a registered file as a picture of the same size; transparent areas become white."""
    size = (registration.width, registration.height)
    with Image.open(io.BytesIO(registration.content)) as file:
        picture = file.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    white = Image.new("RGBA", size, "white")
    white.alpha_composite(picture)
    return white.convert("RGB")


def _jpeg(picture: Image.Image, side: int) -> bytes:
    longer = max(picture.size)
    if side != longer:
        width, height = picture.size
        size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return file.getvalue()
