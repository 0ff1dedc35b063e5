"""The shapes of the answers, for the OpenAPI document; tests hold every answer to them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Moment = Annotated[int, Field(description="UTC milliseconds since 1970.")]
Usd = Annotated[float, Field(description="US dollars.", ge=0)]
Share = Annotated[float, Field(ge=0, le=1, description="A part of the whole, 0 to 1.")]
Side = Literal["long", "short"]
Interval = Annotated[
    list[float],
    Field(min_length=3, max_length=3, description="Low end, value, high end of a 90 % interval."),
]


Kind = Annotated[
    Literal["live", "simulated", "replay"],
    Field(description="Whether the data are of the real market, made up, or played again."),
]


class Shape(BaseModel):
    """Base of all: nothing else than what is named."""

    model_config = ConfigDict(extra="forbid", title=None)


class Problem(Shape):
    """What is wrong with a request (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    allowed: list[str] | None = None


class Gap(Shape):
    """Time without data (`gap`), or without a proof that all of them came (`unproven`)."""

    start: Moment
    end: Moment
    kind: Literal["gap", "unproven"]


class Coverage(Shape):
    """How much was recorded of the time that an answer comes of: no data is not zero.

    For levels that is as far back as the model looks at candles, however few are there yet.
    """

    of: Literal["liquidations", "candles"]
    start: Moment
    end: Moment
    share: Share
    gaps: list[Gap]


class Covered(Shape):
    """Part of every answer about a market: what its data are, and how much of them is there."""

    kind: Kind
    coverage: Coverage
    lower_bound: Literal[True]


class RecorderHealth(Shape):
    """How the recorder is."""

    role: str
    connection: str
    last_event: Moment | None
    last_heartbeat: Moment | None


class ImportedHealth(Shape):
    """The days of one dataset of one symbol."""

    dataset: str
    symbol: str
    days: int
    first_day: str
    last_day: str


class HistoryHealth(Shape):
    """What was imported of history; none: 0 days. `note`: why it cannot be used."""

    datasets: list[ImportedHealth]
    days: int
    last_day: str | None
    note: str | None


class ModelHealth(Shape):
    """What a model was fitted to, and how good it is: bits per liquidation over distance alone."""

    fitted_to: str | None
    fitted_until: Moment | None
    score_bits: Interval | None


class RedisHealth(Shape):
    """How publishing to Redis fares; docs/status.md has the words."""

    address: str
    state: Literal["stopped", "connecting", "live", "away"]
    failure: dict[str, object] | None
    published: int
    refused: int
    waiting: int | None
    reconnects: int


class ConnectionHealth(Shape):
    """Open connections and their limit; since the start, how many found no place (`refused`).

    `displaced` asked nothing and made room for others; `cut` took too long.
    """

    open: int
    limit: int
    refused: int
    displaced: int
    cut: int


class Health(Shape):
    """The state in short; `ok`: data come and are stored."""

    status: Literal["ok", "degraded"]
    version: str
    kind: Kind
    now: Moment
    symbols: list[str]
    recorder: RecorderHealth
    history: HistoryHealth
    redis: RedisHealth | None
    connections: ConnectionHealth
    models: dict[str, ModelHealth]


class LeveragePart(Shape):
    """What of a level belongs to positions of these leverages."""

    low: float
    high: float
    volume: Usd


class LevelShape(Shape):
    """A range of price; what is liquidated there, and from the price up to its far end."""

    price: Usd
    price_low: Usd
    price_high: Usd
    volume: Usd
    cumulative: Usd
    side: Side
    leverage: list[LeveragePart]
    distance_pct: float


class ScoreShape(Shape):
    """How good a model was on time held out."""

    bits_over_distance: Interval
    events: int


class NoteShape(Shape):
    """Why an answer is empty, partial or provisional."""

    kind: str
    count: int
    at_ms: Moment | None
    value: float | None


class Levels(Covered):
    """Where liquidations are expected if the price goes there, the nearest level first."""

    symbol: str
    model: str
    at: Moment
    current_price: Usd
    price_source: str
    price_at: Moment | None
    unit: str
    long_liquidations: list[LevelShape]
    short_liquidations: list[LevelShape]
    score: ScoreShape | None
    fit: str | None
    is_provisional: bool
    notes: list[NoteShape]


class Record(Shape):
    """One liquidation as it was reported; `id` is the number of its row."""

    id: int
    symbol: str
    timestamp: Moment
    side: Side
    price: Usd
    quantity: float
    volume: Usd
    limit_price: float | None


class Records(Covered):
    """Single liquidations in the order of storing; ask again with `after_id` = `next`."""

    symbol: str
    start: Moment
    end: Moment
    records: list[Record]
    next: int | None


class Bucket(Shape):
    """One side's liquidations in a time; null where nothing was recorded."""

    timestamp: Moment
    side: Side
    volume: Usd | None
    count: int | None
    covered: Share


class Buckets(Covered):
    """Liquidations over time."""

    symbol: str
    start: Moment
    end: Moment
    bucket_s: int
    buckets: list[Bucket]
    gaps: list[Gap]


class HeatTime(Shape):
    """Columns: each shows what was known at its end, the newest what is known now."""

    start: Moment
    step_s: int
    n: int
    known: list[bool]


class HeatPrice(Shape):
    """Buckets: number k begins at low * exp(step * k)."""

    low: float
    step: float
    n: int
    scale: Literal["log"]


class Cell(Shape):
    """What stands in a bucket at a time: USD, and liquidations that would be reported (or null)."""

    time: Moment
    price_bucket: int
    density: float | None
    volume: Usd


class CellBytes(Shape):
    """All cells, (buckets, columns) in C order, the lowest price and the oldest column first."""

    dtype: Literal["float32"]
    shape: list[int]
    base64: str
    usd_per_message: float | None


class HeatMetadata(Shape):
    """Of the newest column; the quality is the part of the candles that are there."""

    total_liquidation_volume: Usd
    highest_density_price: float | None
    num_buckets: int
    data_quality_score: Share


class Heat(Covered):
    """What stood when and where."""

    symbol: str
    model: str
    at: Moment
    current_price: Usd
    unit: str
    time: HeatTime
    price: HeatPrice
    data: list[Cell] | CellBytes
    metadata: HeatMetadata


class ComparedLevel(Shape):
    """A range of price of one model."""

    price_low: Usd
    price_high: Usd
    side: Side
    volume: Usd


class ComparedModel(Shape):
    """One model; `agreement`: the part of its dollars that lies where the ensemble's does."""

    name: str
    unit: str
    levels: list[ComparedLevel]
    score: ScoreShape | None
    agreement: float | None
    notes: list[NoteShape]


class Ensemble(Shape):
    """The parts of all liquidations that each cause explains."""

    fit: str | None
    weights: dict[str, float]


class Comparison(Covered):
    """The models side by side; `pending`: those that are computed still, so ask again."""

    symbol: str
    at: Moment
    current_price: Usd
    price_source: str
    models: list[ComparedModel]
    ensemble: Ensemble
    pending: list[str]


class Cluster(Shape):
    """Liquidations of one side at prices close to each other; `strength` is 0 to 1."""

    price_level: Usd
    side: Side
    liquidation_count: int
    total_notional: Usd
    strength: float
    distance_from_price: float
    last_updated: Moment
    first_event_ms: Moment
    lowest_price: Usd
    highest_price: Usd


class Clusters(Covered):
    """Price clusters of recorded liquidations, the strongest first."""

    symbol: str
    at: Moment
    current_price: Usd | None
    price_source: str | None
    lookback_s: int
    clusters: list[Cluster]
    was_recorded: bool


class CoveredInterval(Shape):
    """Time that was recorded; unproven: nothing proved that liquidations are delivered."""

    start: Moment
    end: Moment
    proven: bool


class CoverageAnswer(Covered):
    """When a symbol's liquidations were recorded."""

    symbol: str
    start: Moment
    end: Moment
    intervals: list[CoveredInterval]


class CandleShape(Shape):
    """A closed candle; volumes in USD."""

    timestamp: Moment
    open: float
    high: float
    low: float
    close: float
    volume: float
    taker_buy_volume: float | None


class Candles(Covered):
    """Closed candles that were fetched; nobody is asked for more."""

    symbol: str
    interval: str
    start: Moment
    end: Moment
    candles: list[CandleShape]


class Margin(Shape):
    """Where an isolated position is liquidated; null: at no price above 0."""

    symbol: str
    side: Side
    entry: float
    leverage: float
    quantity: float
    notional: float
    margin: float
    liquidation_price: float | None
    bankruptcy_price: float
    distance_pct: float | None
    maintenance_margin: float
    highest_leverage: float
    brackets_from: str
    is_flat: bool


class BracketShape(Shape):
    """One bracket: up to this notional, USD; null: without an end."""

    cap: float | None
    rate: float
    amount: float
    highest_leverage: float


class Brackets(Shape):
    """The maintenance margins in use."""

    symbol: str
    at: Moment
    valid_from: Moment
    source: str
    is_flat: bool
    brackets: list[BracketShape]
