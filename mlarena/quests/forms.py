from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SubmitField


class ModelForm(FlaskForm):
    model_file = FileField(
        "Your model", [FileRequired("Choose the file of your fitted model first.")]
    )
    submit = SubmitField("Submit the model")
