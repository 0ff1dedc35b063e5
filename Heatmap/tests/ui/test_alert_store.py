"""Alert rules are kept in the host's store, and one that cannot be used leaves the others."""

from dataclasses import replace

from PyQt6.QtCore import QSettings

from Heatmap import parse_rule
from Heatmap.ui import load_alert_rules, save_alert_rules
from Heatmap.ui.settings.settings_store import unused_texts


def test_rules_are_read_as_they_were_written(store: QSettings) -> None:
    assert load_alert_rules(store) == ()
    rules = (
        parse_rule("cascade,id=a,usd=500k,seconds=30,count=5,ways=sound+my way"),
        replace(parse_rule("large,id=b,usd=1M,symbol=bybit:BTCUSDT"), is_enabled=False),
    )
    save_alert_rules(store, rules)
    again = QSettings(store.fileName(), store.format())
    store.sync()
    assert load_alert_rules(again) == rules
    # They are no settings of the heat, and no unknown ones.
    assert unused_texts(again) == ()
    store.setValue("Heatmap/alerts/rules", '[{"rule": "huge"}, {"rule": "stops,seconds=5"}]')
    assert [one.seconds for one in load_alert_rules(store)] == [5]
    # A newer version still has its rule after this one has saved.
    save_alert_rules(store, rules[:1])
    assert load_alert_rules(store) == rules[:1]
    assert '"huge"' in store.value("Heatmap/alerts/rules")
    assert "seconds=5" not in store.value("Heatmap/alerts/rules")
