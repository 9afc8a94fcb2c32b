"""Server-rendered pages: plain forms, own CSS, no script."""
