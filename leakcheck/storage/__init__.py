"""Object storage, s3://, gs:// and az://, by obstore: what is there, its pages, uploads.

Credentials, region and endpoint are the library's business: the environment, or
what the machine is entitled to. No name that is shown holds any of them.
"""

SCHEMES = ("s3", "gs", "az")
