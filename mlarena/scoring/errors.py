"""What scoring says when a model's answers cannot be scored."""


class MetricError(Exception):
    """The answers cannot be scored; `message` is written for the learner who sent the model."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
