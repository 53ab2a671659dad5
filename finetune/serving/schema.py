"""What a request and an answer look like: pydantic models, from which the description is made too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    create_model,
)

from finetune.serving.refusals import MalformedError, RefusalError, TooLargeError

if TYPE_CHECKING:
    from pydantic.config import JsonDict

    from finetune.serving.options import ServingOptions

OVER = {"string_too_long", "too_long"}
EXAMPLE: JsonDict = {"text": ["今日股市收盘再创新高", "The second half was better."]}


class Asked(BaseModel):
    """One text, or a list of texts."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": EXAMPLE})

    model: Annotated[
        str | None, Field(description="A name from /v1/models; needed where several are served.")
    ] = None
    text: Any

    @property
    def texts(self) -> list[str]:
        """The texts as a list."""
        return [self.text] if isinstance(self.text, str) else self.text


class Entity(BaseModel):
    """A part of the text: text[start:end], counted in characters."""

    text: str
    label: str
    start: int
    end: int
    confidence: float


class Labelled(BaseModel):
    """The label of a text, or those that hold where there may be several."""

    label: str | list[str]
    confidence: float
    probabilities: dict[str, float]


class Tagged(BaseModel):
    """The entities of a text."""

    text: str
    entities: list[Entity]


class Answered(BaseModel):
    """An answer for each text, in the order of the texts."""

    model: str
    answers: list[Labelled | Tagged]


class ModelFacts(BaseModel):
    """One model that is served."""

    name: str
    what: str


class ModelList(BaseModel):
    """All models that are served."""

    models: list[ModelFacts]


class Reason(BaseModel):
    """Why there is no answer."""

    error: str


def request_model(options: ServingOptions) -> type[Asked]:
    """Make the model of a request with this service's limits in it."""
    one = Annotated[str, StringConstraints(max_length=options.max_characters), Tag("one")]
    item = Annotated[str, StringConstraints(max_length=options.max_characters)]
    many = Annotated[list[item], Field(min_length=1, max_length=options.max_texts), Tag("many")]
    text = Annotated[one | many, Discriminator(lambda value: "many" if isinstance(value, list) else "one")]
    return create_model("PredictRequest", __base__=Asked, text=(text, ...))


def parse(body: bytes, model: type[Asked]) -> Asked:
    """Read a body, or refuse it with place and reason; the parser bounds the depth and checks the UTF-8."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        kind: type[RefusalError] = TooLargeError if first["type"] in OVER else MalformedError
        raise kind(f"{place(first['loc'])}: {first['msg']}") from None


def place(where: tuple[int | str, ...]) -> str:
    """Write a place as people do: ("text", "many", 3) is text[3]."""
    kept = [one for one in where if one not in {"one", "many"}]
    return "".join(f"[{one}]" if isinstance(one, int) else str(one)[:60] for one in kept) or "the body"
