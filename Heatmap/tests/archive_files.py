"""Files as the exchange's archive has them, small, made by its rules."""

import gzip
import hashlib
import random
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from Heatmap.history.dataset import Dataset, Market
from Heatmap.history.datasets import AGG_TRADES
from Heatmap.history.file_names import CHECKSUM_ENDING, archive_path

DAY = date(2025, 1, 1)
SYMBOL = "BTCUSDT"


def begin_ms(day: date = DAY) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def agg_rows(count: int, day: date = DAY, *, first_id: int = 1, seed: int = 0) -> list[str]:
    """Return rows of aggTrades: ids without a hole, times that rise within the day."""
    rng = random.Random(f"{seed} {day}")
    times = sorted(rng.sample(range(86_400_000), count))
    rows = []
    trade = first_id * 3
    for number, at in enumerate(times):
        size = rng.randint(1, 3)
        price = 95_000 + rng.randint(-2_000, 2_000) / 10
        rows.append(
            f"{first_id + number},{price},{rng.randint(1, 900) / 1000},{trade},{trade + size},"
            f"{begin_ms(day) + at},{rng.choice(('true', 'false'))}"
        )
        trade += size + 1
    return rows


def kline_rows(day: date = DAY, *, minutes: Iterable[int] = range(1440)) -> list[str]:
    begin = begin_ms(day)
    return [
        f"{begin + minute * 60_000},95000.0,95010.5,94990.1,95001.2,12.5,"
        f"{begin + minute * 60_000 + 59_999},1187500.0,321,6.2,589000.0,0"
        for minute in minutes
    ]


def metrics_rows(day: date = DAY, *, labels: Sequence[int] = range(288)) -> list[str]:
    """Return rows of metrics, labelled so many times five minutes after the day's begin."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        f"{begin + timedelta(minutes=5 * label):%Y-%m-%d %H:%M:%S},{SYMBOL},{90_000 + label}.5,"
        f"8550000000.{label},1.5,1.6,1.7,0.9"
        for label in labels
    ]


def header(dataset: Dataset) -> str:
    return ",".join(name for name, _ in dataset.columns)


def place(
    root: Path,
    dataset: Dataset,
    period: date | str,
    *,
    symbol: str = SYMBOL,
    market: Market = Market.USD_M,
) -> Path:
    """Return where the archive's layout has a file."""
    text = str(period)
    monthly = text.count("-") == 1
    path = root / archive_path(dataset, market, symbol, text, is_monthly=monthly)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_zip(
    path: Path, lines: Sequence[str], *, head: str = "", member: str = "", checksum: bool = True
) -> Path:
    """Write a file of the archive; `head` is its header, if it has one."""
    text = "\n".join(([head] if head else []) + list(lines)) + "\n"
    name = member or path.name.removesuffix(".zip") + ".csv"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        # The same content gives the same bytes.
        packed.writestr(zipfile.ZipInfo(name, (2025, 1, 2, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    if checksum:
        write_checksum(path)
    return path


def write_checksum(path: Path, sha256: str = "") -> None:
    got = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + CHECKSUM_ENDING).write_text(f"{got}  {path.name}\n")


def write_csv(path: Path, lines: Sequence[str], *, head: str = "") -> Path:
    """Write plain CSV, or gzip where the name ends so."""
    content = ("\n".join(([head] if head else []) + list(lines)) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def write_agg_days(root: Path, days: int, rows: int, *, first: date = DAY) -> list[Path]:
    """Write days of aggTrades whose ids go on from day to day."""
    paths = []
    for number in range(days):
        day = first + timedelta(days=number)
        lines = agg_rows(rows, day, first_id=1 + number * rows)
        paths.append(write_zip(place(root, AGG_TRADES, day), lines, head=header(AGG_TRADES)))
    return paths
