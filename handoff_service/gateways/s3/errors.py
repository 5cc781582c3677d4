"""The errors of an S3 store, each with its meaning and the fix for an admin.

The codes are those of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import re

_CODE = re.compile(r"(?:<Code>|\(code: )([A-Za-z0-9]{1,60})(?:</Code>|\))")
NO_ANSWER = "HTTP error"  # how the library's connection errors begin
_STATUS = re.compile(r"status code: (\d{3})")
NO_BUCKET = "NoSuchBucket"

#: error code -> what an admin reads; the placeholders are the bucket and the operation
ADVICE = {
    NO_BUCKET: "The S3 store has no bucket {bucket}. Create it, or correct PATCHBOARD_MEDIA_STORE.",
    "InvalidAccessKeyId": "The S3 store does not know the access key. Correct "
    "PATCHBOARD_S3_ACCESS_KEY.",
    "SignatureDoesNotMatch": "The S3 store rejects the signature. Correct "
    "PATCHBOARD_S3_SECRET_KEY and PATCHBOARD_S3_REGION.",
    "AccessDenied": "The S3 store does not allow the access key to {operation} files in {bucket}. "
    "Allow it s3:GetObject, s3:PutObject and s3:DeleteObject for the objects, and s3:ListBucket "
    "for the bucket.",
    "AuthorizationHeaderMalformed": "The bucket {bucket} is in another region. Correct "
    "PATCHBOARD_S3_REGION.",
    "PermanentRedirect": "The bucket {bucket} is in another region. Correct PATCHBOARD_S3_REGION.",
    "RequestTimeTooSkewed": "The clocks of this host and of the S3 store differ. Synchronize the "
    "clock of this host.",
}
UNREACHABLE = (
    "The S3 store at {address} does not answer. Start it, or correct PATCHBOARD_S3_URL. The "
    "network of this host may also be down."
)
#: HTTP status -> code, for responses without a code: to HEAD requests, and from some servers
BY_STATUS = {"403": "AccessDenied", "401": "InvalidAccessKeyId", "301": "PermanentRedirect"}
UNCLEAR = (
    "The response of the S3 store at {address} cannot be understood. Check that PATCHBOARD_S3_URL "
    "is the address of an S3 store, and read the store's own log."
)
DAMAGED = (
    "The content of {name} in {where} does not match its hash. Restore an earlier version of the "
    "file."
)
UNKNOWN = "The S3 store refused to {operation} a file: {code}. Its own log says why."


def code_of(text: str) -> str | None:
    """Return the code in the store's response. In a response without a code, the HTTP status
    determines it, such as ``AccessDenied`` for 403 or ``HTTP 500``. None if there was no
    response."""
    if found := _CODE.search(text):
        return found[1]
    status = _STATUS.search(text)
    return BY_STATUS.get(status[1], f"HTTP {status[1]}") if status else None


def sentence(text: str, *, operation: str, bucket: str, address: str) -> str:
    """Describe what failed and what to do. The sentence never quotes the response, which can
    contain the keys."""
    code = code_of(text)
    if code is None:
        is_unclear = text and NO_ANSWER not in text
        return (UNCLEAR if is_unclear else UNREACHABLE).format(address=address)
    return ADVICE.get(code, UNKNOWN).format(bucket=bucket, operation=operation, code=code)
