"""Encrypts the access token that processes share through Redis. Imported only with a coordinator."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """Encrypts (Fernet: AES-128-CBC and HMAC-SHA256) with a key that is derived from the API secret (HKDF-SHA256).

    Whoever can read the token has the secret, and could fetch a token anyway.

    :param salt: differs from account to account.
    """

    def __init__(self, api_secret: str, *, salt: str) -> None:
        derive = HKDF(SHA256(), length=32, salt=salt.encode(), info=b"access token")
        self._fernet = Fernet(base64.urlsafe_b64encode(derive.derive(api_secret.encode())))

    def close(self, token: str) -> bytes:
        """Encrypt a token."""
        return self._fernet.encrypt(token.encode())

    def open(self, sealed: bytes) -> str | None:
        """Decrypt a token; None if it was sealed with another secret, as during a rotation."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
