"""Candles, open interest and funding of a store in memory: the writer's part and the reader's."""

from collections.abc import Callable, Iterator
from typing import Any

from Heatmap.domain.candles import Fetched, Series, Span, Value, clipped, joined
from Heatmap.domain.instruments import InstrumentName, instrument_of
from Heatmap.domain.market_note import MarketNote
from Heatmap.tests.engines.memory.contents import Contents


class CandleWriter:
    _contents: Contents

    def candle_generation(self) -> int:
        return 1

    def save_fetched(self, instrument: InstrumentName, fetched: Fetched) -> None:
        key = (instrument_of(instrument), fetched.series)
        with self._contents.lock:
            values = self._contents.values.setdefault(key, {})
            values.update({value.ts_ms: value for value in fetched.values})
            known = self._contents.fetched.get(key, ())
            self._contents.fetched[key] = joined([*known, *fetched.spans])

    def fetched_spans(self, instrument: InstrumentName, series: Series) -> tuple[Span, ...]:
        return self._contents.fetched.get((instrument_of(instrument), series), ())

    def delete_old_candles(self, before_ms: int, limit: int = 500) -> int:
        with self._contents.lock:
            for key, spans in self._contents.fetched.items():
                self._contents.fetched[key] = clipped(spans, before_ms, 2**62)
            for values in self._contents.values.values():
                old = sorted(ts_ms for ts_ms in values if ts_ms < before_ms)[:limit]
                for ts_ms in old:
                    del values[ts_ms]
                if old:
                    return len(old)
        return 0

    def kept_candle_retention_ms(self) -> int | None:
        return self._contents.candle_retention_ms

    def keep_candle_retention(self, retention_ms: int) -> None:
        self._contents.candle_retention_ms = retention_ms

    def kept_market(self) -> MarketNote | None:
        return self._contents.market

    def keep_market(self, note: MarketNote) -> None:
        self._contents.market = note


class CandleReader:
    def _open_contents(self) -> Contents:
        raise NotImplementedError

    def read_candles(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[Any]], Any],
        /,
    ) -> Any:
        values = self._values(instrument, Series.CANDLES, start_ms, end_ms)
        return gather(
            (
                one.open_ms,
                one.open,
                one.high,
                one.low,
                one.close,
                one.quote_volume,
                one.taker_buy_quote,
            )
            for one in values
        )

    def read_series(
        self,
        instrument: InstrumentName,
        series: Series,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[Any]], Any],
        /,
    ) -> Any:
        if series is Series.CANDLES:
            raise ValueError("candles are no single values")
        field = "rate" if series is Series.FUNDING else "usd"
        values = self._values(instrument, series, start_ms, end_ms)
        return gather((one.ts_ms, getattr(one, field)) for one in values)

    def fetched_spans(self, instrument: InstrumentName, series: Series, /) -> tuple[Span, ...]:
        return self._open_contents().fetched.get((instrument_of(instrument), series), ())

    def market(self) -> MarketNote | None:
        return self._open_contents().market

    def read_order_prices(
        self,
        instrument: InstrumentName,
        start_ms: int,
        end_ms: int,
        gather: Callable[[Iterator[Any]], Any],
        /,
    ) -> Any:
        symbol = instrument_of(instrument).symbol
        events = (event for _, event in self._open_contents().rows if event.symbol == symbol)
        return gather(
            (one.price, one.limit_price, one.notional, one.liquidated == "long")
            for one in sorted(events, key=lambda one: one.ts_ms)
            if start_ms <= one.ts_ms < end_ms and one.limit_price
        )

    def _values(
        self, instrument: InstrumentName, series: Series, start_ms: int, end_ms: int
    ) -> list[Any]:
        values: dict[int, Value] = self._open_contents().values.get(
            (instrument_of(instrument), series), {}
        )
        return [values[one] for one in sorted(values) if start_ms <= one < end_ms]
