"""What is said of rows that another program has spoilt. Pure."""

from collections.abc import Mapping


def damage_words(counts: Mapping[str, int]) -> str:
    """Say in a few words how many damaged rows there are; empty without any."""
    if not counts:
        return ""
    is_one = sum(counts.values()) == 1
    parts = ", ".join(f"{count} in {table}" for table, count in counts.items())
    return f"damaged row{'' if is_one else 's'}, left out: {parts}"
