"""Uploads to S3 that a later process continues: a log beside the file has the parts that are there.

Rule 1: a part is sent again unless the store lists it as it answered when we
sent it (ETag and size), and the file still has the bytes, by their SHA-256, that
were sent then. Rule 2: of a file that is another one now, nothing is taken over.
Rule 3: S3 checks each part by its MD5, and refuses to join them where the name
is taken meanwhile.

Of obstore no part can be learned; botocore has S3's own requests. It finds the
same credentials as obstore: those of the environment, or of the machine.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

from leakcheck.storage.stores import ObjectPlace

_AT_ONCE = 4
_OTHERS = (
    "ALLOW_INVALID_CERTIFICATES", "CHECKSUM_ALGORITHM", "METADATA_ENDPOINT", "PROXY_",
    "REQUEST_PAYER", "S3_EXPRESS", "SERVER_SIDE_ENCRYPTION", "SKIP_SIGNATURE", "SSE_",
    "VIRTUAL_HOSTED_STYLE_REQUEST",
)  # fmt: skip
"""What obstore is told in variables AWS_… and botocore is not: then obstore sends."""
_PASSING = (408, 429, 500, 502, 503, 504)


class TakenError(Exception):
    """Somebody else has written the object meanwhile."""


class PartsError(Exception):
    """The store does not take a part, or the whole; `code`: its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _GoneError(Exception):
    """The store does not know the upload: it was given up, or is done."""


