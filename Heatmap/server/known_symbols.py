"""Which symbols there is anything of: others are refused before anything is computed for them."""

from Heatmap.domain.candles import Series
from Heatmap.server import texts
from Heatmap.server.kept_reader import KeptReader
from Heatmap.server.problems import ProblemError, bad_request
from Heatmap.server.served_symbols import served_symbols
from Heatmap.server.work import Work
from Heatmap.service.shared_parts import SharedParts

_MOST_NAMED = 20


class KnownSymbols:
    """Belongs on the server's loop.

    Parameters
    ----------
    parts
        Of the service that is served.
    reader
        Reads the store.
    work
        Where it is read.
    """

    def __init__(self, parts: SharedParts, reader: KeptReader, work: Work) -> None:
        self._parts = parts
        self._reader = reader
        self._work = work
        # Those of which something was found in the store.
        self._found: set[str] = set()

    async def require(self, *symbols: str) -> None:
        """Refuse symbols that are not recorded, and of which nothing was recorded or imported.

        Parameters
        ----------
        *symbols
            As instruments are written.

        Raises
        ------
        ProblemError
            There is one.
        StorageError
            The store cannot be read.
        """
        recorded = set(served_symbols(self._parts))
        unsure = [one for one in symbols if one not in recorded and one not in self._found]
        if not unsure:
            return
        unknown = await self._work.quick(lambda: self._missing(unsure))
        self._found.update(set(unsure) - set(unknown))
        if unknown:
            raise self._refusal(unknown)

    def _missing(self, symbols: list[str]) -> list[str]:
        """Return the first of them that nothing is known of; in a worker thread."""
        if not self._parts.store.exists():
            return [one for one in symbols if not self._parts.markets.imported_spans(one)][:1]
        with self._reader.reading() as reader:
            for one in symbols:
                is_stored = reader.recorded_since_ms(one) is not None
                if not (
                    is_stored
                    or reader.fetched_spans(one, Series.CANDLES)
                    or self._parts.markets.imported_spans(one)
                ):
                    return [one]
        return []

    def _refusal(self, unknown: list[str]) -> ProblemError:
        allowed = sorted({*served_symbols(self._parts), *self._found})[:_MOST_NAMED]
        return bad_request("symbol", texts.unknown_symbol(unknown[0], allowed), allowed)
