"""An S3 server for tests: Moto's server in a thread of the test process. It keeps objects in
memory.
"""

import json
import os
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from moto import settings
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from handoff_service.gateways.s3.media_store import Bucket, S3Media

REGION, KEY, SECRET = "us-east-1", "AKIAPATCHBOARD", "a-secret-of-the-tests"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class S3Server:
    url: str

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        asked = urllib.request.Request(f"{self.url}{path}", data=body, method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            content: bytes = answer.read()
            return content

    def bucket(self, prefix: str = "desk/media") -> Bucket:
        """Create a new bucket, and return it with its address and keys."""
        name = f"bucket-{next(_numbers)}"
        self.call("PUT", f"/{name}")
        return Bucket(
            name=name, prefix=prefix, region=REGION, url=self.url, access_key=KEY, secret_key=SECRET
        )

    def fill(self, bucket: Bucket, paths: Iterable[str]) -> None:
        """Add many small objects without a request for each."""
        stored = s3_backends["123456789012"]["aws"]
        for path in paths:
            stored.put_object(bucket.name, f"{bucket.prefix}/{path}", b"x")

    def store(self) -> S3Media:
        return S3Media(self.bucket())

    def settings(self, bucket: Bucket) -> dict[str, str]:
        """Return the settings of a desk that uses the bucket."""
        return {
            "PATCHBOARD_MEDIA_STORE": f"s3://{bucket.name}/{bucket.prefix}",
            "PATCHBOARD_S3_URL": self.url,
            "PATCHBOARD_S3_ACCESS_KEY": KEY,
            "PATCHBOARD_S3_SECRET_KEY": SECRET,
        }

    @contextmanager
    def with_accounts(self, *actions: str) -> Iterator[tuple[str, str]]:
        """Check signatures and permissions until the block ends. Yield the keys of a user who may
        do these actions.
        """
        import boto3

        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
        iam = boto3.client(
            "iam",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        name = f"user-{next(_numbers)}"
        iam.create_user(UserName=name)
        rule = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        iam.put_user_policy(UserName=name, PolicyName="desk", PolicyDocument=document)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        try:
            yield made["AccessKeyId"], made["SecretAccessKey"]
        finally:
            settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")


@contextmanager
def running() -> Iterator[S3Server]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield S3Server("http://{}:{}".format(*server.get_host_and_port()))
    finally:
        server.stop()
