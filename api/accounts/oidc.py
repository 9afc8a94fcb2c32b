"""Sign in through an OpenID Connect provider: authorization code flow with state, nonce and PKCE.

What the answer is held against waits in a signed cookie of the browser, so that any process can take the answer. Needs
the extra `oidc`, which is imported where a provider is set.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy.orm import Session

from api.accounts import repository
from api.accounts.sessions import open_session
from api.errors import ApiError
from api.settings import Settings
from api.vault import Vault
from nlp.errors import SuaraError

log = structlog.get_logger()
INSTALL = "Pasang dengan: pip install --constraint constraints.txt '.[oidc]', atau hapus SUARA_OIDC_ISSUER."
FLOW_S = 600  # how long somebody may take to sign in at the provider
TIMEOUT_S = 10
CLOCK_LEEWAY_S = 60
ALGORITHMS = ["RS256", "PS256", "ES256"]  # signatures alone: 'none' and shared secrets prove nothing
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Provider:
    """The provider of the settings. Safe to share between threads."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        """SuaraError where the extra or a setting is missing, or the provider would be reached without HTTPS."""
        try:
            import authlib.integrations.httpx_client  # noqa: F401
            import httpx2  # noqa: F401
            from itsdangerous import URLSafeTimedSerializer
        except ImportError:
            raise SuaraError("masuk lewat OIDC belum terpasang", where="SUARA_OIDC_ISSUER", remedy=INSTALL) from None
        for name in ("oidc_client_id", "oidc_redirect_url"):
            if not getattr(settings, name):
                raise SuaraError(
                    "kosong, padahal SUARA_OIDC_ISSUER diisi", where=f"SUARA_{name}".upper(), remedy="Isi menurut penyedia OIDC."
                )
        address = urlsplit(settings.oidc_issuer)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise SuaraError("penyedia OIDC harus memakai HTTPS", where="SUARA_OIDC_ISSUER", remedy="Pakai alamat https://.")
        self._settings = settings
        # every process signs alike, and with a key that proves nothing else
        self._signer = URLSafeTimedSerializer(hmac.new(vault.audit_key, b"oidc flow", hashlib.sha256).digest())

    def begin(self) -> tuple[str, str]:
        """(where to send the browser, the cookie that it must bring back); ApiError 502 without the provider."""
        flow = {name: secrets.token_urlsafe(48) for name in ("state", "nonce", "verifier")}
        with _provider_at_fault(), self._client() as client:
            url, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=flow["state"],
                nonce=flow["nonce"],
                code_verifier=flow["verifier"],
            )
        return url, str(self._signer.dumps(flow))

    def finish(self, cookie: str | None, state: str | None, code: str | None) -> str:
        """The `sub` of who signed in; ApiError 400 for what is no answer to our question, 502 without the provider."""
        flow = self._flow(cookie)
        if flow is None or code is None or not hmac.compare_digest((state or "").encode(), flow["state"].encode()):
            raise ApiError(400, "oidc_salah", "Tidak dapat masuk", "Masuk lewat penyedia gagal atau terlalu lama. Coba lagi.")
        with _provider_at_fault(), self._client() as client:
            metadata = self._metadata()
            token = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=flow["verifier"])
            return self._subject(token["id_token"], _fetch(metadata["jwks_uri"]), flow["nonce"])

    def _flow(self, cookie: str | None) -> dict[str, str] | None:
        from itsdangerous import BadData

        try:
            flow: dict[str, str] = self._signer.loads(cookie or "", max_age=FLOW_S)
        except BadData:
            return None
        return flow

    def _subject(self, id_token: str, keys: Any, nonce: str) -> str:
        """The claim `sub` of a token for us that answers `nonce`: OpenID Connect Core 1.0, section 3.1.3.7."""
        from joserfc import jwt
        from joserfc.jwk import KeySet

        claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=CLOCK_LEEWAY_S,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": self._settings.oidc_client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        ).validate(claims)
        return str(claims["sub"])

    def _metadata(self) -> dict[str, str]:
        """OpenID Connect Discovery 1.0, section 4."""
        metadata: dict[str, str] = _fetch(self._settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata["issuer"] != self._settings.oidc_issuer:
            raise ValueError("another issuer")
        return metadata

    def _client(self) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self._settings.oidc_client_id,
            self._settings.oidc_client_secret.get_secret_value() or None,
            scope="openid",
            redirect_uri=self._settings.oidc_redirect_url,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )


def sign_in(
    session: Session,
    settings: Settings,
    vault: Vault,
    provider: Provider,
    cookie: str | None,
    given: tuple[str | None, str | None],
) -> str:
    """The cookie of a new session; ApiError 403 where nobody here is linked to who signed in. `given`: state and code."""
    account = repository.find_account_by_subject(session, provider.finish(cookie, *given))
    if account is None or account.disabled_at is not None:
        raise ApiError(
            403, "akun_tidak_terhubung", "Akun tidak terhubung", "Tidak ada akun aktif untuk Anda. Hubungi pengelola layanan."
        )
    return open_session(session, settings, vault, account, "oidc")[0]


def _fetch(url: str) -> Any:
    import httpx2

    answer = httpx2.get(url, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _provider_at_fault() -> Iterator[None]:
    """ApiError 502 for a provider that is not there, refuses our code, or answers what proves nothing."""
    import httpx2
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        log.warning("oidc provider", error=type(error).__name__)
        raise ApiError(
            502,
            "oidc_gagal",
            "Penyedia akun tidak menjawab dengan benar",
            "Coba lagi sebentar, atau masuk dengan kata sandi. Beri tahu pengelola bila berulang.",
        ) from None
