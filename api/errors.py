"""Errors as problem+json (RFC 9457) with a stable `code`, worded for people."""

import re
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from api.database import UNAVAILABLE
from api.faults import words_for

log = structlog.get_logger()


class Problem(BaseModel):
    """Body of every error."""

    type: str = Field(examples=["urn:suara-warga:galat:kunci_salah"])
    title: str = Field(examples=["Kunci API tidak dikenal"])
    status: int = Field(examples=[401])
    code: str = Field(examples=["kunci_salah"])
    detail: str = Field(examples=["Kirim kepala X-API-Key dengan kunci yang berlaku."])
    errors: list[dict[str, Any]] | None = None


class ApiError(HTTPException):
    """An error with its HTTP status, stable code, and words for people.

    Kin of HTTPException because FastAPI makes a 400 of any other error met while a body is read. `afterwards` runs when
    the answer has gone out, in a transaction of its own: the request's is rolled back.
    """

    def __init__(self, status: int, code: str, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.status, self.code, self.title = status, code, title
        self.afterwards: BackgroundTask | None = None


def problem(error: ApiError, errors: list[dict[str, Any]] | None = None) -> JSONResponse:
    """The answer for an error."""
    body = Problem(
        type=f"urn:suara-warga:galat:{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=errors,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=error.status,
        headers=error.headers,
        media_type="application/problem+json",
        background=error.afterwards,
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an endpoint's `responses` say of its errors."""
    return {status: {"model": Problem} for status in statuses}


def describe_problems(app: FastAPI) -> None:
    """Give the errors in the OpenAPI document the media type they have; FastAPI takes all answers for plain JSON."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if content.get("application/json", {}).get("schema") == {"$ref": "#/components/schemas/Problem"}:
                    content["application/problem+json"] = content.pop("application/json")
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def too_large(limit_bytes: int) -> ApiError:
    """A body over the limit."""
    return ApiError(
        413,
        "terlalu_besar",
        "Permintaan terlalu besar",
        f"Batas isi permintaan {limit_bytes:,} bita. Bagi menjadi beberapa permintaan.".replace(",", "."),
    )


UNEXPECTED = ApiError(500, "galat_dalam", "Terjadi galat", "Galat sudah dicatat. Coba lagi, dan hubungi pengelola bila berulang.")
_OWN_NAME = re.compile(r"[a-z_-]{1,40}")
_STATUS = {
    400: ("isi_tidak_terbaca", "Isi permintaan tidak terbaca", "Kirim JSON atau formulir dalam UTF-8."),
    404: ("tidak_ditemukan", "Tidak ditemukan", "Alamat atau data itu tidak ada."),
    405: ("cara_salah", "Cara tidak didukung", "Alamat ini tidak menerima cara permintaan itu."),
}


def _validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  -- registered for this kind alone
    # the rejected value itself is left out, and so is a field name unlike ours: it may be somebody's message
    details = [{"loc": _place(item["loc"]), "type": item["type"], "msg": words_for(item)} for item in error.errors()]
    where = "; ".join(f"{'.'.join(map(str, item['loc']))} ({item['msg']})" for item in details[:3])
    return problem(
        ApiError(422, "isi_tidak_sah", "Isi permintaan tidak sah", f"Periksa: {where}."), jsonable_encoder(details[:20])
    )


def _place(loc: tuple[str | int, ...]) -> list[str | int]:
    return [part if isinstance(part, int) or _OWN_NAME.fullmatch(part) else "?" for part in loc]


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code, title, detail = _STATUS.get(
        error.status_code,
        (f"http_{error.status_code}", HTTPStatus(error.status_code).phrase, "Permintaan tidak dapat dipenuhi."),
    )
    return problem(ApiError(error.status_code, code, title, detail, dict(error.headers or {})))


def _api(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101
    return problem(error)


def _database(_: Request, error: Exception) -> JSONResponse:
    log.error("database unavailable", error=type(error).__name__)
    return problem(
        ApiError(
            503,
            "basis_data_sibuk",
            "Basis data sedang tidak dapat dipakai",
            "Tidak ada yang tersimpan. Coba lagi sebentar.",
            {"Retry-After": "2"},
        )
    )


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem; RequestLog sees to the unexpected ones."""
    app.add_exception_handler(ApiError, _api)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _database)
