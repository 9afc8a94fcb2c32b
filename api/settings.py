"""Everything that can be set, from environment variables with the prefix SUARA_; the defaults work in an empty folder."""

from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.faults import words_for
from api.routing.calendar import DEFAULT_PATH as HOLIDAYS
from api.vault import Vault, create_key_file
from nlp.errors import SuaraError
from nlp.insight.weights import DEFAULT_PATH as WEIGHTS
from nlp.labels import DEFAULT_PATH


class Settings(BaseSettings):
    """Settings of the service. Each stands in the README's table; a test sees to that."""

    model_config = SettingsConfigDict(env_prefix="SUARA_", extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Folder basis data dan berkas layanan.")
    database_url: str = Field(default="", description="URL SQLAlchemy; kosong berarti SQLite di dalam data_dir.")
    model_dir: Path = Field(default=Path("models/default"), description="Folder model.")
    labels: Path = Field(default=DEFAULT_PATH, description="Daftar label (TOML) untuk melatih.")
    max_body_bytes: int = Field(default=1_048_576, gt=0, description="Ukuran terbesar isi permintaan, bita.")
    max_import_bytes: int = Field(default=200_000_000, gt=0, le=2_000_000_000, description="Ukuran terbesar berkas impor, bita.")
    worker: Literal["bersama", "terpisah"] = Field(
        default="bersama", description="bersama: 'suara serve' juga menjalankan pekerja impor; terpisah: 'suara worker' sendiri."
    )
    max_texts: int = Field(default=1_000, gt=0, description="Banyak teks terbesar dalam satu permintaan penilaian.")
    page_limit: int = Field(default=100, gt=0, le=1_000, description="Banyak baris terbesar dalam satu halaman daftar.")
    mode: Literal["demo", "kantor"] = Field(
        default="demo", description="kantor menolak berjalan dengan kunci enkripsi bawaan; pakai itu untuk pesan sungguhan."
    )
    encryption_key_file: Path | None = Field(
        default=None, description="Berkas kunci dari 'suara secret create'; bawaan demo: dibuat sendiri di data_dir."
    )
    encryption_keys: SecretStr = Field(
        default=SecretStr(""), description="Isi berkas kunci, baris dipisah koma, bila tidak memakai berkas."
    )
    timezone: str = Field(default="Asia/Jakarta", description="Zona waktu kantor, untuk batas hari kerja.")
    holidays: Path = Field(default=HOLIDAYS, description="Daftar libur dan cuti bersama (TOML).")
    original_days: int = Field(
        default=365, gt=0, description="Hari simpan teks asli dan pelapor; sesudahnya dimusnahkan, teks tersamar tetap."
    )
    office: str = Field(default="Instansi Anda", min_length=2, max_length=120, description="Nama instansi pada laporan bulanan.")
    priority_weights: Path = Field(default=WEIGHTS, description="Bobot indeks prioritas (TOML).")
    population: Path | None = Field(
        default=None, description="CSV jumlah penduduk (kolom wilayah, penduduk), agar volume dihitung per penduduk."
    )
    minutes_per_message: float = Field(
        default=3, gt=0, le=480, description="Menit untuk membaca dan meneruskan satu pesan dengan tangan."
    )
    minutes_source: str = Field(
        default="perkiraan awal; ukur di kantor sendiri", min_length=3, max_length=200, description="Dari mana menit itu."
    )
    https: bool | None = Field(
        default=None, description="Kuki masuk hanya lewat HTTPS; bawaan: true di mode kantor, false di demo."
    )
    session_idle_minutes: int = Field(default=30, ge=5, description="Menit tanpa kegiatan sampai harus masuk lagi.")
    session_hours: int = Field(default=10, gt=0, le=720, description="Jam sejak masuk sampai harus masuk lagi.")
    rate_per_minute: int = Field(default=6_000, gt=0, description="Banyak permintaan semenit untuk tiap kunci atau akun.")
    public_rate_per_minute: int = Field(
        default=30, gt=0, description="Banyak permintaan semenit tanpa kunci (lacak, masuk) untuk tiap alamat jaringan."
    )
    oidc_issuer: str = Field(default="", description="Alamat penyedia OpenID Connect; kosong berarti tidak dipakai.")
    oidc_client_id: str = Field(default="", description="Nama layanan ini pada penyedia OIDC.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Rahasia layanan ini pada penyedia OIDC.")
    oidc_redirect_url: str = Field(default="", description="Alamat luar dari /api/v1/session/oidc/callback.")
    first_page: bool = Field(default=True, description="Sediakan halaman coba di /; halaman itu tidak menyimpan apa pun.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING, atau ERROR.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("pakai nama zona seperti Asia/Jakarta, Asia/Makassar, atau Asia/Jayapura")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("pakai DEBUG, INFO, WARNING, atau ERROR")
        return value.upper()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            known = not value or make_url(value).get_backend_name() in {"sqlite", "postgresql"}
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("pakai URL yang berawal sqlite:/// atau postgresql://")
        return value

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies travel over HTTPS alone."""
        return self.mode != "demo" if self.https is None else self.https

    @property
    def demo_key_file(self) -> Path:
        """Where a demonstration keeps its own keys: beside the data they seal, which guards nothing."""
        return self.data_dir / "kunci-enkripsi.txt"

    @property
    def key_file(self) -> Path:
        """The file the keys stand in, unless they come in SUARA_ENCRYPTION_KEYS."""
        return self.encryption_key_file or self.demo_key_file

    def open_vault(self) -> Vault:
        """The encryption keys; SuaraError where there are none, or outside demo mode none of the office's own."""
        if self.encryption_keys.get_secret_value():
            return Vault.parse(self.encryption_keys.get_secret_value(), "SUARA_ENCRYPTION_KEYS")
        path = self.key_file
        if self.mode != "demo" and path.resolve().is_relative_to(self.data_dir.resolve()):
            raise SuaraError(
                "kunci enkripsi bawaan tidak boleh dipakai untuk pesan sungguhan",
                where="SUARA_MODE=kantor",
                remedy="Jalankan 'suara secret create --out FILE' di luar folder data, lalu isi SUARA_ENCRYPTION_KEY_FILE.",
            )
        if self.encryption_key_file is None:
            create_key_file(path)
        return Vault.read(path)

    @property
    def resolved_database_url(self) -> str:
        """The database to open."""
        return self.database_url or f"sqlite:///{self.data_dir / 'suara.db'}"


def load_settings() -> Settings:
    """Settings from the environment; SuaraError that names the variable but not its value, which may be a password."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        raise SuaraError(
            words_for(fault),
            where=f"SUARA_{fault['loc'][0]}".upper(),
            remedy="Perbaiki atau hapus variabel itu; daftar pengaturan ada di README.",
        ) from None
