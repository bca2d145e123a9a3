"""The console's form for a pack."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired

from mlarena.accounts.forms import Form


class PackForm(Form):
    pack_file = FileField("The zip", [FileRequired("Choose the zip first.")])
