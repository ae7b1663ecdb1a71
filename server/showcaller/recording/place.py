"""The store of recordings at a place: a folder, or a bucket."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from .storage import FolderStorage, Storage


def storage_at(place: str) -> Storage:
    """Return the store at a folder or an address `s3://BUCKET/PREFIX`. Raises `ConfigError`."""
    if not place.startswith("s3://"):
        return FolderStorage(Path(place))
    try:
        # It takes a library that not everybody needs.
        from .s3_storage import S3Storage
    except ModuleNotFoundError:
        raise ConfigError(f"{place} takes another library: pip install 'showcaller[s3]'") from None
    return S3Storage(place)
