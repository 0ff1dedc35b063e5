"""Write the table of the settings into the plugin's README, from the settings' own records.

python tools/settings_table.py           write it
python tools/settings_table.py --check   only tell whether it is up to date (exit status 1)
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "Heatmap" / "README.md"
HEAD = "| field | values | default | what it does |\n|---|---|---|---|\n"
sys.path.insert(0, str(ROOT))

from Heatmap.heatmap_settings import SETTINGS, HeatmapSettings  # noqa: E402


def table() -> str:
    """Return the table, one row a setting."""
    defaults = HeatmapSettings().to_texts()
    rows = [
        f"| `{name}` | {record.kind.allowed} | {defaults[name]} | {record.help} |"
        for name, record in SETTINGS.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """Return the README with the table in the place of the one it has."""
    before, found, after = text.partition(HEAD)
    if not found:
        raise SystemExit(f"{README.name} has no table of settings: expected the line {HEAD!r}")
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        rest.pop(0)
    return before + table() + "".join(rest)


def main() -> int:
    """Write the table, or check it."""
    text = README.read_text("utf-8")
    wanted = with_table(text)
    if wanted == text:
        return 0
    if "--check" in sys.argv[1:]:
        print("Heatmap/README.md: the settings have changed; type: python tools/settings_table.py")
        return 1
    README.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
