"""The stores that fsspec reaches with a package of their own."""

REACHED_BY = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gcs"),
    "gcs": ("gcsfs", "gcs"),
    "abfs": ("adlfs", "azure"),
    "abfss": ("adlfs", "azure"),
    "az": ("adlfs", "azure"),
    "http": ("aiohttp", "http"),
    "https": ("aiohttp", "http"),
    "sftp": ("paramiko", ""),
}
"""What reaches a store, and the extra that brings it, of those that mlc was tried with."""
