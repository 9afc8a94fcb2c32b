"""`suara audit`: prove the trail whole."""

import typer

from api.command_session import open_session


def verify() -> None:
    """Periksa jejak audit; catatan yang diubah atau dihapus ditemukan."""
    from api.audit import service
    from api.settings import load_settings
    from nlp.console import print_out
    from nlp.errors import SuaraError

    settings = load_settings()
    with open_session(settings) as session:
        n_events, fault = service.verify(session, settings.open_vault())
    if fault is not None:
        raise SuaraError(
            f"{fault}; {n_events} catatan sebelumnya utuh",
            where="jejak audit",
            remedy="Amankan basis data ini dan bandingkan dengan cadangan.",
        )
    print_out(f"Jejak audit utuh: {n_events} catatan.")


def register(app: typer.Typer) -> None:
    """Add them to `suara`."""
    audit = typer.Typer(help="Jejak audit.", no_args_is_help=True)
    audit.callback()(lambda: None)  # a group also with one command
    audit.command("verify")(verify)
    app.add_typer(audit, name="audit")
