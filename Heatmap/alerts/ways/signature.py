"""The signature of a webhook's message: HMAC-SHA256 over time and body. Pure."""

import hashlib
import hmac

from Heatmap.alerts.ways.secret import Secret

SIGNATURE_HEADER = "Heatmap-Signature"


def signature(key: Secret, ts_s: int, body: bytes) -> str:
    """Return the value of the header, such as ``t=1764500000,v1=5257a8...``.

    Parameters
    ----------
    key
        What sender and receiver both know.
    ts_s
        When this attempt is made, UTC seconds: a receiver refuses what is old, so that nobody
        sends again what was once heard.
    body
        As it is sent. The signature is over the time's digits, a point, and the body.
    """
    signed = hmac.new(key.reveal().encode("utf-8"), b"%d.%s" % (ts_s, body), hashlib.sha256)
    return f"t={ts_s},v1={signed.hexdigest()}"
