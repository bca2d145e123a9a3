"""What is judged of a challenge, kind by kind: the same shapes for the API, for packs and for forms."""

from mlarena.challenges.contents.base import Content, by_field, digest, parse
from mlarena.challenges.contents.coding import CodingCase, CodingContent
from mlarena.challenges.contents.knowledge import KnowledgeContent, QuestionIn
from mlarena.challenges.contents.sql import SqlCaseIn, SqlContent

SHAPES: dict[str, type[Content]] = {
    "sql": SqlContent,
    "coding": CodingContent,
    "knowledge": KnowledgeContent,
}

__all__ = [
    "SHAPES",
    "CodingCase",
    "CodingContent",
    "Content",
    "KnowledgeContent",
    "QuestionIn",
    "SqlCaseIn",
    "SqlContent",
    "by_field",
    "digest",
    "parse",
]