def s3_client(place: ObjectPlace) -> Any:
    """botocore's client for the bucket of `place`; None where obstore must send."""
    told = [name[4:] for name in os.environ if name.startswith("AWS_")]
    if not place.store.startswith("s3://") or any(name.startswith(_OTHERS) for name in told):
        return None
    try:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return None
    import ssl

    # Nor is a profile that the environment names: without its file botocore would refuse.
    session = botocore.session.Session({"profile": (None, None, None, None)})
    # Files of profiles are not looked at: obstore, which has asked before, knows none.
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)

    def of(*names: str) -> str | None:
        return next((os.environ[name] for name in names if os.environ.get(name)), None)

    try:
        if session.get_credentials() is None:
            return None
        return session.create_client(
            "s3",
            region_name=of("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1",
            endpoint_url=of("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
            verify=of("AWS_CA_BUNDLE") or ssl.get_default_verify_paths().cafile,
            config=Config(
                connect_timeout=10,
                read_timeout=60,
                max_pool_connections=_AT_ONCE + 1,
                retries={"total_max_attempts": 1},  # _patiently has them
                request_checksum_calculation="when_required",  # not all stores know the newer ones
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
            ),
        )
    except (BotoCoreError, ValueError):
        return None  # such as a host whose name has an underscore: obstore sends to it


class PartLog:
    """The file that says which parts a store has; a line each, behind that of the upload."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.upload: dict[str, Any] = {}
        self.parts: dict[int, tuple[str, str]] = {}
        """By number: the ETag that the store gave, and the SHA-256 of what was sent."""
        try:
            lines = [json.loads(line) for line in path.read_text().splitlines() if line[-1:] == "}"]
        except (OSError, ValueError):
            return
        for line in lines:
            if "part" in line:
                self.parts[line["part"]] = line["etag"], line["sha256"]
            else:
                self.upload, self.parts = line, {}

    def begin(self, **upload: Any) -> None:
        """Note a new upload, of which nothing is there."""
        self.upload, self.parts = upload, {}
        self._add(upload)

    def add(self, number: int, etag: str, digest: str) -> None:
        """Note a part that the store has."""
        self.parts[number] = etag, digest
        self._add({"part": number, "etag": etag, "sha256": digest})

    def _add(self, line: Mapping[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(f"\n{json.dumps(line)}\n")  # what a kill cut off stays a line of its own


class S3Upload:
    """One file on its way, in parts; `client`: of `s3_client`."""

    def __init__(
        self, client: Any, place: ObjectPlace, path: Path, part: int, log: PartLog, patience: float
    ) -> None:
        """patience: seconds for which what fails is tried again."""
        self._client, self._path, self._log, self._patience = client, path, log, patience
        self._where = {"Bucket": place.store.partition("://")[2], "Key": place.key}
        self._size, self._part = path.stat().st_size, part
        self._count = -(-self._size // part)
        self._stopped = threading.Event()

    def run(self, *, replace: bool, about: Mapping[str, str], tell: Callable[[int], None]) -> int:
        """Send what is missing, and have all joined; how many bytes were there already.

        tell: called with the bytes that are there. Raises TakenError, PartsError;
        the parts that were sent then stay, and in the log.
        """
        there = self._there()
        if not there:
            fields = {name.replace("-", ""): value for name, value in about.items()}
            made = self._patiently("create_multipart_upload", **fields)
            self._log.begin(
                upload=made["UploadId"], size=self._size, length=self._part, **self._where
            )
        kept = done = sum(self._length(number) for number in there)
        tell(done)
        missing = [number for number in range(1, self._count + 1) if number not in there]
        for number in self._sent(missing):
            done += self._length(number)
            tell(done)
        self._join(replace)
        return kept

    def _there(self) -> set[int]:
        """The parts that need not be sent; none where the upload begins anew."""
        log, upload = self._log, self._log.upload
        known = {"size": self._size, "length": self._part, **self._where}
        if not log.parts or {name: upload.get(name) for name in known} != known:
            return set()
        try:
            listed = self._listed()
        except _GoneError:
            return set()
        found = set()
        for number, (etag, digest) in log.parts.items():
            if listed.get(number) != (etag, self._length(number)):
                continue
            if sha256(self._bytes(number)).hexdigest() != digest:
                self._give_up()
                return set()
            found.add(number)
        return found

    def _listed(self) -> dict[int, tuple[str, int]]:
        """ETag and size of each part that the store has, by number."""
        found: dict[int, tuple[str, int]] = {}
        marker = 0
        while True:
            reply = self._patiently("list_parts", PartNumberMarker=marker, **self._upload)
            for row in reply.get("Parts", ()):
                found[row["PartNumber"]] = row["ETag"], row["Size"]
            if not reply.get("IsTruncated"):
                return found
            marker = reply["NextPartNumberMarker"]

    def _sent(self, numbers: list[int]) -> Iterator[int]:
        """Send these parts, some at a time; each when the store has it."""
        waiting = iter(numbers)
        lock = threading.Lock()
        told: queue.Queue[tuple[int, str, str] | BaseException] = queue.Queue()

        def work() -> None:
            try:
                while not self._stopped.is_set():
                    with lock:
                        number = next(waiting, None)
                    if number is None:
                        return
                    told.put((number, *self._send(number)))
            except BaseException as error:  # is raised where it is waited for
                told.put(error)

        for _ in range(min(_AT_ONCE, len(numbers))):
            threading.Thread(target=work, name="leakcheck-upload", daemon=True).start()
        try:
            for _ in numbers:
                found = _waited(told)
                if isinstance(found, BaseException):
                    raise found
                self._log.add(*found)
                yield found[0]
        except BaseException:
            self._stopped.set()
            raise

    def _send(self, number: int) -> tuple[str, str]:
        """The ETag of a part that was sent, and the SHA-256 of its bytes."""
        from base64 import b64encode

        data = self._bytes(number)
        checked = b64encode(md5(data, usedforsecurity=False).digest()).decode()
        reply = self._patiently(
            "upload_part", PartNumber=number, Body=data, ContentMD5=checked, **self._upload
        )
        return reply["ETag"], sha256(data).hexdigest()

    def _join(self, replace: bool) -> None:
        """Make one object of the parts."""
        parts = [
            {"PartNumber": number, "ETag": self._log.parts[number][0]}
            for number in range(1, self._count + 1)
        ]
        fields = {"MultipartUpload": {"Parts": parts}, **self._upload}
        if not replace and self._is_taken():  # not every store knows If-None-Match
            self._give_up()
            if self._is_ours([part["ETag"] for part in parts]):
                return
            raise TakenError
        try:
            try:
                self._patiently(
                    "complete_multipart_upload",
                    **fields,
                    **({} if replace else {"IfNoneMatch": "*"}),
                )
            except PartsError as error:
                if replace or error.code not in ("NotImplemented", "501"):
                    raise
                self._patiently("complete_multipart_upload", **fields)
        except (_GoneError, TakenError) as error:
            # Perhaps by us: the answer to the first try was lost.
            if not self._is_ours([part["ETag"] for part in parts]):
                self._give_up()
                raise (error if isinstance(error, TakenError) else PartsError("Gone")) from None

    def _is_taken(self) -> bool:
        try:
            self._patiently("head_object")
        except (_GoneError, PartsError):
            return False  # what fails now is told when they are joined
        return True

    def _is_ours(self, tags: list[Any]) -> bool:
        """Whether the object that is there was joined of these parts."""
        try:
            hashes = b"".join(bytes.fromhex(tag.strip('"')) for tag in tags)
            reply = self._patiently("head_object")
        except (ValueError, PartsError, _GoneError):
            return False
        whole = f"{md5(hashes, usedforsecurity=False).hexdigest()}-{len(tags)}"
        return bool(reply["ETag"].strip('"') == whole and reply["ContentLength"] == self._size)

    def _give_up(self) -> None:
        try:
            self._patiently("abort_multipart_upload", **self._upload)
        except (PartsError, _GoneError):
            return

    @property
    def _upload(self) -> dict[str, Any]:
        return {"UploadId": self._log.upload["upload"]}

    def _length(self, number: int) -> int:
        return min(self._part, self._size - (number - 1) * self._part)

    def _bytes(self, number: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek((number - 1) * self._part)
            return file.read(self._part)

    def _patiently(self, request: str, **fields: Any) -> Any:
        """The answer to a request, which is repeated where that may help."""
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

        until, wait = time.monotonic() + self._patience, 0.5
        while True:
            try:
                return getattr(self._client, request)(**self._where, **fields)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code") or "")
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                if code in ("NoSuchUpload", "NoSuchKey", "404"):  # the last where no text says
                    raise _GoneError from None
                if status == 412:
                    raise TakenError from None
                passing = status in _PASSING or code in ("RequestTimeout", "SlowDown")
                failed = PartsError(code or str(status))
            except (ConnectionError, HTTPClientError) as error:
                passing, failed = True, PartsError(type(error).__name__)
            except BotoCoreError as error:
                passing, failed = False, PartsError(type(error).__name__)
            if not passing or self._stopped.is_set() or time.monotonic() + wait > until:
                raise failed
            self._stopped.wait(wait)
            wait = min(wait * 2, 5.0)


def _waited(told: "queue.Queue[Any]") -> Any:
    """What is told next. An interrupt is heard meanwhile, on Windows as well."""
    while True:
        try:
            return told.get(timeout=0.2)
        except queue.Empty:
            continue
