"""Previews of generated images for messages: a signed URL, or a small file in your storage. Both are free."""

from __future__ import annotations

from airflow_provider_getty.api.errors import Credit, DownloadError, GenerationBlockedError
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.storage import LocationLike, locate


def preview_url(hook: GettyHook, generation_request_id: str, index: int = 0) -> str:
    """Ask Getty for a fresh signed URL of an image's largest preview.

    Anyone with the URL can see the image without a login until the URL expires. Put it into a message to people who may
    see the image, but neither into XCom nor into a log. Its lifetime is not published: send it at once.

    :param index: which image, from 0.
    :raises GenerationBlockedError: Getty's content policy blocked the image.
    :raises GettyError: the generation is pending or gone, or the call failed.
    """
    asked = f"Preview of image {index} of generation {generation_request_id}"
    generation = hook.get_generation(generation_request_id)
    if not isinstance(generation, Generation):
        raise DownloadError("It is still pending.", asked=asked, credit=Credit.COMMITTED)
    image = next((each for each in generation.results if each.index == index), None)
    if image is None:
        raise DownloadError("There is no such image.", asked=asked, credit=Credit.COMMITTED)
    if image.is_blocked:
        raise GenerationBlockedError(
            "Getty's content policy blocked it.", asked=asked, credit=Credit.COMMITTED
        )
    previews = sorted(image.preview_urls, key=lambda each: each.width or 0)
    url = next((each.image_url for each in reversed(previews) if each.image_url), None) or image.url
    if url is None:
        raise DownloadError("Getty shows no preview.", asked=asked, credit=Credit.COMMITTED)
    return url


def store_preview(
    hook: GettyHook, generation_request_id: str, destination: LocationLike, index: int = 0
) -> str:
    """Store an image's largest preview, and return the destination as text.

    It is a small JPEG to look at; only a download is licensed. Unlike a signed URL, it stays until you remove it, and
    its storage decides who may read it.

    :param destination: a local path, a URI or an ``ObjectStoragePath``; it holds the complete image, or stays as it
        was.
    :param index: which image, from 0.
    :raises OSError: the destination cannot be written to.
    :raises GettyError: see :func:`preview_url`.
    """
    url = preview_url(hook, generation_request_id, index)
    with locate(destination).publishing() as file:
        hook.get_conn().fetch_image(url, file, asked=f"Preview of generation {generation_request_id}")
    return str(destination)
