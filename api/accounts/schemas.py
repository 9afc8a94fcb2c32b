"""What goes in and out of signing in."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from api.accounts.passwords import MAX_CHARS
from api.scoring.schemas import CleanText, clean


def _clean_secret(secret: SecretStr) -> SecretStr:
    clean(secret.get_secret_value())
    return secret


Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_clean_secret)]


class SignIn(BaseModel):
    """Name and password of an account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"username": "loket.timur", "password": "payung merah di teras"}]},
    )

    username: Annotated[CleanText, Field(min_length=1, max_length=100)]
    password: Password


class PasswordChange(BaseModel):
    """The present password and the one that replaces it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"current_password": "gerobak biru di simpang", "new_password": "payung merah di teras"}]
        },
    )

    current_password: Password
    new_password: Password = Field(description="Sedikitnya 12 huruf, bukan nama akun.")


class SessionOut(BaseModel):
    """Who is asking, and what that may do."""

    name: str = Field(examples=["loket.timur"])
    role: str = Field(examples=["desk"])
    rights: list[str] = Field(examples=[["feedback.read", "feedback.route"]])
    units: list[str] | None = Field(examples=[["dinas_pu"]], description="Kode unit yang boleh dilihat; null berarti semua.")
    csrf_token: str | None = Field(
        description="Untuk kepala X-CSRF-Token pada permintaan selain GET yang memakai kuki; null untuk kunci API."
    )
    expires_at: AwareDatetime | None = Field(description="Saat sesi berakhir meskipun terus dipakai; null untuk kunci API.")
