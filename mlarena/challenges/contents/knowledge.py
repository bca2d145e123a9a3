"""What a quiz asks. Answers are kept as text of a choice, accepted words, or a number."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from mlarena.challenges.contents.base import Content, Fault, Item
from mlarena.scoring.quiz import Question, as_number, normalised

MOST_QUESTIONS = 100

Text = Annotated[str, Field(min_length=1, max_length=500)]


class QuestionIn(Item):
    """One question. `answer` is

    single    the right choice: its text, or its place among `choices` from 0
    multiple  the list of right choices, likewise; an empty one where none is right
    text      what is accepted: a text, or a list of them
    number    a number, right within ± `tolerance`
    """

    kind: Literal["single", "multiple", "text", "number"]
    prompt: str = Field(min_length=1, max_length=4000)
    choices: list[Text] | None = Field(None, max_length=20)
    answer: Any
    tolerance: float = Field(0.0, ge=0, le=1e12)
    # How text is compared: each of these may be told to count.
    case_sensitive: bool = False
    spaces_count: bool = False
    accents_count: bool = False
    explanation: str = Field("", max_length=4000)

    @model_validator(mode="before")
    @classmethod
    def _choices_are_text(cls, data: Any) -> Any:
        """Numbers may be written as numbers."""
        if isinstance(data, dict) and isinstance(data.get("choices"), list):
            choices = [_text_of(choice) for choice in data["choices"]]
            return data | {"choices": choices}
        return data

    @model_validator(mode="after")
    def _has_an_answer(self) -> QuestionIn:
        if self.kind in ("single", "multiple"):
            self._check_choices()
        elif self.choices:
            raise Fault("choices", f"A question of kind {self.kind} has no choices.")
        self.answer = {
            "single": self._one_choice,
            "multiple": self._some_choices,
            "text": self._accepted_texts,
            "number": self._number,
        }[self.kind]()
        return self

    def _check_choices(self) -> None:
        choices = self.choices or []
        if len(choices) < 2:
            raise Fault("choices", "Give at least two choices.")
        if len({choice.strip() for choice in choices}) < len(choices):
            raise Fault("choices", "Two of the choices are the same.")

    def _one_choice(self) -> str:
        return self._choice(self.answer)

    def _some_choices(self) -> list[str]:
        if not isinstance(self.answer, list):
            raise Fault("answer", "The answer is a list of the right choices.")
        chosen = [self._choice(one) for one in self.answer]
        if len(set(chosen)) < len(chosen):
            raise Fault("answer", "A right choice is named twice.")
        return chosen

    def _choice(self, named: Any) -> str:
        choices = self.choices or []
        text = _text_of(named)
        if text in choices:
            return str(text)
        if type(named) is int and 0 <= named < len(choices):
            return choices[named]
        raise Fault("answer", f"{named!r} is none of the choices.")

    def _accepted_texts(self) -> list[str]:
        accepted = self.answer if isinstance(self.answer, list) else [self.answer]
        texts = [_text_of(text) for text in accepted]
        if not texts or not all(isinstance(text, str) and 0 < len(text) <= 500 for text in texts):
            raise Fault("answer", "The answer is a text, or a list of texts that are all accepted.")
        question = self.question(0)
        if not all(normalised(str(text), question) for text in texts):
            raise Fault("answer", "An accepted answer must hold a letter or a digit.")
        return [str(text) for text in texts]

    def _number(self) -> float:
        number = as_number(self.answer)
        if number is None:
            raise Fault("answer", "The answer is a number.")
        return number

    def question(self, number: int) -> Question:
        """For scoring."""
        return Question(
            number,
            self.kind,
            self.answer,
            tuple(self.choices or ()),
            self.tolerance,
            self.case_sensitive,
            self.spaces_count,
            self.accents_count,
        )


class KnowledgeContent(Content):
    cases_field: ClassVar[str] = "questions"

    questions: list[QuestionIn] = Field(min_length=1, max_length=MOST_QUESTIONS)


def _text_of(value: Any) -> Any:
    """A number as the text that a reader sees; anything else as it is."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)) and math.isfinite(value):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return value
