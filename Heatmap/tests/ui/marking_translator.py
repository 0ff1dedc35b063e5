"""A translator that marks every text which it is asked for."""

from PyQt6.QtCore import QTranslator


class MarkingTranslator(QTranslator):
    """Marks each text that it is asked for, and keeps its placeholders."""

    def translate(
        self,
        _context: str | None,
        source: str | None,
        _disambiguation: str | None = None,
        _n: int = -1,
    ) -> str:
        return f"«{source}»"

    def isEmpty(self) -> bool:  # noqa: N802  # Qt's name
        return False
