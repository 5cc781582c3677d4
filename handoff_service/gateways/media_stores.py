"""Makes the media store that the settings name."""

from handoff_service.gateways.s3.media_store import Bucket, S3Media
from handoff_service.lib.media_folder import MediaFolder
from handoff_service.metrics import Metrics
from handoff_service.ports.media_store import MediaStore
from handoff_service.settings import Settings


def media_folder_of(settings: Settings) -> MediaFolder:
    """Return the media folder in PATCHBOARD_HOME, even if the desk stores its media in a bucket."""
    return MediaFolder(settings.home / "media")


def media_store_of(settings: Settings, metrics: Metrics | None = None) -> MediaStore:
    """Return the bucket that PATCHBOARD_MEDIA_STORE names, or else the folder. Sends no request."""
    if settings.media_bucket is None:
        return media_folder_of(settings)
    name, prefix = settings.media_bucket
    bucket = Bucket(
        name=name,
        prefix=prefix,
        region=settings.s3_region,
        url=settings.s3_url,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )
    return S3Media(bucket, metrics)
