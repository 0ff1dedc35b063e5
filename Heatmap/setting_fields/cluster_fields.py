"""The settings of clusters: what counts as one, and which are drawn as lines. Pure."""

from dataclasses import dataclass

from Heatmap.setting_fields.kinds import Number, Switch
from Heatmap.setting_fields.records import Effect, Section, setting
from Heatmap.setting_fields.settings_base import SettingsBase

CLUSTER_WINDOW_PCT = 0.02
"""How wide a cluster may be where nothing is set and there is no chart: 2 % of its price."""


@dataclass(frozen=True, slots=True)
class ClusterFields(SettingsBase):
    """What a user can set of clusters and their lines.

    Attributes
    ----------
    cluster_window_pct
        Widest price range of a cluster as a part of its lowest price: 0.02 is 2 %. ``None``: on a
        chart 2 to 3 % of the prices that it shows, elsewhere `CLUSTER_WINDOW_PCT`.
    """

    cluster_lines: bool = setting(
        False,
        Switch(),
        Section.CLUSTERS,
        "Dra&w the strongest clusters as lines",
        "A line where many liquidations came close to each other in price",
        effects=(Effect.LINES,),
        formerly="cluster_levels",
    )
    cluster_line_count: int = setting(
        6,
        Number(1, 30, is_whole=True, suffix=" lines"),
        Section.CLUSTERS,
        "At &most",
        "No more than this many of the strongest clusters get a line",
        effects=(Effect.LINES,),
        formerly="cluster_level_count",
    )
    cluster_window_pct: float | None = setting(
        None,
        Number(
            1e-6,
            1.0,
            or_auto=True,
            by_hand=CLUSTER_WINDOW_PCT,
            suffix=" %",
            step=0.1,
            decimals=4,
            factor=100,
        ),
        Section.CLUSTERS,
        "Wides&t price range",
        (
            "Liquidations further apart than this part of the price belong to different clusters; "
            "auto: 2 to 3 % of the price range that the chart shows (without a chart 2 % of the "
            "price), and 0.12 % of the price for the tags of the strongest levels"
        ),
        effects=(Effect.LINES, Effect.TAGS),
        caption="Further apart, they are two clusters",
    )
    level_tags: int = setting(
        0,
        Number(0, 12, is_whole=True, suffix=" tags"),
        Section.CLUSTERS,
        "Strong&est levels",
        (
            "Recorded heat: this many prices where most was liquidated get a tag at the right "
            "edge; amounts are lower bounds and not faded; 0: none"
        ),
        effects=(Effect.TAGS,),
        caption="At the right edge; 0: none",
        is_of_recorded=True,
    )
    min_cluster_size: int = setting(
        5,
        Number(1, 1_000_000, is_whole=True, suffix=" in a cluster"),
        Section.CLUSTERS,
        "Fewest li&quidations",
        "Fewer liquidations than this make no cluster, and no tag of a level",
        effects=(Effect.TAGS,),
    )
    time_decay_minutes: float = setting(
        60.0,
        Number(0.01, 100_000.0, suffix=" minutes", step=5, decimals=2),
        Section.CLUSTERS,
        "Weight &fades in",
        "After this time a liquidation counts 37 % in its cluster",
        effects=(Effect.LINES,),
        is_rare=True,
    )
    lookback_time_constants: float = setting(
        6.0,
        Number(0.1, 50.0, suffix=" times that", step=0.5, decimals=1),
        Section.CLUSTERS,
        "E&xpires after",
        "Older liquidations are in no cluster: so many times the time of fading",
        effects=(Effect.LINES,),
        is_rare=True,
    )
    cluster_interval_s: float = setting(
        5.0,
        Number(1.0, 60.0, suffix=" seconds", decimals=1),
        Section.CLUSTERS,
        "Loo&k again every",
        "The clusters are looked for anew at most once in this time",
        is_rare=True,
    )

    @property
    def cluster_lookback_ms(self) -> int:
        """Age of the oldest liquidations that are in a cluster, milliseconds."""
        return round(self.lookback_time_constants * self.time_decay_minutes * 60_000)
