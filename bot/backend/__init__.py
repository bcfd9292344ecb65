"""The training service as the bot sees it: HTTP and server-sent events of the Arkor protocol.

`client.ServiceClient` is the one `ports.Backend` there is; it speaks to the Arkor cloud and to the embedded
service alike. What the protocol leaves to the reader is decided by its official client, commit 314c6e3.
"""

from bot.backend.client import ServiceClient

__all__ = ["ServiceClient"]
