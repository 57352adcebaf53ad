"""What a device may report: every text one of a list, every number within bounds, nothing else."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from edgelab.declarations import Sent

DECLARED = (
    Sent(
        what="a phone's kind, system, browser, cores, memory and screen, and how fast it answered fixed texts",
        to="the learner's own device lab",
        where="{lab}",
        policy="by a page that somebody opened on the phone: texts of a list and numbers within bounds, under a random name; "
        "in clear within the network with --lan",
        about="device",
        part="course",
        kinds=("device", "speed"),
    ),
)

Kind = Literal["phone", "tablet", "laptop", "other"]
System = Literal["Android", "iOS", "iPadOS", "Windows", "macOS", "Linux", "ChromeOS", "other"]
Browser = Literal["Chrome", "Edge", "Firefox", "Safari", "Samsung", "Opera", "other"]
Milliseconds = Annotated[float, Field(ge=0, le=3_600_000)]
Pixels = Annotated[int, Field(ge=1, le=32_768)]
RandomId = Annotated[
    str, Field(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", max_length=36)
]
LONGEST_LINE = 300  # characters of a refusal: a key that nobody expected may be a whole body


class Strict(BaseModel):
    """No conversion ("1" is no number), no NaN, no key that is not named."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class Device(Strict):
    """What a browser says of its device. `memory_gb` is rounded by the browser; not every one tells it."""

    kind: Kind
    system: System
    browser: Browser
    cores: Annotated[int, Field(ge=1, le=1024)] | None
    memory_gb: Annotated[float, Field(gt=0, le=4096)] | None
    screen: Annotated[list[Pixels], Field(min_length=2, max_length=2)]


class Loading(Strict):
    """Until the bundle was here, and then until the session stood."""

    download: Milliseconds
    session: Milliseconds


class Percentiles(Strict):
    """Of the answers, the first left out."""

    p10: Milliseconds
    p50: Milliseconds
    p90: Milliseconds
    p99: Milliseconds

    @model_validator(mode="after")
    def ordered(self) -> "Percentiles":
        """Percentiles of one sample rise.

        Raises:
            PydanticCustomError: they do not.
        """
        if not self.p10 <= self.p50 <= self.p90 <= self.p99:
            raise PydanticCustomError("disordered", "expected p10 <= p50 <= p90 <= p99")
        return self


class Sustained(Strict):
    """The median answer of each window of a longer run, one after the other: it rises where a device throttles."""

    seconds: Annotated[float, Field(ge=1, le=600)]
    p50_ms: Annotated[list[Milliseconds], Field(min_length=1, max_length=60)]


class Report(Strict):
    """One measurement. `visit` is a random number of the browser's tab: a device that measures twice counts once. Where a
    browser's clock is coarse, `batch` answers are timed together, and each of the `runs` is their mean."""

    id: RandomId
    visit: RandomId
    device: Device
    bundle_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", max_length=64)]
    load_ms: Loading
    first_ms: Milliseconds
    latency_ms: Percentiles
    runs: Annotated[int, Field(ge=30, le=100_000)]
    batch: Annotated[int, Field(ge=1, le=10_000)] = 1
    clock_step_ms: Annotated[float, Field(ge=0, le=1000)]
    sustained: Sustained | None


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The name of the first field that is not as it should be ("" if it is none of a report's), and a line about it."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if fault["type"] == "json_invalid":
        return "", "body: " + fault["msg"][:LONGEST_LINE]
    place = [str(part) for part in fault["loc"]]
    named = place[0] if place and place[0] in Report.model_fields else ""
    where = ".".join(place) or "body"
    return named, f"{where[:100]}: {fault['msg']}"[:LONGEST_LINE]
