"""What one layer draws otherwise than its service's settings say: another span, another heat."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from Heatmap.heatmap_settings import HeatmapSettings

LAYER_FIELDS = frozenset({"window", "heat"})
"""Settings that a layer may have of its own; all others are the service's."""


class LayerOverrides:
    """Settings of one layer in the place of the service's; given to `HeatmapService.attach`.

    Belongs to whoever made it, who may change it at any time; on the loop's thread. What the user
    chooses on that layer's chart is written into it too, where it has the field already.

    Parameters
    ----------
    values
        Fields of `HeatmapSettings`, of `LAYER_FIELDS` only.

    Raises
    ------
    ValueError
        A field is none that a layer may have of its own.
    SettingsError
        A value is not allowed.
    """

    def __init__(self, **values: object) -> None:
        self._values: dict[str, object] = {}
        self._listeners: list[Callable[[], object]] = []
        self.change(**values)

    @property
    def values(self) -> Mapping[str, object]:
        """The fields that are the layer's own, with their values."""
        return MappingProxyType(self._values)

    def change(self, **values: object) -> None:
        """Give the layer these fields of its own; ``None``: the service's again.

        Raises
        ------
        ValueError
            A field is none that a layer may have of its own.
        SettingsError
            A value is not allowed.
        """
        if not values.keys() <= LAYER_FIELDS:
            names = ", ".join(sorted(values.keys() - LAYER_FIELDS))
            raise ValueError(f"a layer has {', '.join(sorted(LAYER_FIELDS))} only, got {names}")
        changed = {**self._values, **values}
        kept = {name: value for name, value in changed.items() if value is not None}
        HeatmapSettings().changed(**kept)
        if kept == self._values:
            return
        self._values = kept
        for listener in list(self._listeners):
            listener()

    def applied(self, settings: HeatmapSettings) -> HeatmapSettings:
        """Return the service's `settings` with the layer's own in their place."""
        return settings.changed(**self._values) if self._values else settings

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each change."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` no more; nothing happens when it is not known."""
        if listener in self._listeners:
            self._listeners.remove(listener)
