<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en_GB">
<context>
    <name>AlertBell</name>
    <message>
        <source>Show or hide alerts</source>
        <translation>Alarme zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Alerts: {count} not seen yet</source>
        <translation>Alarme: {count} noch nicht gesehen</translation>
    </message>
</context><context>
    <name>AlertPanel</name>
    <message>
        <source>Alerts</source>
        <translation>Alarme</translation>
    </message>
    <message>
        <source>Add an alert</source>
        <translation>Alarm hinzufügen</translation>
    </message>
    <message>
        <source>No alerts yet: add one with +</source>
        <translation>Noch keine Alarme: mit + kommt einer hinzu</translation>
    </message>
    <message>
        <source>do not ring for a replay</source>
        <translation>läuten nicht bei einer Wiedergabe</translation>
    </message>
    <message>
        <source>do not ring, not live</source>
        <translation>läuten nicht, nicht live</translation>
    </message>
    <message>
        <source>another program rings</source>
        <translation>ein anderes Programm läutet</translation>
    </message>
    <message>
        <source>Edit alerts…</source>
        <translation>Alarme bearbeiten…</translation>
    </message>
    <message>
        <source>Remove this alert</source>
        <translation>Diesen Alarm entfernen</translation>
    </message>
</context><context>
    <name>Alerts</name>
    <message>
        <source>Recording stops</source>
        <translation>Aufzeichnung steht still</translation>
    </message>
    <message>
        <source>Recording cannot be saved</source>
        <translation>Aufzeichnung wird nicht gesichert</translation>
    </message>
    <message>
        <source>longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>shorts</source>
        <translation>Shorts</translation>
    </message>
    <message>
        <source>{usd} longs</source>
        <translation>{usd} Longs</translation>
    </message>
    <message>
        <source>{usd} shorts</source>
        <translation>{usd} Shorts</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>Not fired yet</source>
        <translation>Noch nie geläutet</translation>
    </message>
    <message>
        <source>{count}×, last {when}</source>
        <translation>{count}×, zuletzt {when}</translation>
    </message>
    <message>
        <source>Last {when}</source>
        <translation>Zuletzt {when}</translation>
    </message>
    <message>
        <source>One alert while this program was not running</source>
        <translation>Ein Alarm, während dieses Programm nicht lief</translation>
    </message>
    <message>
        <source>Notification</source>
        <translation>Benachrichtigung</translation>
    </message>
    <message>
        <source>Sound</source>
        <translation>Ton</translation>
    </message>
    <message>
        <source>Large liquidation</source>
        <translation>Große Liquidation</translation>
    </message>
    <message>
        <source>Cascade</source>
        <translation>Kaskade</translation>
    </message>
    <message>
        <source>Near a level</source>
        <translation>Nahe an einem Level</translation>
    </message>
    <message>
        <source>Recording stopped</source>
        <translation>Aufzeichnung steht still</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Ungesichert</translation>
    </message>
    <message>
        <source>Nothing comes from the exchange.</source>
        <translation>Von der Börse kommt nichts.</translation>
    </message>
    <message>
        <source>One liquidation ≥ {size}</source>
        <translation>Eine Liquidation ≥ {size}</translation>
    </message>
    <message>
        <source>Cascade ≥ {size} in {seconds} s</source>
        <translation>Kaskade ≥ {size} in {seconds} s</translation>
    </message>
    <message>
        <source>Within {distance} % of a level ≥ {size}</source>
        <translation>Bis {distance} % an ein Level ≥ {size}</translation>
    </message>
    <message>
        <source>{count} alerts while this program was not running</source>
        <translation>{count} Alarme, während dieses Programm nicht lief</translation>
    </message>
    <message>
        <source>{count} dropped</source>
        <translation>{count} verworfen</translation>
    </message>
    <message>
        <source>{count} not delivered</source>
        <translation>{count} nicht zugestellt</translation>
    </message>
    <message>
        <source>{count} waiting</source>
        <translation>{count} warten</translation>
    </message>
    <message>
        <source>The newest: {title}, {body}</source>
        <translation>Der neueste: {title}, {body}</translation>
    </message>
    <message>
        <source>Liquidations wait in memory and cannot be written.</source>
        <translation>Liquidationen warten im Speicher und können nicht geschrieben werden.</translation>
    </message>
    <message>
        <source>{number}× a usual minute</source>
        <translation>{number}× eine übliche Minute</translation>
    </message>
    <message>
        <source>a level of {usd}</source>
        <translation>ein Level von {usd}</translation>
    </message>
    <message>
        <source>Missed {when}</source>
        <translation>Verpasst {when}</translation>
    </message>
    <message>
        <source>At least {what}</source>
        <translation>Mindestens {what}</translation>
    </message>
    <message>
        <source>Heatmap: alerts</source>
        <translation>Heatmap: Alarme</translation>
    </message>
    <message>
        <source>the settings cannot be stored</source>
        <translation>die Einstellungen lassen sich nicht speichern</translation>
    </message>
    <message>
        <source>{count} alerts</source>
        <translation>{count} Alarme</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>und {count} weitere</translation>
    </message>
    <message>
        <source>Heatmap: a test</source>
        <translation>Heatmap: ein Test</translation>
    </message>
    <message>
        <source>Alerts arrive here.</source>
        <translation>Alarme kommen hier an.</translation>
    </message>
</context><context>
    <name>AlertsPage</name>
    <message>
        <source>Rules</source>
        <translation>Regeln</translation>
    </message>
    <message>
        <source>No alerts yet. New adds one.</source>
        <translation>Noch keine Alarme. Neu legt einen an.</translation>
    </message>
    <message>
        <source>The rules; Space switches one on or off, Delete removes it</source>
        <translation>Die Regeln; die Leertaste schaltet eine ein oder aus, Entf entfernt sie</translation>
    </message>
    <message>
        <source>This rule</source>
        <translation>Diese Regel</translation>
    </message>
    <message>
        <source>How</source>
        <translation>Wie</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>They do not ring: the market is not live</source>
        <translation>Sie läuten nicht: kein echter Markt</translation>
    </message>
    <message>
        <source>Another program rings</source>
        <translation>Ein anderes Programm läutet</translation>
    </message>
    <message>
        <source>{symbol} is not recorded</source>
        <translation>{symbol} wird nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>“{text}” cannot be used</source>
        <translation>„{text}“ ist nicht möglich</translation>
    </message>
    <message>
        <source>It can never ring: Binance reports at most one liquidation per symbol and second, so {count} cannot come within {seconds} s. Enter {most} or less.</source>
        <translation>Sie kann nie läuten: Binance meldet je Symbol höchstens eine Liquidation pro Sekunde, {count} kommen in {seconds} s also nicht zusammen. Höchstens {most} eingeben.</translation>
    </message>
    <message>
        <source>&amp;New</source>
        <translation>&amp;Neu</translation>
    </message>
    <message>
        <source>Add a rule; it rings at once</source>
        <translation>Eine Regel anlegen; sie läutet sofort</translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation>Duplizieren</translation>
    </message>
    <message>
        <source>Add a copy of the chosen rule</source>
        <translation>Eine Kopie der gewählten Regel anlegen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Remove the chosen rule; Undo brings it back</source>
        <translation>Die gewählte Regel entfernen; Rückgängig holt sie zurück</translation>
    </message>
    <message>
        <source>Why nothing rings</source>
        <translation>Warum nichts läutet</translation>
    </message>
</context><context>
    <name>AsOfDialog</name>
    <message>
        <source>As of a time</source>
        <translation>Stand zu einer Zeit</translation>
    </message>
    <message>
        <source>Show what was known at this time. Recording goes on.</source>
        <translation>Zeigt, was zu dieser Zeit bekannt war. Die Aufzeichnung läuft weiter.</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>{hours} h ago</source>
        <translation>vor {hours} h</translation>
    </message>
    <message>
        <source>Nothing recorded yet</source>
        <translation>Noch nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>Not recorded at this time: the chart is hatched there.</source>
        <translation>Zu dieser Zeit nicht aufgezeichnet: dort ist das Chart schraffiert.</translation>
    </message>
    <message>
        <source>Recorded since {time}</source>
        <translation>Aufgezeichnet seit {time}</translation>
    </message>
</context><context>
    <name>BubbleRows</name>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Fixed</source>
        <translation>Fest</translation>
    </message>
    <message>
        <source>the largest 2 % of each symbol</source>
        <translation>die größten 2 % je Symbol</translation>
    </message>
    <message>
        <source>the largest 2 % of {symbol}: now {amount} USD</source>
        <translation>die größten 2 % von {symbol}: jetzt {amount} USD</translation>
    </message>
</context><context>
    <name>CandleFeed</name>
    <message>
        <source>candles stand still: {reason}; next attempt in {count} s</source>
        <translation>Kerzen stehen still: {reason}; nächster Versuch in {count} s</translation>
    </message>
    <message>
        <source>no candles: {reason}; next attempt in {count} s</source>
        <translation>keine Kerzen: {reason}; nächster Versuch in {count} s</translation>
    </message>
    <message>
        <source>loading candles</source>
        <translation>Kerzen werden geladen</translation>
    </message>
    <message>
        <source>candles of {symbol} {interval}: {state}</source>
        <translation>Kerzen von {symbol} {interval}: {state}</translation>
    </message>
</context><context>
    <name>Chart</name>
    <message>
        <source>better than distance alone</source>
        <translation>besser als der Abstand allein</translation>
    </message>
    <message>
        <source>no better than distance alone</source>
        <translation>nicht besser als der Abstand allein</translation>
    </message>
    <message>
        <source>worse than distance alone</source>
        <translation>schlechter als der Abstand allein</translation>
    </message>
    <message>
        <source>not scored yet</source>
        <translation>noch nicht bewertet</translation>
    </message>
    <message>
        <source>Recorded:</source>
        <translation>Aufgezeichnet:</translation>
    </message>
    <message>
        <source>Hit:</source>
        <translation>Erfolgt:</translation>
    </message>
    <message>
        <source>Recorded since {time}:</source>
        <translation>Aufgezeichnet seit {time}:</translation>
    </message>
    <message>
        <source>Nothing recorded yet</source>
        <translation>Noch nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>not recorded</source>
        <translation>nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>shorts</source>
        <translation>Shorts</translation>
    </message>
    <message>
        <source>Longs liquidated</source>
        <translation>Longs liquidiert</translation>
    </message>
    <message>
        <source>Shorts liquidated</source>
        <translation>Shorts liquidiert</translation>
    </message>
    <message>
        <source>≥ {usd} USD in {count}</source>
        <translation>≥ {usd} USD in {count}</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Liquidated per candle: shorts up, longs down</source>
        <translation>Liquidiert je Kerze: Shorts oben, Longs unten</translation>
    </message>
    <message>
        <source>Longs of the candle</source>
        <translation>Longs der Kerze</translation>
    </message>
    <message>
        <source>Shorts of the candle</source>
        <translation>Shorts der Kerze</translation>
    </message>
    <message>
        <source>≥ {usd} USD</source>
        <translation>≥ {usd} USD</translation>
    </message>
    <message>
        <source>≈ at a level: USD expected of the whole level</source>
        <translation>≈ am Level: erwartete USD des ganzen Levels</translation>
    </message>
    <message>
        <source>Longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>Shorts</source>
        <translation>Shorts</translation>
    </message>
    <message>
        <source>Liquidations</source>
        <translation>Liquidationen</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Erfasst</translation>
    </message>
    <message>
        <source>as of now</source>
        <translation>Stand jetzt</translation>
    </message>
    <message>
        <source>{number} h window</source>
        <translation>Fenster {number} h</translation>
    </message>
    <message>
        <source>{number} d window</source>
        <translation>Fenster {number} T</translation>
    </message>
    <message>
        <source>≥ {amount}</source>
        <translation>≥ {amount}</translation>
    </message>
    <message>
        <source>{symbol} is not recorded. Show predicted levels instead</source>
        <translation>{symbol} wird nicht aufgezeichnet. Vorhergesagte Level zeigen</translation>
    </message>
    <message>
        <source>≈ {amount}</source>
        <translation>≈ {amount}</translation>
    </message>
    <message>
        <source>Largest in sight</source>
        <translation>Größte im Bild</translation>
    </message>
    <message>
        <source>{number} % wide</source>
        <translation>{number} % breit</translation>
    </message>
    <message>
        <source>shorts ≥ {amount} USD, {number}, last {span}</source>
        <translation>Shorts ≥ {amount} USD, {number}, letzte {span}</translation>
    </message>
    <message>
        <source>Largest in {span}</source>
        <translation>Größte in {span}</translation>
    </message>
    <message>
        <source>longs ≥ {amount} USD</source>
        <translation>Longs ≥ {amount} USD</translation>
    </message>
    <message>
        <source>shorts ≥ {amount} USD</source>
        <translation>Shorts ≥ {amount} USD</translation>
    </message>
    <message>
        <source>longs ≥ {amount} USD, {number}, last {span}</source>
        <translation>Longs ≥ {amount} USD, {number}, letzte {span}</translation>
    </message>
    <message>
        <source>shorts {amount}</source>
        <translation>Shorts {amount}</translation>
    </message>
    <message>
        <source>longs {amount}</source>
        <translation>Longs {amount}</translation>
    </message>
    <message>
        <source>{number} h</source>
        <translation>{number} h</translation>
    </message>
    <message>
        <source>{number} d</source>
        <translation>{number} T</translation>
    </message>
    <message>
        <source>≥{amount} {unit}</source>
        <translation>≥{amount} {unit}</translation>
    </message>
    <message numerus="yes">
        <source>{count} liquidations</source>
        <translation>
            <numerusform>{count} Liquidation</numerusform>
            <numerusform>{count} Liquidationen</numerusform>
        </translation>
    </message>
    <message>
        <source>{number} % of this time</source>
        <translation>{number} % dieser Zeit</translation>
    </message>
    <message>
        <source>{number} min</source>
        <translation>{number} min</translation>
    </message>
    <message>
        <source>all of this time</source>
        <translation>die ganze Zeit</translation>
    </message>
    <message>
        <source>nothing of this time</source>
        <translation>nichts von dieser Zeit</translation>
    </message>
    <message>
        <source>Liquidated</source>
        <translation>Liquidiert</translation>
    </message>
    <message>
        <source>per 0.1 %</source>
        <translation>je 0,1 %</translation>
    </message>
    <message>
        <source>Still to be hit: USD expected per 0.1 %</source>
        <translation>Steht noch aus: USD erwartet je 0,1 %</translation>
    </message>
    <message>
        <source>Still to be hit, USD</source>
        <translation>Steht noch aus, USD</translation>
    </message>
    <message>
        <source>/0.1 %</source>
        <translation>/0,1 %</translation>
    </message>
    <message>
        <source>To come: what would be liquidated if the price went there, longs below it, shorts above it. A level ends where the price has passed it. It does not say that the price goes there.</source>
        <translation>Künftig: was liquidiert würde, falls der Kurs dorthin ginge, Longs darunter, Shorts darüber. Ein Level endet, wo der Kurs es durchlaufen hat. Dass der Kurs dorthin geht, ist damit nicht gesagt.</translation>
    </message>
    <message>
        <source>no candles</source>
        <translation>keine Kerzen</translation>
    </message>
    <message>
        <source>Colour: USD expected per 0.1 % of price, if reached</source>
        <translation>Farbe: erwartete USD je 0,1 % Kurs, falls erreicht</translation>
    </message>
    <message>
        <source>better than any fixed leverage table</source>
        <translation>besser als jede feste Hebeltabelle</translation>
    </message>
    <message>
        <source>amounts provisional</source>
        <translation>Beträge vorläufig</translation>
    </message>
    <message>
        <source>If reached, longs</source>
        <translation>Falls erreicht, Longs</translation>
    </message>
    <message>
        <source>If reached, shorts</source>
        <translation>Falls erreicht, Shorts</translation>
    </message>
    <message>
        <source>{span} of candles</source>
        <translation>Kerzen aus {span}</translation>
    </message>
    <message>
        <source>{share} % from {low}–{high} % away</source>
        <translation>{share} % aus {low}–{high} % Abstand</translation>
    </message>
    <message>
        <source>{distance}, {low}–{high}x</source>
        <translation>{distance}, Hebel {low}–{high}x</translation>
    </message>
    <message>
        <source>{first} to {last}</source>
        <translation>{first} bis {last}</translation>
    </message>
    <message>
        <source>The candles of {symbol} have no volume, so no levels</source>
        <translation>Die Kerzen von {symbol} haben kein Volumen, daher keine Level</translation>
    </message>
    <message>
        <source>learned {span}</source>
        <translation>gelernt {span}</translation>
    </message>
    <message numerus="yes">
        <source>{days} from {count} liquidations</source>
        <translation>
            <numerusform>{days} aus {count} Liquidation</numerusform>
            <numerusform>{days} aus {count} Liquidationen</numerusform>
        </translation>
    </message>
    <message>
        <source>{what} of {symbol}</source>
        <translation>{what} von {symbol}</translation>
    </message>
    <message numerus="yes">
        <source>{count} days</source>
        <translation>
            <numerusform>{count} Tag</numerusform>
            <numerusform>{count} Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>≈ {amount} USD, {distance} % away</source>
        <translation>≈ {amount} USD, {distance} % entfernt</translation>
    </message>
    <message>
        <source>Learned again at {time}: the scale changes there</source>
        <translation>Neu gelernt am {time}: dort ändert sich die Skala</translation>
    </message>
    <message>
        <source>Nothing is drawn before {time}: prices too far away</source>
        <translation>Vor {time} ist nichts gezeichnet: Kurse zu weit entfernt</translation>
    </message>
    <message>
        <source>{number} of {days} days of candles</source>
        <translation>Kerzen aus {number} von {days} Tagen</translation>
    </message>
    <message numerus="yes">
        <source>{count} hours</source>
        <translation>
            <numerusform>{count} Stunde</numerusform>
            <numerusform>{count} Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} minutes</source>
        <translation>
            <numerusform>{count} Minute</numerusform>
            <numerusform>{count} Minuten</numerusform>
        </translation>
    </message>
    <message>
        <source>{span} of {days} days of candles</source>
        <translation>Kerzen aus {span} von {days} Tagen</translation>
    </message>
    <message>
        <source>Liquidated here</source>
        <translation>Hier liquidiert</translation>
    </message>
    <message>
        <source>No candles of {symbol} yet, so no levels</source>
        <translation>Noch keine Kerzen von {symbol}, daher keine Level</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Bewertung</translation>
    </message>
    <message>
        <source>Learned</source>
        <translation>Gelernt</translation>
    </message>
    <message>
        <source>Amounts</source>
        <translation>Beträge</translation>
    </message>
    <message>
        <source>Counted</source>
        <translation>Gezählt</translation>
    </message>
    <message>
        <source>Expected if reached</source>
        <translation>Erwartet, falls erreicht</translation>
    </message>
    <message>
        <source>not known, there are no candles</source>
        <translation>unbekannt, es gibt keine Kerzen</translation>
    </message>
    <message>
        <source>From the price to here</source>
        <translation>Vom Kurs bis hier</translation>
    </message>
    <message>
        <source>Opened</source>
        <translation>Eröffnet</translation>
    </message>
    <message>
        <source>provisional, a lower bound</source>
        <translation>vorläufig, Untergrenze</translation>
    </message>
    <message>
        <source>as Binance reports, a lower bound</source>
        <translation>wie Binance meldet, Untergrenze</translation>
    </message>
    <message>
        <source>nothing stands here</source>
        <translation>hier steht nichts</translation>
    </message>
    <message>
        <source>≈ {amount} USD per 0.1 %</source>
        <translation>≈ {amount} USD je 0,1 %</translation>
    </message>
    <message>
        <source>The whole level</source>
        <translation>Das ganze Level</translation>
    </message>
    <message>
        <source>≈ {amount} USD</source>
        <translation>≈ {amount} USD</translation>
    </message>
    <message>
        <source>Liquidated, USD</source>
        <translation>Liquidiert, USD</translation>
    </message>
    <message>
        <source>/row</source>
        <translation>/Zeile</translation>
    </message>
    <message>
        <source>Past: what was liquidated at these prices, not what is to come. At least, since an exchange need not tell of each one. A row is a narrow range of prices; the crosshair says which.</source>
        <translation>Vergangen: was bei diesen Kursen liquidiert wurde, nicht was noch kommt. Mindestens so viel, da eine Börse nicht jede meldet. Eine Zeile ist ein schmaler Kursbereich; welcher, sagt das Fadenkreuz.</translation>
    </message>
    <message>
        <source>Nothing recorded here yet; past liquidations cannot be fetched. Show predicted levels</source>
        <translation>Hier noch nichts aufgezeichnet; vergangene Liquidationen sind nicht abrufbar. Vorhergesagte Level zeigen</translation>
    </message>
    <message>
        <source>Heat</source>
        <translation>Farbwert</translation>
    </message>
    <message>
        <source>Heat of longs</source>
        <translation>Farbwert der Longs</translation>
    </message>
    <message>
        <source>Heat of shorts</source>
        <translation>Farbwert der Shorts</translation>
    </message>
    <message>
        <source>Liquidated on {venue}, USD a row</source>
        <translation>Auf {venue} liquidiert, USD je Zeile</translation>
    </message>
    <message>
        <source>{venue} liquidations</source>
        <translation>{venue}-Liquidationen</translation>
    </message>
    <message>
        <source>{source}, lower bound, recorded since</source>
        <translation>{source}, Untergrenze, aufgezeichnet seit</translation>
    </message>
    <message>
        <source>These prices in {span}</source>
        <translation>Diese Kurse in {span}</translation>
    </message>
    <message>
        <source>{amount}, spread from {before} USD</source>
        <translation>{amount}, verteilt aus {before} USD</translation>
    </message>
    <message>
        <source>{sides} from {amount} USD</source>
        <translation>{sides} ab {amount} USD</translation>
    </message>
    <message numerus="yes">
        <source>{amount} in {count}</source>
        <translation>
            <numerusform>{amount} in {count}</numerusform>
            <numerusform>{amount} in {count}</numerusform>
        </translation>
    </message>
    <message>
        <source>≥ {amount} USD</source>
        <translation>≥ {amount} USD</translation>
    </message>
    <message>
        <source>{span} before</source>
        <translation>{span} davor</translation>
    </message>
    <message>
        <source>{source}: none recorded yet</source>
        <translation>{source}: noch keine aufgezeichnet</translation>
    </message>
    <message>
        <source>Simulated liquidations, USD a row</source>
        <translation>Simulierte Liquidationen, USD je Zeile</translation>
    </message>
    <message>
        <source>Replayed liquidations, USD a row</source>
        <translation>Liquidationen der Wiedergabe, USD je Zeile</translation>
    </message>
    <message>
        <source>Simulated liquidations</source>
        <translation>Simulierte Liquidationen</translation>
    </message>
    <message>
        <source>Replayed {venue} liquidations</source>
        <translation>{venue}-Liquidationen, Wiedergabe</translation>
    </message>
    <message>
        <source>These prices in sight</source>
        <translation>Diese Kurse im Bild</translation>
    </message>
    <message>
        <source>0 USD</source>
        <translation>0 USD</translation>
    </message>
    <message>
        <source>{amount} USD</source>
        <translation>{amount} USD</translation>
    </message>
    <message>
        <source>{amount}, glow from neighbouring prices</source>
        <translation>{amount}, Schein von Nachbarkursen</translation>
    </message>
    <message>
        <source>{amount}, faded from {before} USD</source>
        <translation>{amount}, verblasst aus {before} USD</translation>
    </message>
    <message>
        <source>none seen, unproven</source>
        <translation>keine gesehen, unbelegt</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>none in what was recorded</source>
        <translation>keine im erfassten Teil</translation>
    </message>
    <message>
        <source>only longs</source>
        <translation>nur Longs</translation>
    </message>
    <message>
        <source>only shorts</source>
        <translation>nur Shorts</translation>
    </message>
    <message>
        <source>only longs and shorts</source>
        <translation>nur Longs und Shorts</translation>
    </message>
    <message>
        <source>less than a minute before</source>
        <translation>weniger als eine Minute davor</translation>
    </message>
    <message>
        <source>{number} % unproven</source>
        <translation>{number} % unbelegt</translation>
    </message>
    <message>
        <source>{number} % not</source>
        <translation>{number} % nicht</translation>
    </message>
    <message>
        <source>Level around it so far</source>
        <translation>Level ringsum bisher</translation>
    </message>
    <message>
        <source>none known</source>
        <translation>keine bekannt</translation>
    </message>
    <message>
        <source>  longs</source>
        <translation>  Longs</translation>
    </message>
    <message>
        <source>  shorts</source>
        <translation>  Shorts</translation>
    </message>
    <message>
        <source>Last of them</source>
        <translation>Zuletzt</translation>
    </message>
    <message>
        <source>d MMM</source>
        <translation>d. MMM</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>O</source>
        <translation>E</translation>
    </message>
    <message>
        <source>H</source>
        <translation>H</translation>
    </message>
    <message>
        <source>L</source>
        <translation>T</translation>
    </message>
    <message>
        <source>C</source>
        <translation>S</translation>
    </message>
    <message>
        <source>{symbol}: the exchange has no older candles</source>
        <translation>{symbol}: die Börse hat keine älteren Kerzen</translation>
    </message>
    <message>
        <source>No more than {count} candles are loaded; a longer interval goes back further</source>
        <translation>Mehr als {count} Kerzen werden nicht geladen; ein längeres Intervall reicht weiter zurück</translation>
    </message>
    <message>
        <source>SIMULATED</source>
        <translation>SIMULIERT</translation>
    </message>
    <message>
        <source>REPLAY</source>
        <translation>WIEDERGABE</translation>
    </message>
</context><context>
    <name>ChartWindow</name>
    <message>
        <source>Starting…</source>
        <translation>Startet…</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>Menü</translation>
    </message>
    <message>
        <source>Find a symbol</source>
        <translation>Symbol suchen</translation>
    </message>
</context><context>
    <name>ClipRows</name>
    <message>
        <source>The brightest colour follows the data: this share of the cells lies below it</source>
        <translation>Die hellste Farbe folgt den Daten: dieser Anteil der Zellen liegt darunter</translation>
    </message>
    <message>
        <source>The brightest colour always means the same amount, so pictures compare</source>
        <translation>Die hellste Farbe steht immer für denselben Betrag: Bilder bleiben vergleichbar</translation>
    </message>
    <message>
        <source>Where the scale of the present picture ends</source>
        <translation>Wo die Skala des jetzigen Bildes endet</translation>
    </message>
    <message>
        <source>colours never move</source>
        <translation>Farben fest</translation>
    </message>
    <message>
        <source>Full colour from</source>
        <translation>Volle Farbe ab</translation>
    </message>
    <message>
        <source>What is this much or more gets the brightest colour</source>
        <translation>Ab diesem Betrag gilt die hellste Farbe</translation>
    </message>
    <message>
        <source>no picture now</source>
        <translation>zurzeit kein Bild</translation>
    </message>
    <message>
        <source>now {amount}</source>
        <translation>jetzt {amount}</translation>
    </message>
</context><context>
    <name>ConnectionDialog</name>
    <message>
        <source>Connection to the exchange</source>
        <translation>Verbindung zur Börse</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Checking, this may take half a minute…</source>
        <translation>Wird geprüft, das kann eine halbe Minute dauern…</translation>
    </message>
    <message>
        <source>It does not work: see what to do below.</source>
        <translation>Sie funktioniert nicht: Was zu tun ist, steht unten.</translation>
    </message>
    <message>
        <source>It works, but not all is as it should be.</source>
        <translation>Sie funktioniert, aber nicht alles ist, wie es sein soll.</translation>
    </message>
    <message>
        <source>It works.</source>
        <translation>Sie funktioniert.</translation>
    </message>
    <message>
        <source>check again later; a calm market can be silent for minutes</source>
        <translation>später noch einmal prüfen; ein ruhiger Markt kann minutenlang still sein</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>OK</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>Fails</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>Ausgelassen</translation>
    </message>
</context><context>
    <name>DatabaseRow</name>
    <message>
        <source>Where the recorded events are, and what room they take</source>
        <translation>Wo die Aufzeichnung liegt und wie viel Platz sie braucht</translation>
    </message>
    <message>
        <source>Database</source>
        <translation>Datenbank</translation>
    </message>
</context><context>
    <name>Deeds</name>
    <message>
        <source>{source}, {symbol}, {time}. Recorded amounts are lower bounds. Heatmap {version}</source>
        <translation>{source}, {symbol}, {time}. Aufgezeichnete Beträge sind Mindestwerte. Heatmap {version}</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>Bild speichern</translation>
    </message>
    <message>
        <source>Pictures (*.png)</source>
        <translation>Bilder (*.png)</translation>
    </message>
    <message>
        <source>The picture is in the clipboard</source>
        <translation>Das Bild ist in der Zwischenablage</translation>
    </message>
    <message>
        <source>Resume the run</source>
        <translation>Lauf fortsetzen</translation>
    </message>
    <message>
        <source>Pause the run</source>
        <translation>Lauf anhalten</translation>
    </message>
    <message>
        <source>Heatmap {version}</source>
        <translation>Heatmap {version}</translation>
    </message>
    <message>
        <source>Record {symbol} too</source>
        <translation>{symbol} auch aufzeichnen</translation>
    </message>
    <message>
        <source>Saved: {path}</source>
        <translation>Gespeichert: {path}</translation>
    </message>
    <message>
        <source>No program shows folders here: {path}</source>
        <translation>Kein Programm zeigt hier Ordner: {path}</translation>
    </message>
</context><context>
    <name>Docks</name>
    <message>
        <source>Close; F9 opens all panels</source>
        <translation>Schließen; F9 öffnet alle Leisten</translation>
    </message>
    <message>
        <source>Panels</source>
        <translation>Leisten</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alarme</translation>
    </message>
    <message>
        <source>Totals</source>
        <translation>Summen</translation>
    </message>
    <message>
        <source>Tape</source>
        <translation>Ticker</translation>
    </message>
    <message>
        <source>Show or hide the panels</source>
        <translation>Leisten zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Close {panel}</source>
        <translation>{panel} schließen</translation>
    </message>
</context><context>
    <name>Doctor</name>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Way to the server</source>
        <translation>Weg zum Server</translation>
    </message>
    <message>
        <source>Encryption</source>
        <translation>Verschlüsselung</translation>
    </message>
    <message>
        <source>Handshake</source>
        <translation>Verbindungsaufbau</translation>
    </message>
    <message>
        <source>Subscription</source>
        <translation>Abonnement</translation>
    </message>
    <message>
        <source>Mark price</source>
        <translation>Mark-Preis</translation>
    </message>
    <message>
        <source>Liquidations</source>
        <translation>Liquidationen</translation>
    </message>
    <message>
        <source>Requests (REST)</source>
        <translation>Anfragen (REST)</translation>
    </message>
    <message>
        <source>Tick size</source>
        <translation>Tickgröße</translation>
    </message>
    <message>
        <source>{s} s behind</source>
        <translation>{s} s hinter</translation>
    </message>
    <message>
        <source>{s} s ahead of</source>
        <translation>{s} s vor</translation>
    </message>
    <message>
        <source>acknowledges</source>
        <translation>bestätigt zwar</translation>
    </message>
    <message>
        <source>accepts connections</source>
        <translation>nimmt zwar Verbindungen an</translation>
    </message>
    <message>
        <source> (the proxy {proxy} ({setting}){looks_up})</source>
        <translation> (der Proxy {proxy} ({setting}){looks_up})</translation>
    </message>
    <message>
        <source>, which looks up the exchange</source>
        <translation>, der die Börse nachschlägt</translation>
    </message>
    <message>
        <source> through the proxy {proxy} ({setting})</source>
        <translation> über den Proxy {proxy} ({setting})</translation>
    </message>
    <message>
        <source>; data comes all the same</source>
        <translation>; Daten kommen trotzdem</translation>
    </message>
    <message>
        <source> and {more} more</source>
        <translation> und {more} weitere</translation>
    </message>
    <message>
        <source>skipped, because {barrier} failed</source>
        <translation>ausgelassen, weil dies fehlschlug: {barrier}</translation>
    </message>
    <message>
        <source>{failure}</source>
        <translation>{failure}</translation>
    </message>
    <message>
        <source>{reason}</source>
        <translation>{reason}</translation>
    </message>
    <message>
        <source>{host} cannot be resolved: {reason}</source>
        <translation>{host} kann nicht aufgelöst werden: {reason}</translation>
    </message>
    <message>
        <source>{host} cannot be resolved: no answer in {waited_s} s</source>
        <translation>{host} kann nicht aufgelöst werden: keine Antwort in {waited_s} s</translation>
    </message>
    <message>
        <source>{host}{by_proxy} is an address, there is no name to look up</source>
        <translation>{host}{by_proxy} ist eine Adresse, es ist kein Name nachzuschlagen</translation>
    </message>
    <message>
        <source>{host}{by_proxy} is {addresses}</source>
        <translation>{host}{by_proxy} ist {addresses}</translation>
    </message>
    <message>
        <source>port {port} cannot be reached: {failed}</source>
        <translation>Port {port} ist nicht erreichbar: {failed}</translation>
    </message>
    <message>
        <source>{address} port {port} accepted in {took_ms} ms; these failed first: {failed}</source>
        <translation>{address} Port {port} hat in {took_ms} ms angenommen; zuvor schlugen fehl: {failed}</translation>
    </message>
    <message>
        <source>{address} port {port} accepted in {took_ms} ms</source>
        <translation>{address} Port {port} hat in {took_ms} ms angenommen</translation>
    </message>
    <message>
        <source>ws:// is not encrypted, there is nothing to check</source>
        <translation>ws:// ist nicht verschlüsselt, es ist nichts zu prüfen</translation>
    </message>
    <message>
        <source>goes through the proxy, see the handshake</source>
        <translation>geht über den Proxy, siehe Verbindungsaufbau</translation>
    </message>
    <message>
        <source>no answer to the TLS handshake in {waited_s} s</source>
        <translation>keine Antwort auf den TLS-Handshake in {waited_s} s</translation>
    </message>
    <message>
        <source>the certificate is not valid: {reason}</source>
        <translation>das Zertifikat ist ungültig: {reason}</translation>
    </message>
    <message>
        <source>no secure connection: {reason}</source>
        <translation>keine sichere Verbindung: {reason}</translation>
    </message>
    <message>
        <source>{version}, certificate for {names}, valid until {expiry}, in {left_days} days</source>
        <translation>{version}, Zertifikat für {names}, gültig bis {expiry}, noch {left_days} Tage</translation>
    </message>
    <message>
        <source>{version}, certificate for {names}, valid until {expiry}</source>
        <translation>{version}, Zertifikat für {names}, gültig bis {expiry}</translation>
    </message>
    <message>
        <source>{meaning}</source>
        <translation>{meaning}</translation>
    </message>
    <message>
        <source>{meaning} (Retry-After: {retry_after})</source>
        <translation>{meaning} (Retry-After: {retry_after})</translation>
    </message>
    <message>
        <source>{meaning}; wait {hold_s} s (Retry-After: {retry_after})</source>
        <translation>{meaning}; {hold_s} s warten (Retry-After: {retry_after})</translation>
    </message>
    <message>
        <source>{meaning}; the exchange does not say how long, the recorder waits {hold_s} s</source>
        <translation>{meaning}; die Börse sagt nicht, wie lange, der Rekorder wartet {hold_s} s</translation>
    </message>
    <message>
        <source>accepted at {path} in {took_ms} ms{tunnel}</source>
        <translation>bei {path} in {took_ms} ms angenommen{tunnel}</translation>
    </message>
    <message>
        <source>accepted at {path} in {took_ms} ms{tunnel}, but --ws-url is the base to which /market/stream is appended</source>
        <translation>bei {path} in {took_ms} ms angenommen{tunnel}, aber --ws-url ist die Basis, an die /market/stream angehängt wird</translation>
    </message>
    <message>
        <source>the subscription was refused: {refusal}</source>
        <translation>das Abonnement wurde abgelehnt: {refusal}</translation>
    </message>
    <message>
        <source>SUBSCRIBE was not answered in {waited_s} s</source>
        <translation>SUBSCRIBE wurde in {waited_s} s nicht beantwortet</translation>
    </message>
    <message>
        <source>SUBSCRIBE answered in {took_ms} ms (this proves nothing yet; data do)</source>
        <translation>SUBSCRIBE in {took_ms} ms beantwortet (das beweist noch nichts, erst Daten tun das)</translation>
    </message>
    <message>
        <source>mark price of {symbol} {price} USD, {delay_ms} ms old by this clock</source>
        <translation>Mark-Preis von {symbol} {price} USD, nach dieser Uhr {delay_ms} ms alt</translation>
    </message>
    <message>
        <source>mark price of {symbol} {price} USD, stamped {stamped} this clock</source>
        <translation>Mark-Preis von {symbol} {price} USD, sein Stempel liegt {stamped} dieser Uhr</translation>
    </message>
    <message>
        <source>data came, but no mark price of {symbol} in {waited_s} s</source>
        <translation>Daten kamen, aber kein Mark-Preis von {symbol} in {waited_s} s</translation>
    </message>
    <message>
        <source>accepted, then ended before anything came: {ended}</source>
        <translation>angenommen, dann beendet, bevor etwas kam: {ended}</translation>
    </message>
    <message>
        <source>the endpoint {accepts} but delivers nothing: no mark price in {waited_s} s{only}{old_path}</source>
        <translation>die Gegenstelle {accepts}, liefert aber nichts: kein Mark-Preis in {waited_s} s{only}{old_path}</translation>
    </message>
    <message>
        <source>{side} {symbol} (a {liquidated} was liquidated), {after_s:.1f} s after the handshake</source>
        <translation>{side} {symbol} ({liquidated} liquidiert), {after_s:.1f} s nach dem Verbindungsaufbau</translation>
    </message>
    <message>
        <source>{unread} liquidations came in {waited_s} s that this version cannot read (the latest: {latest_other})</source>
        <translation>{unread} Liquidationen kamen in {waited_s} s, die diese Version nicht lesen kann (die letzte: {latest_other})</translation>
    </message>
    <message>
        <source>no liquidation of USD-M futures in {waited_s} s, but {other_orders} of COIN-M, which are not recorded</source>
        <translation>keine Liquidation von USD-M-Futures in {waited_s} s, aber {other_orders} von COIN-M, die nicht aufgezeichnet werden</translation>
    </message>
    <message>
        <source>none: the path {old} accepts subscriptions but never sends liquidations</source>
        <translation>keine: Der Pfad {old} nimmt Abonnements an, sendet aber nie Liquidationen</translation>
    </message>
    <message>
        <source>none came before the connection ended</source>
        <translation>keine kam, bevor die Verbindung endete</translation>
    </message>
    <message>
        <source>skipped, because nothing comes over this connection</source>
        <translation>ausgelassen, weil über diese Verbindung nichts kommt</translation>
    </message>
    <message>
        <source>none in {waited_s} s of all symbols: a quiet market, or nothing gets through</source>
        <translation>keine in {waited_s} s von allen Symbolen: ein ruhiger Markt, oder es kommt nichts durch</translation>
    </message>
    <message>
        <source>exchangeInfo: no answer within {waited_s} s</source>
        <translation>exchangeInfo: keine Antwort in {waited_s} s</translation>
    </message>
    <message>
        <source>exchangeInfo{through} in {took_ms} ms; the clocks were not compared: {why_no_time}</source>
        <translation>exchangeInfo{through} in {took_ms} ms; die Uhren wurden nicht verglichen: {why_no_time}</translation>
    </message>
    <message>
        <source>exchangeInfo{through} in {took_ms} ms, this clock is {skew} the exchange's</source>
        <translation>exchangeInfo{through} in {took_ms} ms, diese Uhr liegt {skew} jener der Börse</translation>
    </message>
    <message>
        <source>{symbol} moves in steps of {tick_size} USD</source>
        <translation>{symbol} bewegt sich in Schritten von {tick_size} USD</translation>
    </message>
    <message>
        <source>the exchange does not list {symbol}</source>
        <translation>die Börse führt {symbol} nicht</translation>
    </message>
    <message>
        <source>the recorder uses it too: correct or unset it</source>
        <translation>der Rekorder nutzt ihn auch: berichtigen oder entfernen</translation>
    </message>
    <message>
        <source>check --ws-url</source>
        <translation>--ws-url prüfen</translation>
    </message>
    <message>
        <source>check the spelling, the network connection and the name server</source>
        <translation>Schreibweise, Netzverbindung und Namensserver prüfen</translation>
    </message>
    <message>
        <source>check the port, the firewall and whether a proxy is needed (HTTPS_PROXY)</source>
        <translation>Port und Firewall prüfen, und ob ein Proxy nötig ist (HTTPS_PROXY)</translation>
    </message>
    <message>
        <source>each connection tries these first; if only IPv6 fails, repair it or switch it off</source>
        <translation>jede Verbindung versucht diese zuerst; schlägt nur IPv6 fehl, dieses in Ordnung bringen oder abschalten</translation>
    </message>
    <message>
        <source>check this computer's clock; where a company's proxy or a virus scanner opens secure connections, make its certificate known (SSL_CERT_FILE)</source>
        <translation>die Uhr dieses Computers prüfen; wo ein Firmenproxy oder Virenscanner sichere Verbindungen öffnet, dessen Zertifikat bekannt machen (SSL_CERT_FILE)</translation>
    </message>
    <message>
        <source>check that the port speaks TLS (wss://, https://)</source>
        <translation>prüfen, ob der Port TLS spricht (wss://, https://)</translation>
    </message>
    <message>
        <source>the server's owner has to renew it; where that is unlikely, check this computer's clock</source>
        <translation>der Betreiber des Servers muss es erneuern; wo das unwahrscheinlich ist, die Uhr dieses Computers prüfen</translation>
    </message>
    <message>
        <source>try another network or exit address; some hosting providers are blocked</source>
        <translation>ein anderes Netz oder eine andere Ausgangsadresse versuchen; manche Hoster sind gesperrt</translation>
    </message>
    <message>
        <source>wait until then; then find what else on your network sends so many requests</source>
        <translation>bis dahin warten; dann herausfinden, was sonst im Netz so viele Anfragen sendet</translation>
    </message>
    <message>
        <source>wait until then, since each attempt makes the ban longer; then find what sends so many requests</source>
        <translation>bis dahin warten, denn jeder Versuch verlängert die Sperre; dann herausfinden, was so viele Anfragen sendet</translation>
    </message>
    <message>
        <source>Binance does not serve your region: use another exchange or network</source>
        <translation>Binance bedient diese Region nicht: eine andere Börse oder ein anderes Netz nutzen</translation>
    </message>
    <message>
        <source>wait some minutes; the recorder keeps trying by itself</source>
        <translation>einige Minuten warten; der Rekorder versucht es von selbst weiter</translation>
    </message>
    <message>
        <source>check the address and whether a proxy or firewall is in between{prefix_hint}</source>
        <translation>Adresse prüfen, und ob ein Proxy oder eine Firewall dazwischen ist{prefix_hint}</translation>
    </message>
    <message>
        <source>use --ws-url {base}</source>
        <translation>--ws-url {base} angeben</translation>
    </message>
    <message>
        <source>the recorder needs no answer, since the address names what it wants: see the heartbeat</source>
        <translation>der Rekorder braucht keine Antwort, denn die Adresse nennt, was er will: siehe Mark-Preis</translation>
    </message>
    <message>
        <source>check --symbol</source>
        <translation>--symbol prüfen</translation>
    </message>
    <message>
        <source>check --symbol: the exchange also accepts names that do not exist</source>
        <translation>--symbol prüfen: Die Börse nimmt auch Namen an, die es nicht gibt</translation>
    </message>
    <message>
        <source>since April 2026 only /market sends liquidations: use --ws-url {base}, to which /market/stream is appended</source>
        <translation>seit April 2026 sendet nur /market Liquidationen: --ws-url {base} angeben, /market/stream wird angehängt</translation>
    </message>
    <message>
        <source>/market/stream is the path that should deliver: check --symbol, a proxy in between, and whether the exchange has announced another path{prefix_hint}</source>
        <translation>/market/stream ist der Pfad, der liefern sollte: --symbol prüfen, einen Proxy dazwischen, und ob die Börse einen anderen Pfad angekündigt hat{prefix_hint}</translation>
    </message>
    <message>
        <source>set this computer's clock by a time server; recording itself uses the exchange's</source>
        <translation>die Uhr dieses Computers nach einem Zeitserver stellen; die Aufzeichnung selbst nutzt die der Börse</translation>
    </message>
    <message>
        <source>set this computer's clock by a time server; recording itself uses the exchange's; or the network holds data back</source>
        <translation>die Uhr dieses Computers nach einem Zeitserver stellen; die Aufzeichnung selbst nutzt die der Börse; oder das Netz hält Daten zurück</translation>
    </message>
    <message>
        <source>they are not stored: look for a newer version</source>
        <translation>sie werden nicht gespeichert: nach einer neueren Version suchen</translation>
    </message>
    <message>
        <source>try again with --seconds 300; a calm market can be silent for minutes</source>
        <translation>später noch einmal versuchen; ein ruhiger Markt kann minutenlang still sein</translation>
    </message>
    <message>
        <source>check --rest-url, the network and whether a proxy is needed; recording goes on without REST</source>
        <translation>--rest-url und Netz prüfen, und ob ein Proxy nötig ist; ohne REST geht die Aufzeichnung weiter</translation>
    </message>
    <message>
        <source>check --symbol: spelled like BTCUSDT, and a USD-M future</source>
        <translation>--symbol prüfen: geschrieben wie BTCUSDT, und ein USD-M-Future</translation>
    </message>
</context><context>
    <name>Failure</name>
    <message>
        <source>HTTP {status}: too many requests from this address; waiting {hold_s:.0f} s</source>
        <translation>HTTP {status}: zu viele Anfragen von dieser Adresse; wartet {hold_s:.0f} s</translation>
    </message>
    <message>
        <source>HTTP {status}: this address is banned for too many requests; waiting {hold_s:.0f} s</source>
        <translation>HTTP {status}: diese Adresse ist wegen zu vieler Anfragen gesperrt; wartet {hold_s:.0f} s</translation>
    </message>
    <message>
        <source>HTTP {status}: the exchange's firewall refuses this address; waiting {hold_s:.0f} s</source>
        <translation>HTTP {status}: die Firewall der Börse weist diese Adresse ab; wartet {hold_s:.0f} s</translation>
    </message>
    <message>
        <source>HTTP {status}: the exchange does not serve this region; waiting {hold_s:.0f} s</source>
        <translation>HTTP {status}: die Börse bedient diese Region nicht; wartet {hold_s:.0f} s</translation>
    </message>
    <message>
        <source>HTTP {status}: the exchange has a fault on its side</source>
        <translation>HTTP {status}: die Börse hat eine Störung</translation>
    </message>
    <message>
        <source>HTTP {status}: not the answer of this exchange; is the address right?</source>
        <translation>HTTP {status}: keine Antwort dieser Börse; stimmt die Adresse?</translation>
    </message>
    <message>
        <source>the exchange's name cannot be resolved: {reason}</source>
        <translation>der Name der Börse lässt sich nicht auflösen: {reason}</translation>
    </message>
    <message>
        <source>no answer in time</source>
        <translation>keine rechtzeitige Antwort</translation>
    </message>
    <message>
        <source>no answer within {limit_s:g} s</source>
        <translation>keine Antwort binnen {limit_s:g} s</translation>
    </message>
    <message>
        <source>not tried: no time was left</source>
        <translation>nicht versucht: keine Zeit mehr</translation>
    </message>
    <message>
        <source>no secure connection: {reason}</source>
        <translation>keine sichere Verbindung: {reason}</translation>
    </message>
    <message>
        <source>no connection: {reason}</source>
        <translation>keine Verbindung: {reason}</translation>
    </message>
    <message>
        <source>the proxy refused: HTTP {status}</source>
        <translation>der Proxy lehnt ab: HTTP {status}</translation>
    </message>
    <message>
        <source>the proxy that is set cannot be used: its scheme is none of {schemes}; set {setting} to an address such as http://host:port or socks5h://host:port</source>
        <translation>der eingestellte Proxy ist nicht nutzbar: sein Schema ist keines von {schemes}; {setting} braucht eine Adresse wie http://host:port oder socks5h://host:port</translation>
    </message>
    <message>
        <source>the proxy that is set cannot be used: it is not readable as host and port; set {setting} to an address such as http://host:port or socks5h://host:port</source>
        <translation>der eingestellte Proxy ist nicht nutzbar: Host und Port sind nicht lesbar; {setting} braucht eine Adresse wie http://host:port oder socks5h://host:port</translation>
    </message>
    <message>
        <source>the proxy that is set cannot be used: it names no host; set {setting} to an address such as http://host:port or socks5h://host:port</source>
        <translation>der eingestellte Proxy ist nicht nutzbar: er nennt keinen Host; {setting} braucht eine Adresse wie http://host:port oder socks5h://host:port</translation>
    </message>
    <message>
        <source>the proxy that is set cannot be used: more follows its port (is there a special character unescaped?); set {setting} to an address such as http://host:port or socks5h://host:port</source>
        <translation>der eingestellte Proxy ist nicht nutzbar: nach dem Port folgt noch etwas (ein Sonderzeichen nicht maskiert?); {setting} braucht eine Adresse wie http://host:port oder socks5h://host:port</translation>
    </message>
    <message>
        <source>the proxy {proxy} ({setting}) speaks SOCKS, for which a package is not installed: pip install {package}</source>
        <translation>der Proxy {proxy} ({setting}) spricht SOCKS, wofür ein Paket fehlt: pip install {package}</translation>
    </message>
    <message>
        <source>the exchange closed the connection: {code} {reason}</source>
        <translation>die Börse hat die Verbindung geschlossen: {code} {reason}</translation>
    </message>
    <message>
        <source>the connection broke off</source>
        <translation>die Verbindung ist abgerissen</translation>
    </message>
    <message>
        <source>the connection was closed</source>
        <translation>die Verbindung wurde geschlossen</translation>
    </message>
    <message>
        <source>the endpoint accepted the connection and delivered no mark price in {silence_s:g} s</source>
        <translation>die Gegenstelle hat die Verbindung angenommen, aber in {silence_s:g} s keinen Mark-Preis geliefert</translation>
    </message>
    <message>
        <source>the connection went silent: no mark price for {silence_s:g} s</source>
        <translation>die Verbindung ist verstummt: seit {silence_s:g} s kein Mark-Preis</translation>
    </message>
    <message>
        <source>the recorder restarted its connection</source>
        <translation>die Aufzeichnung hat ihre Verbindung neu aufgebaut</translation>
    </message>
    <message>
        <source>SUBSCRIBE was not answered: {cause}</source>
        <translation>SUBSCRIBE blieb unbeantwortet: {cause}</translation>
    </message>
    <message>
        <source>the answer is too long to be the exchange's: more than {limit_mib:.3g} MiB</source>
        <translation>die Antwort ist zu lang für die Börse: mehr als {limit_mib:.3g} MiB</translation>
    </message>
    <message>
        <source>{reason}</source>
        <translation>{reason}</translation>
    </message>
    <message>
        <source>the exchange refuses: {reason} ({code})</source>
        <translation>die Börse lehnt ab: {reason} ({code})</translation>
    </message>
    <message>
        <source>{request} is not what the exchange documents (symbols with a PRICE_FILTER): {reason}</source>
        <translation>{request} entspricht nicht der Dokumentation der Börse (Symbole mit PRICE_FILTER): {reason}</translation>
    </message>
    <message>
        <source>{request}: {cause}</source>
        <translation>{request}: {cause}</translation>
    </message>
    <message>
        <source>exchangeInfo: the tick size of {symbol} is odd: {reason}; the last known one stays</source>
        <translation>exchangeInfo: die Tickgröße von {symbol} ist unplausibel: {reason}; die letzte bekannte bleibt</translation>
    </message>
    <message>
        <source>exchangeInfo: {count} tick sizes are odd, the first of {symbol}: {reason}; the last known ones stay</source>
        <translation>exchangeInfo: {count} Tickgrößen sind unplausibel, die erste von {symbol}: {reason}; die letzten bekannten bleiben</translation>
    </message>
    <message>
        <source>exchangeInfo does not list {symbols}</source>
        <translation>exchangeInfo führt {symbols} nicht</translation>
    </message>
    <message>
        <source>the exchange has no candles of {symbol} {interval}</source>
        <translation>die Börse hat keine Kerzen von {symbol} {interval}</translation>
    </message>
    <message>
        <source>the candle stream was silent for {silence_s:g} s of trading</source>
        <translation>der Kerzenstrom war {silence_s:g} s Handelszeit lang still</translation>
    </message>
    <message>
        <source>the stream ended</source>
        <translation>der Strom endete</translation>
    </message>
    <message>
        <source>{request}: HTTP {status} {reason}</source>
        <translation>{request}: HTTP {status} {reason}</translation>
    </message>
    <message>
        <source>{request}: the answer cannot be used: {reason}</source>
        <translation>{request}: die Antwort ist nicht nutzbar: {reason}</translation>
    </message>
    <message>
        <source>a candle of {symbol} lies ahead of time: {open_ms}</source>
        <translation>eine Kerze von {symbol} liegt in der Zukunft: {open_ms}</translation>
    </message>
    <message>
        <source>the database {path} is locked by another program; close what has it open (a database browser, a backup) and retry ({reason})</source>
        <translation>die Datenbank {path} ist von einem anderen Programm gesperrt; schließen, was sie offen hat (Datenbank-Browser, Backup), und erneut versuchen ({reason})</translation>
    </message>
    <message>
        <source>the database {path} cannot be written; expected write permission for the file and its directory, change the permissions or choose another file ({reason})</source>
        <translation>die Datenbank {path} lässt sich nicht schreiben; Datei und Ordner brauchen Schreibrechte, Rechte ändern oder andere Datei wählen ({reason})</translation>
    </message>
    <message>
        <source>the database {path} cannot be opened; expected read and write permission for the file and its directory, change the permissions or choose another file ({reason})</source>
        <translation>die Datenbank {path} lässt sich nicht öffnen; Datei und Ordner brauchen Lese- und Schreibrechte, Rechte ändern oder andere Datei wählen ({reason})</translation>
    </message>
    <message>
        <source>the database {path} cannot grow because the disk is full; free some space, what was not stored yet is written on the next attempt ({reason})</source>
        <translation>die Datenbank {path} kann nicht wachsen, der Datenträger ist voll; Platz schaffen, das noch nicht Gespeicherte wird beim nächsten Versuch geschrieben ({reason})</translation>
    </message>
    <message>
        <source>the database {path} cannot be read or written because the disk reports an error; check the disk and its free space, use a local one ({reason})</source>
        <translation>die Datenbank {path} lässt sich nicht lesen oder schreiben, der Datenträger meldet einen Fehler; Datenträger und freien Platz prüfen, einen lokalen verwenden ({reason})</translation>
    </message>
    <message>
        <source>the database {path} cannot be used because memory ran out; close other programs ({reason})</source>
        <translation>die Datenbank {path} ist nicht nutzbar, der Arbeitsspeicher ist voll; andere Programme schließen ({reason})</translation>
    </message>
    <message>
        <source>the database {path} is not a readable SQLite database; it was left as it is, move it away or choose another file ({reason})</source>
        <translation>die Datenbank {path} ist keine lesbare SQLite-Datenbank; sie blieb unverändert, wegschieben oder andere Datei wählen ({reason})</translation>
    </message>
    <message>
        <source>the database {path} is damaged: it does not hold what was expected; it was left as it is, restore a copy or choose another file ({reason})</source>
        <translation>die Datenbank {path} ist beschädigt: der erwartete Inhalt fehlt; sie blieb unverändert, Kopie zurückspielen oder andere Datei wählen ({reason})</translation>
    </message>
    <message>
        <source>another program has changed the database {path}: {changes}; undo that, otherwise after {delay_s:g} s the index is made again from the rows</source>
        <translation>ein anderes Programm hat die Datenbank {path} geändert: {changes}; rückgängig machen, sonst wird nach {delay_s:g} s der Index aus den Zeilen neu gebaut</translation>
    </message>
    <message>
        <source>another program has changed the database {path}: {changes}; undo that, otherwise after {delay_s:g} s a recorder sets the file aside and goes on in a fresh one</source>
        <translation>ein anderes Programm hat die Datenbank {path} geändert: {changes}; rückgängig machen, sonst wird die Datei nach {delay_s:g} s beiseitegelegt und in einer neuen weiter aufgezeichnet</translation>
    </message>
    <message>
        <source>the database {path} is damaged again within {spacing_s:g} s; check the disk; what was not stored yet is written to a fresh file after that</source>
        <translation>die Datenbank {path} ist binnen {spacing_s:g} s erneut beschädigt; Datenträger prüfen; das noch nicht Gespeicherte kommt danach in eine neue Datei</translation>
    </message>
    <message>
        <source>the database {path} was overwritten while it was written, and is damaged ({reason})</source>
        <translation>die Datenbank {path} wurde beim Schreiben überschrieben und ist beschädigt ({reason})</translation>
    </message>
    <message>
        <source>the database {path} was overwritten while it was written, and is incomplete</source>
        <translation>die Datenbank {path} wurde beim Schreiben überschrieben und ist unvollständig</translation>
    </message>
    <message>
        <source>the database {path} was moved, deleted or overwritten while it was written; what was not stored is written on the next attempt</source>
        <translation>die Datenbank {path} wurde beim Schreiben verschoben, gelöscht oder überschrieben; das nicht Gespeicherte wird beim nächsten Versuch geschrieben</translation>
    </message>
    <message>
        <source>the database {path} is being overwritten by another program; recording goes on in it after that</source>
        <translation>die Datenbank {path} wird gerade von einem anderen Programm überschrieben; danach geht die Aufzeichnung darin weiter</translation>
    </message>
    <message>
        <source>the database {path} is being checked for damage; recording goes on in it after that</source>
        <translation>die Datenbank {path} wird auf Schäden geprüft; danach geht die Aufzeichnung darin weiter</translation>
    </message>
    <message>
        <source>the log of the database {path} was overwritten while it was opened; it is opened once more</source>
        <translation>das Log der Datenbank {path} wurde beim Öffnen überschrieben; sie wird noch einmal geöffnet</translation>
    </message>
    <message>
        <source>the log of the database {path} cannot be deleted ({reason}); close what has the database open</source>
        <translation>das Log der Datenbank {path} lässt sich nicht löschen ({reason}); schließen, was die Datenbank offen hat</translation>
    </message>
    <message>
        <source>the log of the database {path} cannot be deleted ({reason}); change the permissions of its directory</source>
        <translation>das Log der Datenbank {path} lässt sich nicht löschen ({reason}); Rechte des Ordners ändern</translation>
    </message>
    <message>
        <source>there is no room to copy a database to {target}: expected {wanted_mib:.2f} MiB, got {free_mib:.2f} MiB; free some space</source>
        <translation>kein Platz, um eine Datenbank nach {target} zu kopieren: nötig {wanted_mib:.2f} MiB, frei {free_mib:.2f} MiB; Platz schaffen</translation>
    </message>
    <message>
        <source>the file {path} belongs to another program; it was left as it is, move it away</source>
        <translation>die Datei {path} gehört einem anderen Programm; sie blieb unverändert, wegschieben</translation>
    </message>
    <message>
        <source>the file {path} cannot be renamed ({reason}); close what has it open, or move it away</source>
        <translation>die Datei {path} lässt sich nicht umbenennen ({reason}); schließen, was sie offen hat, oder wegschieben</translation>
    </message>
    <message>
        <source>the database {path} cannot be renamed ({reason}); choose a shorter name</source>
        <translation>die Datenbank {path} lässt sich nicht umbenennen ({reason}); kürzeren Namen wählen</translation>
    </message>
    <message>
        <source>the database {path} cannot be looked up: expected a file in an accessible directory, got {reason}; choose another file</source>
        <translation>die Datenbank {path} ist nicht zu finden: erwartet wird eine Datei in einem zugänglichen Ordner, gemeldet wird {reason}; andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} is a directory; expected a file, for example {example}</source>
        <translation>die Datenbank {path} ist ein Ordner; erwartet wird eine Datei, zum Beispiel {example}</translation>
    </message>
    <message>
        <source>the directory {directory} for the database {name} does not exist or is not a directory; create it or choose another file</source>
        <translation>der Ordner {directory} für die Datenbank {name} fehlt oder ist keiner; anlegen oder andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} has a name of {count} characters with its directory; on Windows expected at most {limit}, choose a directory with a shorter name</source>
        <translation>der Name der Datenbank {path} hat mit Ordner {count} Zeichen; unter Windows sind höchstens {limit} möglich, Ordner mit kürzerem Namen wählen</translation>
    </message>
    <message>
        <source>there is no database {path}; expected one that the recorder has written, record first or choose another file</source>
        <translation>es gibt keine Datenbank {path}; erwartet wird eine aufgezeichnete, erst aufzeichnen oder andere Datei wählen</translation>
    </message>
    <message>
        <source>{path} is a directory; expected a database file, move it away or choose another name</source>
        <translation>{path} ist ein Ordner; erwartet wird eine Datenbankdatei, wegschieben oder anderen Namen wählen</translation>
    </message>
    <message>
        <source>{path} is a pipe or a device; expected a database file, move it away or choose another name</source>
        <translation>{path} ist eine Pipe oder ein Gerät; erwartet wird eine Datenbankdatei, wegschieben oder anderen Namen wählen</translation>
    </message>
    <message>
        <source>the database {path} has {count} names (hard links): expected one, since each name would have a log of its own; copy the file in place of linking it, or remove the other names</source>
        <translation>die Datenbank {path} hat {count} Namen (Hardlinks), erlaubt ist einer, denn jeder hätte ein eigenes Log; Datei kopieren statt verlinken, oder die anderen Namen entfernen</translation>
    </message>
    <message>
        <source>the database {path} is being written by another recorder; stop that one or choose another file</source>
        <translation>in die Datenbank {path} schreibt schon ein anderes Programm; jenes beenden oder andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} belongs to another program: expected the application id {expected:#x}, got {got:#x}; it was left as it is, choose another file</source>
        <translation>die Datenbank {path} gehört einem anderen Programm: Programmkennung {expected:#x} erwartet, {got:#x} gefunden; sie blieb unverändert, andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} was written by a newer version of this program: expected a schema version up to {expected}, got {got}; update the program or choose another file</source>
        <translation>die Datenbank {path} stammt von einer neueren Version dieses Programms: Schemaversion bis {expected} erwartet, {got} gefunden; Programm aktualisieren oder andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} has the older schema version {got}, expected {expected}; start the recorder on it once, which brings it up to date</source>
        <translation>die Datenbank {path} hat die ältere Schemaversion {got}, erwartet wird {expected}; einmal mit der Aufzeichnung starten, das bringt sie auf Stand</translation>
    </message>
    <message>
        <source>the database {path} is empty; expected one that the recorder has written, record first or choose another file</source>
        <translation>die Datenbank {path} ist leer; erst aufzeichnen oder andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} is damaged: {what}; it was left as it is, restore a copy or choose another file</source>
        <translation>die Datenbank {path} ist beschädigt: {what}; sie blieb unverändert, Kopie zurückspielen oder andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} holds {got} data, expected {expected}; the kinds never share a file, choose another one</source>
        <translation>die Datenbank {path} enthält Daten der Art {got}, erwartet wird {expected}; die Arten teilen nie eine Datei, andere wählen</translation>
    </message>
    <message>
        <source>the database {path} holds {got}, expected {expected}; they are not mixed, choose another file</source>
        <translation>die Datenbank {path} enthält {got}, erwartet wird {expected}; beides wird nicht gemischt, andere Datei wählen</translation>
    </message>
    <message>
        <source>the database {path} is damaged: expected a decimal number as the tick size of {symbol}, got {got}; the next contact with the exchange replaces it</source>
        <translation>die Datenbank {path} ist beschädigt: als Tickgröße von {symbol} wird eine Dezimalzahl erwartet, gefunden {got}; der nächste Kontakt mit der Börse ersetzt sie</translation>
    </message>
    <message>
        <source>the database needs a write-ahead log but its file system allows only {got}; use a file on a local disk</source>
        <translation>die Datenbank braucht ein Write-Ahead-Log, ihr Dateisystem erlaubt nur {got}; Datei auf lokalem Datenträger verwenden</translation>
    </message>
    <message>
        <source>{path} is no file; choose another one</source>
        <translation>{path} ist keine Datei; eine andere wählen</translation>
    </message>
    <message>
        <source>the data directory {directory} cannot be made ({reason}); name a database in a writable directory</source>
        <translation>der Datenordner {directory} lässt sich nicht anlegen ({reason}); eine Datenbank in einem beschreibbaren Ordner nennen</translation>
    </message>
    <message>
        <source>no home directory is known; name a database file</source>
        <translation>kein Benutzerordner bekannt; eine Datenbankdatei nennen</translation>
    </message>
    <message>
        <source>there is no storage engine for {address}; expected {known}</source>
        <translation>für {address} gibt es keinen Speicher; erwartet wird {known}</translation>
    </message>
    <message>
        <source>{part} could not be written: {error}</source>
        <translation>nicht geschrieben: {part}: {error}</translation>
    </message>
    <message>
        <source>the tick size of {symbol} could not be written: {error}</source>
        <translation>die Tickgröße von {symbol} wurde nicht geschrieben: {error}</translation>
    </message>
    <message>
        <source>candles could not be stored: {cause}</source>
        <translation>Kerzen wurden nicht gespeichert: {cause}</translation>
    </message>
    <message>
        <source>the database {path} was moved or deleted while it was written</source>
        <translation>die Datenbank {path} wurde beim Schreiben verschoben oder gelöscht</translation>
    </message>
    <message>
        <source>the database {path} was replaced while it was written</source>
        <translation>die Datenbank {path} wurde beim Schreiben ersetzt</translation>
    </message>
    <message>
        <source>the database {path} was overwritten while it was written; up to {lost} events that only it held are lost</source>
        <translation>die Datenbank {path} wurde beim Schreiben überschrieben; bis zu {lost} Ereignisse, die nur darin standen, sind verloren</translation>
    </message>
    <message>
        <source>the database {path} was moved or deleted while it was written, and a link lies there</source>
        <translation>die Datenbank {path} wurde beim Schreiben verschoben oder gelöscht, dort liegt nun ein Link</translation>
    </message>
    <message>
        <source>the database {path} is damaged</source>
        <translation>die Datenbank {path} ist beschädigt</translation>
    </message>
    <message>
        <source>the log of the database {path} was moved or deleted while it was written</source>
        <translation>das Log der Datenbank {path} wurde beim Schreiben verschoben oder gelöscht</translation>
    </message>
    <message>
        <source>the log's index of the database {path} was moved or deleted while it was written</source>
        <translation>der Log-Index der Datenbank {path} wurde beim Schreiben verschoben oder gelöscht</translation>
    </message>
    <message>
        <source>the log of the database {path} was cut off or overwritten while it was written</source>
        <translation>das Log der Datenbank {path} wurde beim Schreiben gekürzt oder überschrieben</translation>
    </message>
    <message>
        <source>the log beside the database {path} belongs to another file</source>
        <translation>das Log neben der Datenbank {path} gehört zu einer anderen Datei</translation>
    </message>
    <message>
        <source>the log of the database {path} has been larger than {limit_mib} MiB since {since_ms} (now {size_mib} MiB): another program keeps reading the database (a database browser, a backup); the log shrinks when that one stops</source>
        <translation>das Log der Datenbank {path} ist seit {since_ms} größer als {limit_mib} MiB (jetzt {size_mib} MiB): ein anderes Programm liest die Datenbank ständig (Datenbank-Browser, Backup); das Log schrumpft, wenn es aufhört</translation>
    </message>
    <message>
        <source>the database {path} was given a second name (a hard link); remove one of them: the next recorder refuses it</source>
        <translation>die Datenbank {path} hat einen zweiten Namen erhalten (Hardlink); einen entfernen, sonst lehnt die nächste Aufzeichnung sie ab</translation>
    </message>
    <message>
        <source>the damaged database was set aside as {target}</source>
        <translation>die beschädigte Datenbank liegt nun als {target} beiseite</translation>
    </message>
    <message>
        <source>{cause}; the damaged database was set aside as {target}</source>
        <translation>{cause}; die beschädigte Datenbank liegt nun als {target} beiseite</translation>
    </message>
    <message>
        <source>{cause}, what it held is kept as {target}</source>
        <translation>{cause}, der Inhalt ist als {target} aufgehoben</translation>
    </message>
    <message>
        <source>{cause}, what lay there as its log is kept as {target}</source>
        <translation>{cause}, was dort als Log lag, ist als {target} aufgehoben</translation>
    </message>
    <message>
        <source>{cause}, and it cannot be moved while other programs have it open: recording goes on in {target} until they are closed and the recorder is started again</source>
        <translation>{cause}, und sie lässt sich nicht verschieben, solange andere Programme sie offen haben: die Aufzeichnung läuft in {target}, bis jene geschlossen sind und neu gestartet wird</translation>
    </message>
    <message>
        <source>{cause}; recording goes on in a new file of that name, {path}</source>
        <translation>{cause}; die Aufzeichnung läuft in einer neuen Datei dieses Namens, {path}</translation>
    </message>
    <message>
        <source>{cause}; recording goes on in the file of that name, {path}</source>
        <translation>{cause}; die Aufzeichnung läuft in der Datei dieses Namens, {path}</translation>
    </message>
    <message>
        <source>{cause}; nothing of it is lost</source>
        <translation>{cause}; nichts davon ist verloren</translation>
    </message>
    <message>
        <source>{cause}; {restored} events that were only in the log are written once more, none is lost</source>
        <translation>{cause}; {restored} Ereignisse, die nur im Log standen, werden erneut geschrieben, keines ist verloren</translation>
    </message>
    <message>
        <source>{cause}; {restored} events that were only in the log are written once more, {lost} are lost</source>
        <translation>{cause}; {restored} Ereignisse, die nur im Log standen, werden erneut geschrieben, {lost} sind verloren</translation>
    </message>
    <message>
        <source>another program had changed the database {path}: {changes}; that was put right, every row is kept</source>
        <translation>ein anderes Programm hatte die Datenbank {path} geändert: {changes}; das ist behoben, jede Zeile ist erhalten</translation>
    </message>
    <message>
        <source>the database {path} has damaged rows, left out: {tables}</source>
        <translation>die Datenbank {path} hat beschädigte Zeilen, ausgelassen: {tables}</translation>
    </message>
    <message>
        <source>HTTP {status}: the receiver asks to wait {hold_s:.0f} s</source>
        <translation>HTTP {status}: der Empfänger bittet, {hold_s:.0f} s zu warten</translation>
    </message>
    <message>
        <source>HTTP {status}: the receiver refuses the message</source>
        <translation>HTTP {status}: der Empfänger lehnt die Nachricht ab</translation>
    </message>
    <message>
        <source>HTTP {status}: the receiver sends elsewhere, which is not followed; enter the address that it leads to</source>
        <translation>HTTP {status}: der Empfänger verweist auf eine andere Adresse, der nicht gefolgt wird; bitte jene eintragen</translation>
    </message>
    <message>
        <source>the receiver did not answer within {limit_s:g} s</source>
        <translation>der Empfänger hat nicht innerhalb von {limit_s:g} s geantwortet</translation>
    </message>
    <message>
        <source>the receiver's name cannot be resolved</source>
        <translation>der Name des Empfängers lässt sich nicht auflösen</translation>
    </message>
    <message>
        <source>no connection to the receiver</source>
        <translation>keine Verbindung zum Empfänger</translation>
    </message>
    <message>
        <source>no secure connection to the receiver: its certificate does not hold</source>
        <translation>keine sichere Verbindung zum Empfänger: sein Zertifikat gilt nicht</translation>
    </message>
    <message>
        <source>the receiver broke off the connection</source>
        <translation>der Empfänger hat die Verbindung abgebrochen</translation>
    </message>
    <message>
        <source>the receiver's answer is not HTTP, or far too long</source>
        <translation>die Antwort des Empfängers ist kein HTTP oder viel zu lang</translation>
    </message>
    <message>
        <source>the service did not take the message</source>
        <translation>der Dienst hat die Nachricht nicht angenommen</translation>
    </message>
    <message>
        <source>nothing is sent now: alerts are stopped</source>
        <translation>zurzeit wird nichts gesendet: die Alarme sind angehalten</translation>
    </message>
    <message>
        <source>a package is not installed: pip install {package}</source>
        <translation>ein Paket ist nicht installiert: pip install {package}</translation>
    </message>
    <message>
        <source>expected an address such as https://host/path</source>
        <translation>erwartet wird eine Adresse wie https://host/path</translation>
    </message>
    <message>
        <source>expected an address that begins with https:// (http:// only for this machine itself)</source>
        <translation>erwartet wird eine Adresse, die mit https:// beginnt (http:// nur für diesen Rechner selbst)</translation>
    </message>
    <message>
        <source>expected an address of a service that apprise knows</source>
        <translation>erwartet wird die Adresse eines Dienstes, den apprise kennt</translation>
    </message>
    <message>
        <source>expected a name of its own, one line of 1 to {limit} characters</source>
        <translation>erwartet wird ein eigener Name, eine Zeile von 1 bis {limit} Zeichen</translation>
    </message>
    <message>
        <source>expected a signing key of at least {limit} characters</source>
        <translation>erwartet wird ein Signaturschlüssel mit mindestens {limit} Zeichen</translation>
    </message>
    <message>
        <source>the file {path} cannot be read as ways of alerts: {reason}</source>
        <translation>die Datei {path} ist nicht als Wege für Alarme lesbar: {reason}</translation>
    </message>
    <message>
        <source>the file {path} cannot be written: {reason}</source>
        <translation>die Datei {path} lässt sich nicht schreiben: {reason}</translation>
    </message>
    <message>
        <source>this desktop has no tray that shows notifications</source>
        <translation>dieser Desktop hat keinen Infobereich, der Meldungen zeigt</translation>
    </message>
    <message>
        <source>this display cannot beep</source>
        <translation>diese Anzeige kann keinen Ton ausgeben</translation>
    </message>
    <message>
        <source>Redis at {address} does not answer: {reason}</source>
        <translation>Redis unter {address} antwortet nicht: {reason}</translation>
    </message>
    <message>
        <source>Redis at {address} refuses: {reason}</source>
        <translation>Redis unter {address} lehnt ab: {reason}</translation>
    </message>
    <message>
        <source>what rang cannot be kept in {path}: {reason}; after a restart it may ring again</source>
        <translation>was geläutet hat, kann nicht in {path} festgehalten werden: {reason}; nach einem Neustart läutet es vielleicht noch einmal</translation>
    </message>
    <message>
        <source>the recorder ended: {error}</source>
        <translation>die Aufzeichnung hat geendet: {error}</translation>
    </message>
    <message>
        <source>{part} failed and starts again: {error}</source>
        <translation>fehlgeschlagen und neu gestartet: {part}: {error}</translation>
    </message>
    <message>
        <source>recording could not be started again: {cause}</source>
        <translation>die Aufzeichnung ließ sich nicht neu starten: {cause}</translation>
    </message>
    <message>
        <source>a listener failed on changed settings: {error}</source>
        <translation>ein Empfänger geänderter Einstellungen ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>started in an event loop that does not run now: moving to the one that does</source>
        <translation>in einer Ereignisschleife gestartet, die nicht mehr läuft: Wechsel zur laufenden</translation>
    </message>
    <message>
        <source>the event loop was closed: recording goes on, nothing is drawn until start() is awaited in one that runs</source>
        <translation>die Ereignisschleife wurde geschlossen: die Aufzeichnung läuft, gezeichnet wird erst, wenn start() in einer laufenden abgewartet wird</translation>
    </message>
    <message>
        <source>the event loop does not run: recording goes on, nothing is drawn until start() is awaited in one that runs</source>
        <translation>die Ereignisschleife läuft nicht: die Aufzeichnung läuft, gezeichnet wird erst, wenn start() in einer laufenden abgewartet wird</translation>
    </message>
    <message>
        <source>what a chart reports cannot be received: {error}</source>
        <translation>Meldungen eines Charts kommen nicht an: {error}</translation>
    </message>
    <message>
        <source>a layer could not be fed: {error}</source>
        <translation>eine Ebene ließ sich nicht versorgen: {error}</translation>
    </message>
    <message>
        <source>new events did not reach the chart: {error}</source>
        <translation>neue Ereignisse haben das Chart nicht erreicht: {error}</translation>
    </message>
    <message>
        <source>the chart could not be updated: {error}</source>
        <translation>das Chart ließ sich nicht aktualisieren: {error}</translation>
    </message>
    <message>
        <source>the heatmap could not be built: {error}</source>
        <translation>die Heatmap ließ sich nicht aufbauen: {error}</translation>
    </message>
    <message>
        <source>the search for clusters failed: {error}</source>
        <translation>die Suche nach Clustern ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>no clusters of {symbol}: {cause}</source>
        <translation>keine Cluster von {symbol}: {cause}</translation>
    </message>
    <message>
        <source>the clusters of {symbol} could not be found: {error}</source>
        <translation>die Cluster von {symbol} ließen sich nicht finden: {error}</translation>
    </message>
    <message>
        <source>a listener failed on the clusters of {symbol}: {error}</source>
        <translation>ein Empfänger der Cluster von {symbol} ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>no levels of {symbol}: {cause}</source>
        <translation>keine Level von {symbol}: {cause}</translation>
    </message>
    <message>
        <source>the levels of {symbol} could not be computed: {error}</source>
        <translation>die Level von {symbol} ließen sich nicht berechnen: {error}</translation>
    </message>
    <message>
        <source>a listener failed on the levels of {symbol}: {error}</source>
        <translation>ein Empfänger der Level von {symbol} ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>nothing could be learned of {symbol}: {cause}</source>
        <translation>über {symbol} ließ sich nichts lernen: {cause}</translation>
    </message>
    <message>
        <source>the fit {name} cannot be used: {reason}</source>
        <translation>die Anpassung {name} ist nicht nutzbar: {reason}</translation>
    </message>
    <message>
        <source>imported history is not used: {reason}</source>
        <translation>importierte Historie wird nicht verwendet: {reason}</translation>
    </message>
    <message>
        <source>{symbols} not recorded: another recorder writes this database and records {recorded}</source>
        <translation>{symbols} nicht aufgezeichnet: ein anderes Programm schreibt diese Datenbank und zeichnet {recorded} auf</translation>
    </message>
    <message>
        <source>internal error: {error}</source>
        <translation>interner Fehler: {error}</translation>
    </message>
    <message>
        <source>the page did not load</source>
        <translation>die Seite wurde nicht geladen</translation>
    </message>
    <message>
        <source>the page's render process has died</source>
        <translation>der Renderprozess der Seite ist abgestürzt</translation>
    </message>
    <message>
        <source>the page did not take the layer's script; its console says why</source>
        <translation>die Seite hat das Skript der Ebene nicht angenommen; ihre Konsole sagt, warum</translation>
    </message>
    <message>
        <source>the heatmap could not be put on the page: {reason}</source>
        <translation>die Heatmap ließ sich nicht auf die Seite bringen: {reason}</translation>
    </message>
    <message>
        <source>the page does not answer through its web channel</source>
        <translation>die Seite antwortet nicht über ihren Web-Channel</translation>
    </message>
    <message>
        <source>the page's web channel was deleted while the page had it</source>
        <translation>der Web-Channel der Seite wurde gelöscht, während sie ihn hatte</translation>
    </message>
    <message>
        <source>the page has no “{name}” yet</source>
        <translation>die Seite hat noch kein „{name}“</translation>
    </message>
    <message>
        <source>“{candles}” is no series of “{chart}”</source>
        <translation>„{candles}“ ist keine Serie von „{chart}“</translation>
    </message>
    <message>
        <source>the layer's JavaScript failed: {reason}</source>
        <translation>das JavaScript der Ebene ist fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>not JSON: line {line}, column {column} cannot be read</source>
        <translation>kein JSON: Zeile {line}, Spalte {column} ist nicht lesbar</translation>
    </message>
    <message>
        <source>not settings: it holds values that no setting has</source>
        <translation>keine Einstellungen: die Datei enthält Werte, die keine Einstellung hat</translation>
    </message>
    <message>
        <source>not settings of the heatmap</source>
        <translation>keine Einstellungen der Heatmap</translation>
    </message>
    <message>
        <source>settings of a newer version of this program</source>
        <translation>Einstellungen einer neueren Version dieses Programms</translation>
    </message>
    <message>
        <source>not settings: it is larger than {limit} bytes</source>
        <translation>keine Einstellungen: die Datei ist größer als {limit} Bytes</translation>
    </message>
    <message>
        <source>it cannot be read: {reason}</source>
        <translation>nicht lesbar: {reason}</translation>
    </message>
    <message>
        <source>it cannot be written: {reason}</source>
        <translation>nicht beschreibbar: {reason}</translation>
    </message>
    <message>
        <source>the layer failed: {error}</source>
        <translation>die Ebene ist fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>{text}</source>
        <translation>{text}</translation>
    </message>
    <message>
        <source>events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>some events</source>
        <translation>einige Ereignisse</translation>
    </message>
    <message>
        <source>covered time</source>
        <translation>erfasste Zeit</translation>
    </message>
    <message>
        <source>counters</source>
        <translation>Zähler</translation>
    </message>
    <message>
        <source>tick sizes</source>
        <translation>Tickgrößen</translation>
    </message>
    <message>
        <source>the retention</source>
        <translation>die Aufbewahrung</translation>
    </message>
    <message>
        <source>the database</source>
        <translation>die Datenbank</translation>
    </message>
    <message>
        <source>the recorded symbols</source>
        <translation>die aufgezeichneten Symbole</translation>
    </message>
    <message>
        <source>the end of the file</source>
        <translation>das Ende der Datei</translation>
    </message>
    <message>
        <source>all symbols</source>
        <translation>alle Symbole</translation>
    </message>
</context><context>
    <name>HeatmapSettings</name>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skala</translation>
    </message>
    <message>
        <source>Resolution</source>
        <translation>Auflösung</translation>
    </message>
    <message>
        <source>Shown</source>
        <translation>Anzeige</translation>
    </message>
    <message>
        <source>Bubbles: single large liquidations</source>
        <translation>Blasen: einzelne große Liquidationen</translation>
    </message>
    <message>
        <source>Cluster lines: prices of many liquidations</source>
        <translation>Cluster-Linien: Kurse mit vielen Liquidationen</translation>
    </message>
    <message>
        <source>Symbols</source>
        <translation>Symbole</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicherung</translation>
    </message>
    <message>
        <source>Show the heatmap &amp;behind the candles</source>
        <translation>&amp;Heatmap hinter den Kerzen zeigen</translation>
    </message>
    <message>
        <source>Recording goes on while the heatmap is off</source>
        <translation>Die Aufzeichnung läuft weiter, auch wenn die Heatmap aus ist</translation>
    </message>
    <message>
        <source>&amp;Source</source>
        <translation>&amp;Quelle</translation>
    </message>
    <message>
        <source>Liquidations that happened, levels that would be liquidated if the price went there, or these levels with what happened as bubbles over them</source>
        <translation>Geschehene Liquidationen; Level, an denen liquidiert würde, falls der Kurs sie erreicht; oder diese Level mit dem Geschehenen als Blasen darüber</translation>
    </message>
    <message>
        <source>Recorded liquidations</source>
        <translation>Aufgezeichnete Liquidationen</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Aufgezeichnet</translation>
    </message>
    <message>
        <source>Predicted levels</source>
        <translation>Vorhergesagte Level</translation>
    </message>
    <message>
        <source>Predicted</source>
        <translation>Vorhergesagt</translation>
    </message>
    <message>
        <source>Both of them</source>
        <translation>Beides</translation>
    </message>
    <message>
        <source>Both</source>
        <translation>Beides</translation>
    </message>
    <message>
        <source>Time spa&amp;n</source>
        <translation>&amp;Zeitraum</translation>
    </message>
    <message>
        <source>Time span of recorded heat and of bubbles, back from now, or what the chart shows; predicted levels cover the pane</source>
        <translation>Zeitraum der aufgezeichneten Heatmap und der Blasen, von jetzt zurück, oder was das Chart zeigt; vorhergesagte Level füllen das Bild</translation>
    </message>
    <message>
        <source>2 hours</source>
        <translation>2 Stunden</translation>
    </message>
    <message>
        <source>2h</source>
        <translation>2h</translation>
    </message>
    <message>
        <source>8 hours</source>
        <translation>8 Stunden</translation>
    </message>
    <message>
        <source>8h</source>
        <translation>8h</translation>
    </message>
    <message>
        <source>24 hours</source>
        <translation>24 Stunden</translation>
    </message>
    <message>
        <source>24h</source>
        <translation>24h</translation>
    </message>
    <message>
        <source>2 days</source>
        <translation>2 Tage</translation>
    </message>
    <message>
        <source>2d</source>
        <translation>2T</translation>
    </message>
    <message>
        <source>7 days</source>
        <translation>7 Tage</translation>
    </message>
    <message>
        <source>7d</source>
        <translation>7T</translation>
    </message>
    <message>
        <source>30 days</source>
        <translation>30 Tage</translation>
    </message>
    <message>
        <source>30d</source>
        <translation>30T</translation>
    </message>
    <message>
        <source>As the chart</source>
        <translation>Wie das Chart</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Chart</translation>
    </message>
    <message>
        <source>Sh&amp;ape</source>
        <translation>&amp;Form</translation>
    </message>
    <message>
        <source>Recorded heat: bands keep a price level visible to the right of its liquidations</source>
        <translation>Aufgezeichnete Heatmap: Bänder halten ein Level rechts von seinen Liquidationen sichtbar</translation>
    </message>
    <message>
        <source>Bands</source>
        <translation>Bänder</translation>
    </message>
    <message>
        <source>Spots</source>
        <translation>Flecken</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Zellen</translation>
    </message>
    <message>
        <source>S&amp;ide</source>
        <translation>&amp;Seite</translation>
    </message>
    <message>
        <source>Whose liquidations are drawn</source>
        <translation>Wessen Liquidationen gezeichnet werden</translation>
    </message>
    <message>
        <source>Longs and shorts</source>
        <translation>Longs und Shorts</translation>
    </message>
    <message>
        <source>Longs only</source>
        <translation>Nur Longs</translation>
    </message>
    <message>
        <source>Longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>Shorts only</source>
        <translation>Nur Shorts</translation>
    </message>
    <message>
        <source>Shorts</source>
        <translation>Shorts</translation>
    </message>
    <message>
        <source>Both, each in its own colour</source>
        <translation>Beide, jede in eigener Farbe</translation>
    </message>
    <message>
        <source>Two colours</source>
        <translation>Zweifarbig</translation>
    </message>
    <message>
        <source>&amp;Palette</source>
        <translation>&amp;Palette</translation>
    </message>
    <message>
        <source>Colours from little to much, on dark and on light backgrounds; Viridis suits colour-blind eyes too</source>
        <translation>Farben von wenig bis viel, auf dunklem und hellem Grund; Viridis eignet sich auch bei Farbenblindheit</translation>
    </message>
    <message>
        <source>Aurora</source>
        <translation>Aurora</translation>
    </message>
    <message>
        <source>Viridis</source>
        <translation>Viridis</translation>
    </message>
    <message>
        <source>Inferno</source>
        <translation>Inferno</translation>
    </message>
    <message>
        <source>Ice</source>
        <translation>Eis</translation>
    </message>
    <message>
        <source>Daylight</source>
        <translation>Tageslicht</translation>
    </message>
    <message>
        <source>Predic&amp;ted palette</source>
        <translation>Palette der &amp;Vorhersage</translation>
    </message>
    <message>
        <source>Their colours from little to much; they have a scale of their own too</source>
        <translation>Ihre Farben von wenig bis viel; sie haben auch eine eigene Skala</translation>
    </message>
    <message>
        <source>Opacit&amp;y</source>
        <translation>&amp;Deckkraft</translation>
    </message>
    <message>
        <source>How strongly the brightest cell covers the background</source>
        <translation>Wie stark die hellste Zelle den Hintergrund deckt</translation>
    </message>
    <message>
        <source>&amp;Fades within</source>
        <translation>Ve&amp;rblasst in</translation>
    </message>
    <message>
        <source>Recorded heat: how fast a liquidation fades; after this time 37 % are left</source>
        <translation>Aufgezeichnete Heatmap: wie schnell eine Liquidation verblasst; nach dieser Zeit bleiben 37 %</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>20 minutes</source>
        <translation>20 Minuten</translation>
    </message>
    <message>
        <source>60 minutes</source>
        <translation>60 Minuten</translation>
    </message>
    <message>
        <source>6 hours</source>
        <translation>6 Stunden</translation>
    </message>
    <message>
        <source>An eighth of the time span</source>
        <translation>Achtel des Zeitraums</translation>
    </message>
    <message>
        <source>Co&amp;lours run</source>
        <translation>Farbver&amp;lauf</translation>
    </message>
    <message>
        <source>How USD become brightness between nothing and the end of the scale</source>
        <translation>Wie aus USD Helligkeit wird, von null bis zum Ende der Skala</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>Linear</translation>
    </message>
    <message>
        <source>Square root</source>
        <translation>Wurzel</translation>
    </message>
    <message>
        <source>Logarithmic</source>
        <translation>Logarithmisch</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>Auto&amp;matic</source>
        <translation>Auto&amp;matisch</translation>
    </message>
    <message>
        <source>The scale ends where this part of the coloured cells is less</source>
        <translation>Die Skala endet dort, wo dieser Anteil der gefärbten Zellen darunter liegt</translation>
    </message>
    <message>
        <source> %</source>
        <translation> %</translation>
    </message>
    <message>
        <source>Fi&amp;xed</source>
        <translation>Fe&amp;st</translation>
    </message>
    <message>
        <source>Recorded heat: what is this much or more gets the brightest colour</source>
        <translation>Aufgezeichnete Heatmap: ab diesem Betrag gilt die hellste Farbe</translation>
    </message>
    <message>
        <source> USD</source>
        <translation> USD</translation>
    </message>
    <message>
        <source>Predicted loc&amp;ked at</source>
        <translation>Vorhersa&amp;ge fest bei</translation>
    </message>
    <message>
        <source>So much per 0.1 % of price, or more, gets the brightest colour; auto: at the percentile</source>
        <translation>Ab so viel je 0,1 % Kurs gilt die hellste Farbe; automatisch: beim Perzentil</translation>
    </message>
    <message>
        <source> USD per 0.1 %</source>
        <translation> USD je 0,1 %</translation>
    </message>
    <message>
        <source>L&amp;eave out below</source>
        <translation>&amp;Mindestgröße</translation>
    </message>
    <message>
        <source>Recorded heat and bubbles: smaller ones are not drawn; they are recorded all the same</source>
        <translation>Aufgezeichnete Heatmap und Blasen: kleinere werden nicht gezeichnet, aber trotzdem aufgezeichnet</translation>
    </message>
    <message>
        <source>recorded all the same</source>
        <translation>aufgezeichnet wird trotzdem</translation>
    </message>
    <message>
        <source>Ro&amp;ws and columns</source>
        <translation>Zeilen &amp;und Spalten</translation>
    </message>
    <message>
        <source>How fine the heat is: auto, ROWSxCOLUMNS such as 240x920, or pixels per bin such as 3px</source>
        <translation>Wie fein die Heatmap ist: auto, ZEILENxSPALTEN wie 240x920, oder Pixel je Feld wie 3px</translation>
    </message>
    <message>
        <source>Rows and columns: auto, 20x20 to 1000x4000, or 1px to 50px is expected, not “{text}”</source>
        <translation>Zeilen und Spalten: erwartet wird auto, 20x20 bis 1000x4000 oder 1px bis 50px, nicht „{text}“</translation>
    </message>
    <message>
        <source>auto, 240x920, 3px</source>
        <translation>auto, 240x920, 3px</translation>
    </message>
    <message>
        <source>Redraw e&amp;very</source>
        <translation>&amp;Neu zeichnen alle</translation>
    </message>
    <message>
        <source>New liquidations are drawn at most once in this time</source>
        <translation>Neue Liquidationen werden höchstens einmal in dieser Zeit gezeichnet</translation>
    </message>
    <message>
        <source> ms</source>
        <translation> ms</translation>
    </message>
    <message>
        <source>Hatch time that was &amp;not recorded</source>
        <translation>&amp;Nicht aufgezeichnete Zeit schraffieren</translation>
    </message>
    <message>
        <source>Without it, time without data looks like time without liquidations</source>
        <translation>Ohne Schraffur sieht Zeit ohne Daten aus wie Zeit ohne Liquidationen</translation>
    </message>
    <message>
        <source>Co&amp;lour bar</source>
        <translation>Farb&amp;skala</translation>
    </message>
    <message>
        <source>A small scale in a corner says what the colours mean in USD</source>
        <translation>Eine kleine Skala in der Ecke sagt, was die Farben in USD bedeuten</translation>
    </message>
    <message>
        <source>What the colours mean in USD</source>
        <translation>Was die Farben in USD bedeuten</translation>
    </message>
    <message>
        <source>Legend mo&amp;ved to</source>
        <translation>Legende &amp;verlegen nach</translation>
    </message>
    <message>
        <source>Where scale and words stand; never over the newest candles</source>
        <translation>Wo Skala und Worte stehen; nie über den neuesten Kerzen</translation>
    </message>
    <message>
        <source>Where there is room</source>
        <translation>Wo Platz ist</translation>
    </message>
    <message>
        <source>Lower left</source>
        <translation>Unten links</translation>
    </message>
    <message>
        <source>Lower right</source>
        <translation>Unten rechts</translation>
    </message>
    <message>
        <source>Upper left</source>
        <translation>Oben links</translation>
    </message>
    <message>
        <source>Upper right</source>
        <translation>Oben rechts</translation>
    </message>
    <message>
        <source>Longs and shorts b&amp;y candle</source>
        <translation>Longs und Shorts je Ker&amp;ze</translation>
    </message>
    <message>
        <source>What was recorded in each candle's time: shorts up, longs down</source>
        <translation>Was in der Zeit jeder Kerze aufgezeichnet wurde: Shorts oben, Longs unten</translation>
    </message>
    <message>
        <source>&amp;Price profile</source>
        <translation>&amp;Kursprofil</translation>
    </message>
    <message>
        <source>Recorded heat: longs and shorts of the window by price, at the right edge</source>
        <translation>Aufgezeichnete Heatmap: Longs und Shorts des Zeitraums nach Kurs, am rechten Rand</translation>
    </message>
    <message>
        <source>Longs and shorts by price, at the right edge</source>
        <translation>Longs und Shorts nach Kurs, am rechten Rand</translation>
    </message>
    <message>
        <source>Source of the data, &amp;in words</source>
        <translation>&amp;Herkunft der Daten in Worten</translation>
    </message>
    <message>
        <source>A line in the corner says where the data come from</source>
        <translation>Eine Zeile in der Ecke sagt, woher die Daten kommen</translation>
    </message>
    <message>
        <source>&amp;Amounts under the crosshair</source>
        <translation>Be&amp;träge am Fadenkreuz</translation>
    </message>
    <message>
        <source>What was liquidated in the cell under the crosshair</source>
        <translation>Was in der Zelle unter dem Fadenkreuz liquidiert wurde</translation>
    </message>
    <message>
        <source>&amp;Show</source>
        <translation>&amp;Zeigen</translation>
    </message>
    <message>
        <source>Recorded liquidations as circles over the heat: the larger, the more USD</source>
        <translation>Aufgezeichnete Liquidationen als Kreise über der Heatmap: je größer, desto mehr USD</translation>
    </message>
    <message>
        <source>With both sources</source>
        <translation>Bei beiden Quellen</translation>
    </message>
    <message>
        <source>With both</source>
        <translation>Bei beidem</translation>
    </message>
    <message>
        <source>With recorded heat and with both</source>
        <translation>Bei aufgezeichneter Heatmap und bei beidem</translation>
    </message>
    <message>
        <source>With recorded</source>
        <translation>Mit Aufzeichnung</translation>
    </message>
    <message>
        <source>Always</source>
        <translation>Immer</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>Nie</translation>
    </message>
    <message>
        <source>Si&amp;ze from</source>
        <translation>Gr&amp;öße ab</translation>
    </message>
    <message>
        <source>Less than this gets no bubble; auto: from the largest 2 % of this symbol in 7 days on</source>
        <translation>Kleinere bekommen keine Blase; automatisch: ab den größten 2 % dieses Symbols in 7 Tagen</translation>
    </message>
    <message>
        <source>Dra&amp;w the strongest clusters as lines</source>
        <translation>Stärkste C&amp;luster als Linien zeichnen</translation>
    </message>
    <message>
        <source>A line where many liquidations came close to each other in price</source>
        <translation>Eine Linie, wo viele Liquidationen im Kurs nahe beieinander liegen</translation>
    </message>
    <message>
        <source>At &amp;most</source>
        <translation>&amp;Höchstens</translation>
    </message>
    <message>
        <source>No more than this many of the strongest clusters get a line</source>
        <translation>Höchstens so viele der stärksten Cluster erhalten eine Linie</translation>
    </message>
    <message>
        <source> lines</source>
        <translation> Linien</translation>
    </message>
    <message>
        <source>Wides&amp;t price range</source>
        <translation>Größte Kurs&amp;spanne</translation>
    </message>
    <message>
        <source>Liquidations further apart than this part of the price belong to different clusters; auto: 2 to 3 % of the price range that the chart shows (without a chart 2 % of the price), and 0.12 % of the price for the tags of the strongest levels</source>
        <translation>Liquidationen, die um mehr als diesen Teil des Kurses auseinander liegen, gehören zu verschiedenen Clustern; automatisch: 2 bis 3 % der sichtbaren Kursspanne (ohne Chart 2 % des Kurses), und 0,12 % des Kurses für die Schilder der stärksten Level</translation>
    </message>
    <message>
        <source>Further apart, they are two clusters</source>
        <translation>Weiter auseinander sind es zwei Cluster</translation>
    </message>
    <message>
        <source>Strong&amp;est levels</source>
        <translation>Stärkste Le&amp;vel</translation>
    </message>
    <message>
        <source>Recorded heat: this many prices where most was liquidated get a tag at the right edge; amounts are lower bounds and not faded; 0: none</source>
        <translation>Aufgezeichnete Heatmap: so viele Kurse, bei denen am meisten liquidiert wurde, erhalten ein Schild am rechten Rand; Beträge sind Untergrenzen und nicht verblasst; 0: keine</translation>
    </message>
    <message>
        <source>At the right edge; 0: none</source>
        <translation>Am rechten Rand; 0: keine</translation>
    </message>
    <message>
        <source> tags</source>
        <translation> Schilder</translation>
    </message>
    <message>
        <source>Fewest li&amp;quidations</source>
        <translation>&amp;Wenigstens</translation>
    </message>
    <message>
        <source>Fewer liquidations than this make no cluster, and no tag of a level</source>
        <translation>Weniger Liquidationen sind kein Cluster und haben kein Schild</translation>
    </message>
    <message>
        <source> in a cluster</source>
        <translation> Liquidationen</translation>
    </message>
    <message>
        <source>Weight &amp;fades in</source>
        <translation>&amp;Gewicht verblasst in</translation>
    </message>
    <message>
        <source>After this time a liquidation counts 37 % in its cluster</source>
        <translation>Nach dieser Zeit zählt eine Liquidation noch 37 % in ihrem Cluster</translation>
    </message>
    <message>
        <source> minutes</source>
        <translation> Minuten</translation>
    </message>
    <message>
        <source>E&amp;xpires after</source>
        <translation>Ver&amp;fällt nach</translation>
    </message>
    <message>
        <source>Older liquidations are in no cluster: so many times the time of fading</source>
        <translation>Ältere Liquidationen zählen zu keinem Cluster: das Vielfache der Verblasszeit</translation>
    </message>
    <message>
        <source> times that</source>
        <translation> Mal so lange</translation>
    </message>
    <message>
        <source>Loo&amp;k again every</source>
        <translation>Neu s&amp;uchen alle</translation>
    </message>
    <message>
        <source>The clusters are looked for anew at most once in this time</source>
        <translation>Die Cluster werden höchstens einmal in dieser Zeit neu gesucht</translation>
    </message>
    <message>
        <source> seconds</source>
        <translation> Sekunden</translation>
    </message>
    <message>
        <source>S&amp;ymbols</source>
        <translation>S&amp;ymbole</translation>
    </message>
    <message>
        <source>Recorded symbols; one more, or several with commas between, starts recording anew</source>
        <translation>Aufgezeichnete Symbole; ein weiteres, oder mehrere mit Komma getrennt, startet die Aufzeichnung neu</translation>
    </message>
    <message>
        <source>Symbols: one or more like BTCUSDT with commas between are expected, or ALL alone, not “{text}”</source>
        <translation>Symbole: erwartet werden eines oder mehrere wie BTCUSDT, mit Komma getrennt, oder nur ALL, nicht „{text}“</translation>
    </message>
    <message>
        <source>Add a symbol, such as ETHUSDT</source>
        <translation>Symbol dazu, etwa ETHUSDT</translation>
    </message>
    <message>
        <source>&amp;Keep for</source>
        <translation>&amp;Aufbewahren</translation>
    </message>
    <message>
        <source>Older ones are deleted; a shorter time deletes only once you confirm it</source>
        <translation>Ältere werden gelöscht; eine kürzere Zeit löscht erst nach Bestätigung</translation>
    </message>
    <message>
        <source> days</source>
        <translation> Tage</translation>
    </message>
    <message>
        <source>Keep candles &amp;for</source>
        <translation>&amp;Kerzen aufbewahren</translation>
    </message>
    <message>
        <source>What predicted levels are computed from; what is missing is fetched from the exchange</source>
        <translation>Daraus werden vorhergesagte Level berechnet; was fehlt, wird von der Börse geholt</translation>
    </message>
    <message>
        <source>predicted levels are computed from them</source>
        <translation>daraus werden vorhergesagte Level berechnet</translation>
    </message>
    <message>
        <source>Store each &amp;message as it was received</source>
        <translation>Jede &amp;Nachricht im Original speichern</translation>
    </message>
    <message>
        <source>For looking into it later; the database gets larger</source>
        <translation>Zum späteren Nachsehen; die Datenbank wird größer</translation>
    </message>
    <message>
        <source>The database gets larger</source>
        <translation>Die Datenbank wird größer</translation>
    </message>
</context><context>
    <name>HeatmapSettingsTab</name>
    <message>
        <source>Where the liquidations come from</source>
        <translation>Woher die Liquidationen kommen</translation>
    </message>
    <message>
        <source>&amp;Heat</source>
        <translation>&amp;Heatmap</translation>
    </message>
    <message>
        <source>What is drawn, and how USD become colours</source>
        <translation>Was gezeichnet wird und wie aus USD Farben werden</translation>
    </message>
    <message>
        <source>Cha&amp;rt</source>
        <translation>Cha&amp;rt</translation>
    </message>
    <message>
        <source>What else stands on the chart</source>
        <translation>Was sonst auf dem Chart steht</translation>
    </message>
    <message>
        <source>Recordin&amp;g</source>
        <translation>Aufzeichnun&amp;g</translation>
    </message>
    <message>
        <source>What is recorded, for how long, and how that goes</source>
        <translation>Was aufgezeichnet wird, wie lange, und wie es läuft</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alarme</translation>
    </message>
    <message>
        <source>Which alerts ring, and how they reach you</source>
        <translation>Welche Alarme läuten, und wie sie ankommen</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>und {count} weitere</translation>
    </message>
    <message>
        <source>The settings cannot be read or stored</source>
        <translation>Die Einstellungen lassen sich nicht lesen oder speichern</translation>
    </message>
    <message>
        <source>Could not be applied: {reason}</source>
        <translation>Nicht übernommen: {reason}</translation>
    </message>
    <message>
        <source>Not valid: {settings}</source>
        <translation>Ungültig: {settings}</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>All settings</source>
        <translation>Alle Einstellungen</translation>
    </message>
    <message>
        <source>Rese&amp;t all settings</source>
        <translation>Alles zurückse&amp;tzen</translation>
    </message>
    <message>
        <source>Set every page to its defaults, also what is recorded; Undo brings it back</source>
        <translation>Setzt alle Seiten zurück, auch was aufgezeichnet wird; Rückgängig holt es zurück</translation>
    </message>
    <message>
        <source>{setting}: “{text}” cannot be used</source>
        <translation>{setting}: „{text}“ ist nicht möglich</translation>
    </message>
    <message>
        <source>Data source: Binance USD-M futures, liquidations of {symbols}</source>
        <translation>Datenquelle: Binance USD-M Futures, Liquidationen von {symbols}</translation>
    </message>
    <message>
        <source>Data source: simulated market, liquidations of {symbols}</source>
        <translation>Datenquelle: simulierter Markt, Liquidationen von {symbols}</translation>
    </message>
    <message>
        <source>Data source: a recording, liquidations of {symbols}</source>
        <translation>Datenquelle: eine Aufzeichnung, Liquidationen von {symbols}</translation>
    </message>
    <message>
        <source>all symbols</source>
        <translation>allen Symbolen</translation>
    </message>
    <message>
        <source>{setting}: the stored “{text}” cannot be used</source>
        <translation>{setting}: gespeichertes „{text}“ ist nicht möglich</translation>
    </message>
    <message>
        <source>{setting}: {text} cannot be used</source>
        <translation>{setting}: {text} ist nicht möglich</translation>
    </message>
    <message>
        <source>“{name}” is stored, but no setting of this version</source>
        <translation>„{name}“ ist gespeichert, aber keine Einstellung dieser Version</translation>
    </message>
    <message>
        <source>“{name}” is no setting of this version</source>
        <translation>„{name}“ ist keine Einstellung dieser Version</translation>
    </message>
</context><context>
    <name>IntervalBox</name>
    <message>
        <source>Candle interval</source>
        <translation>Kerzenintervall</translation>
    </message>
    <message>
        <source>Candles of {interval}, Enter</source>
        <translation>Kerzen zu {interval}: Eingabetaste</translation>
    </message>
    <message>
        <source>Possible: {intervals}</source>
        <translation>Möglich: {intervals}</translation>
    </message>
</context><context>
    <name>LastHourLine</name>
    <message>
        <source>{share} of this hour was recorded</source>
        <translation>{share} dieser Stunde wurden aufgezeichnet</translation>
    </message>
    <message>
        <source>1 h at least: longs {longs}, shorts {shorts}</source>
        <translation>1 h mindestens: Longs {longs}, Shorts {shorts}</translation>
    </message>
</context><context>
    <name>LiquidationTape</name>
    <message>
        <source>Tape</source>
        <translation>Ticker</translation>
    </message>
    <message>
        <source>Smallest liquidation in the tape</source>
        <translation>Kleinste Liquidation im Ticker</translation>
    </message>
    <message>
        <source>Leave out smaller liquidations; they are recorded all the same</source>
        <translation>Kleinere auslassen; aufgezeichnet werden sie trotzdem</translation>
    </message>
    <message>
        <source>From {usd}</source>
        <translation>Ab {usd}</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Recording is stopped: nothing new comes</source>
        <translation>Die Aufzeichnung steht: es kommt nichts Neues</translation>
    </message>
    <message>
        <source>No data since {time}</source>
        <translation>Keine Daten seit {time}</translation>
    </message>
    <message>
        <source>Nothing saved since {time}</source>
        <translation>Seit {time} nichts gesichert</translation>
    </message>
    <message>
        <source>Liquidations appear here as they are recorded.</source>
        <translation>Liquidationen erscheinen hier, sobald sie aufgezeichnet sind.</translation>
    </message>
    <message>
        <source>Liquidations from {usd} USD appear here as they are recorded.</source>
        <translation>Liquidationen ab {usd} USD erscheinen hier, sobald sie aufgezeichnet sind.</translation>
    </message>
    <message>
        <source>The chart's symbol is not known.</source>
        <translation>Das Symbol des Charts ist nicht bekannt.</translation>
    </message>
    <message>
        <source>{symbol} is not recorded.</source>
        <translation>{symbol} wird nicht aufgezeichnet.</translation>
    </message>
</context><context>
    <name>LiquidationTotals</name>
    <message>
        <source>Totals</source>
        <translation>Summen</translation>
    </message>
    <message>
        <source>USD, at least</source>
        <translation>USD, mindestens</translation>
    </message>
    <message>
        <source>At least: the exchange reports one liquidation per symbol and second at most, so there may have been more</source>
        <translation>Mindestens: Die Börse meldet höchstens eine Liquidation je Symbol und Sekunde, es können also mehr gewesen sein</translation>
    </message>
</context><context>
    <name>PresentSize</name>
    <message>
        <source>Rows in the pane and columns in the time span, as drawn now</source>
        <translation>Zeilen im Chart und Spalten im Zeitraum, wie jetzt gezeichnet</translation>
    </message>
    <message>
        <source>now {rows} × {columns}</source>
        <translation>jetzt {rows} × {columns}</translation>
    </message>
</context><context>
    <name>Program</name>
    <message>
        <source>Settings and windows are not kept: {file} cannot be written</source>
        <translation>Einstellungen und Fenster werden nicht behalten: {file} ist nicht beschreibbar</translation>
    </message>
</context><context>
    <name>RecordingTimeline</name>
    <message>
        <source>Recording: where the chart stands</source>
        <translation>Aufzeichnung: wo das Chart steht</translation>
    </message>
    <message>
        <source>{time}, not recorded</source>
        <translation>{time}, nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>Nothing recorded yet</source>
        <translation>Noch nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>{time}; recorded from {start} to {end}</source>
        <translation>{time}; aufgezeichnet von {start} bis {end}</translation>
    </message>
</context><context>
    <name>RecordsPage</name>
    <message>
        <source>Less</source>
        <translation>Weniger</translation>
    </message>
    <message>
        <source>More…</source>
        <translation>Mehr…</translation>
    </message>
    <message>
        <source>Settings that are seldom changed</source>
        <translation>Selten geänderte Einstellungen</translation>
    </message>
</context><context>
    <name>ReplayBar</name>
    <message>
        <source>Time shown</source>
        <translation>Gezeigte Zeit</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Back to the run</source>
        <translation>Zurück zum Lauf</translation>
    </message>
    <message>
        <source>Back to live</source>
        <translation>Zurück zu live</translation>
    </message>
    <message>
        <source>{words} ({key})</source>
        <translation>{words} ({key})</translation>
    </message>
    <message>
        <source>This bar looks at what the run has brought so far; the run itself goes on.</source>
        <translation>Diese Leiste zeigt, was der Lauf bisher gebracht hat; der Lauf selbst geht weiter.</translation>
    </message>
    <message>
        <source>One candle forward</source>
        <translation>Eine Kerze vor</translation>
    </message>
    <message>
        <source>One candle back</source>
        <translation>Eine Kerze zurück</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>Schneller</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>Langsamer</translation>
    </message>
    <message>
        <source>Start of the recording</source>
        <translation>Anfang der Aufzeichnung</translation>
    </message>
</context><context>
    <name>ReplayDock</name>
    <message>
        <source>Replay</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>As of a time…</source>
        <translation>Stand zu einer Zeit…</translation>
    </message>
    <message>
        <source>Replay: </source>
        <translation>Wiedergabe: </translation>
    </message>
</context><context>
    <name>ReplaySpeeds</name>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>{speed} times as fast as it was ({keys})</source>
        <translation>{speed}-mal so schnell, wie es war ({keys})</translation>
    </message>
</context><context>
    <name>RetentionConfirmation</name>
    <message>
        <source>What is kept in the database, and what is about to be deleted</source>
        <translation>Was in der Datenbank bleibt und was gelöscht werden soll</translation>
    </message>
    <message>
        <source>Delete &amp;now</source>
        <translation>Jetzt &amp;löschen</translation>
    </message>
    <message>
        <source>Delete what is older for good: neither Undo nor Cancel brings it back</source>
        <translation>Löscht Älteres endgültig: weder Rückgängig noch Abbrechen holt es zurück</translation>
    </message>
    <message>
        <source>Not recording: nothing is deleted</source>
        <translation>Keine Aufzeichnung: nichts wird gelöscht</translation>
    </message>
    <message>
        <source>Counting what that deletes</source>
        <translation>Zählt, was das löscht</translation>
    </message>
    <message>
        <source>Still kept for {kept}. Keeping them for {wanted} deletes {events}: waits for your confirmation.</source>
        <translation>Noch {kept} aufbewahrt. Nur {wanted} aufzubewahren löscht {events}: wartet auf Bestätigung.</translation>
    </message>
    <message>
        <source>{events} deleted</source>
        <translation>{events} gelöscht</translation>
    </message>
    <message>
        <source>Nothing is old enough to be deleted</source>
        <translation>Nichts ist alt genug zum Löschen</translation>
    </message>
    <message>
        <source>Could not be confirmed: {reason}</source>
        <translation>Nicht bestätigt: {reason}</translation>
    </message>
    <message>
        <source>1 day</source>
        <translation>1 Tag</translation>
    </message>
    <message>
        <source>{count} days</source>
        <translation>{count} Tage</translation>
    </message>
    <message>
        <source>1 event</source>
        <translation>1 Ereignis</translation>
    </message>
    <message>
        <source>{count} events</source>
        <translation>{count} Ereignisse</translation>
    </message>
</context><context>
    <name>RuleCount</name>
    <message>
        <source>Counted in what was recorded; it may have rung more often</source>
        <translation>Gezählt in dem, was aufgezeichnet ist; vielleicht hätte es öfter geläutet</translation>
    </message>
    <message>
        <source>No rule is chosen</source>
        <translation>Keine Regel gewählt</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>Wird gezählt…</translation>
    </message>
    <message>
        <source>Not counted: nothing is recorded at present.</source>
        <translation>Nicht gezählt: zurzeit wird nichts aufgezeichnet.</translation>
    </message>
    <message>
        <source>Not counted: the recording cannot be read.</source>
        <translation>Nicht gezählt: die Aufzeichnung ist nicht lesbar.</translation>
    </message>
    <message>
        <source>How often is not known: past levels are not kept.</source>
        <translation>Wie oft, ist unbekannt: frühere Level werden nicht aufbewahrt.</translation>
    </message>
    <message>
        <source>How often is not known: whether this program ran is not kept.</source>
        <translation>Wie oft, ist unbekannt: ob dieses Programm lief, wird nicht aufbewahrt.</translation>
    </message>
    <message>
        <source>How often is not known: less than an hour was recorded.</source>
        <translation>Wie oft, ist unbekannt: es ist weniger als eine Stunde aufgezeichnet.</translation>
    </message>
    <message>
        <source>{times} in the recorded {share} of all {days} days</source>
        <translation>{times} in den aufgezeichneten {share} aller {days} Tage</translation>
    </message>
    <message>
        <source>Would have rung {whole}; nothing of the last 24 h.</source>
        <translation>Hätte geläutet: {whole}; von den letzten 24 h ist nichts dabei.</translation>
    </message>
    <message>
        <source>Would have rung {day} in the recorded {share} of the last 24 h, {whole}.</source>
        <translation>Hätte {day} geläutet in den aufgezeichneten {share} der letzten 24 h, {whole}.</translation>
    </message>
    <message>
        <source>never</source>
        <translation>nie</translation>
    </message>
    <message>
        <source>once</source>
        <translation>einmal</translation>
    </message>
    <message>
        <source>{count} times</source>
        <translation>{count}‑mal</translation>
    </message>
    <message>
        <source>How often is not known: nothing is recorded yet.</source>
        <translation>Wie oft, ist unbekannt: noch ist nichts aufgezeichnet.</translation>
    </message>
    <message>
        <source>How often is not known: {symbol} was never recorded.</source>
        <translation>Wie oft, ist unbekannt: {symbol} wurde nie aufgezeichnet.</translation>
    </message>
</context><context>
    <name>RuleForm</name>
    <message>
        <source>All symbols</source>
        <translation>Alle Symbole</translation>
    </message>
    <message>
        <source>What this rule watches for</source>
        <translation>Worauf diese Regel achtet</translation>
    </message>
    <message>
        <source>One large</source>
        <translation>Große</translation>
    </message>
    <message>
        <source>Cascade</source>
        <translation>Kaskade</translation>
    </message>
    <message>
        <source>Near a level</source>
        <translation>Nah am Level</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Aufzeichnung</translation>
    </message>
    <message>
        <source>What is wrong with the recording</source>
        <translation>Was mit der Aufzeichnung nicht stimmt</translation>
    </message>
    <message>
        <source>Nothing comes</source>
        <translation>Nichts kommt</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Ungesichert</translation>
    </message>
    <message>
        <source>Who was liquidated; either side counts by itself</source>
        <translation>Wer liquidiert wurde; jede Seite zählt für sich</translation>
    </message>
    <message>
        <source>Either side</source>
        <translation>Beide</translation>
    </message>
    <message>
        <source>Longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>Shorts</source>
        <translation>Shorts</translation>
    </message>
    <message>
        <source>An amount, or a multiple of what is liquidated in a usual minute</source>
        <translation>Ein Betrag, oder ein Vielfaches dessen, was in einer üblichen Minute liquidiert wird</translation>
    </message>
    <message>
        <source>USD</source>
        <translation>USD</translation>
    </message>
    <message>
        <source>× usual minute</source>
        <translation>× übliche Minute</translation>
    </message>
    <message>
        <source>Predicted levels, or prices where many were liquidated</source>
        <translation>Vorhergesagte Level, oder Kurse, bei denen viele liquidiert wurden</translation>
    </message>
    <message>
        <source>Predicted</source>
        <translation>Vorhergesagt</translation>
    </message>
    <message>
        <source>Cluster</source>
        <translation>Cluster</translation>
    </message>
    <message>
        <source>One symbol, or each recorded one by itself</source>
        <translation>Ein Symbol, oder jedes aufgezeichnete für sich</translation>
    </message>
    <message>
        <source> s</source>
        <translation> s</translation>
    </message>
    <message>
        <source>From this amount on it rings; amounts are lower bounds</source>
        <translation>Ab diesem Betrag läutet es; Beträge sind Untergrenzen</translation>
    </message>
    <message>
        <source>A multiple of what is liquidated of the symbol in a usual minute</source>
        <translation>Ein Vielfaches dessen, was vom Symbol in einer üblichen Minute liquidiert wird</translation>
    </message>
    <message>
        <source>Within this time they add up</source>
        <translation>In dieser Zeit zählen sie zusammen</translation>
    </message>
    <message>
        <source>At least so many of one symbol and side</source>
        <translation>Mindestens so viele eines Symbols und einer Seite</translation>
    </message>
    <message>
        <source>It rings after this time</source>
        <translation>Nach dieser Zeit läutet es</translation>
    </message>
    <message>
        <source>How near the price comes, in percent of it</source>
        <translation>Wie nah der Kurs kommt, in Prozent des Kurses</translation>
    </message>
    <message>
        <source> %</source>
        <translation> %</translation>
    </message>
    <message>
        <source>It does not ring again so soon, for the same symbol and side</source>
        <translation>So bald läutet es nicht wieder, für dasselbe Symbol und dieselbe Seite</translation>
    </message>
    <message>
        <source> min</source>
        <translation> min</translation>
    </message>
    <message>
        <source>&amp;Tell me about</source>
        <translation>&amp;Melde</translation>
    </message>
    <message>
        <source>&amp;When</source>
        <translation>&amp;Wenn</translation>
    </message>
    <message>
        <source>for</source>
        <translation>seit</translation>
    </message>
    <message>
        <source>S&amp;ymbol and side</source>
        <translation>S&amp;ymbol und Seite</translation>
    </message>
    <message>
        <source>At &amp;least</source>
        <translation>Mindes&amp;tens</translation>
    </message>
    <message>
        <source>W&amp;ithin</source>
        <translation>&amp;Innerhalb</translation>
    </message>
    <message>
        <source>from</source>
        <translation>ab</translation>
    </message>
    <message>
        <source>or more</source>
        <translation>Stück</translation>
    </message>
    <message>
        <source>Ne&amp;arer than</source>
        <translation>Näh&amp;er als</translation>
    </message>
    <message>
        <source>Then &amp;quiet for</source>
        <translation>Danach R&amp;uhe</translation>
    </message>
</context><context>
    <name>Segments</name>
    <message>
        <source>More of them</source>
        <translation>Weitere</translation>
    </message>
    <message>
        <source>More: {name}</source>
        <translation>Weitere: {name}</translation>
    </message>
</context><context>
    <name>SettingsDock</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Axes and look</source>
        <translation>Achsen und Aussehen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context><context>
    <name>State</name>
    <message>
        <source>Invented market. Live data replace it as soon as they come</source>
        <translation>Erfundener Markt; echte Daten ersetzen ihn, sobald sie kommen</translation>
    </message>
    <message>
        <source>Data come, but not at this computer's time; hatched until it is clear which clock is wrong</source>
        <translation>Daten kommen, aber nicht zur Zeit dieses Computers; schraffiert, bis klar ist, welche Uhr falsch geht</translation>
    </message>
    <message>
        <source>Waiting for the exchange's first data</source>
        <translation>Wartet auf die ersten Daten der Börse</translation>
    </message>
    <message>
        <source>Replay</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Shown as it was known then. Alerts do not ring.</source>
        <translation>Stand von damals. Alarme läuten nicht.</translation>
    </message>
    <message>
        <source>Invented market to look around in. Nothing of it is real</source>
        <translation>Erfundener Markt zum Umsehen. Nichts davon ist echt</translation>
    </message>
    <message>
        <source>Invented market: this computer has no network; live data replace it by themselves</source>
        <translation>Erfundener Markt: Dieser Computer hat kein Netz; echte Daten ersetzen ihn von selbst</translation>
    </message>
    <message>
        <source>Invented market: the exchange has not answered, still trying; live data replace it by themselves</source>
        <translation>Erfundener Markt: Die Börse antwortet nicht, Versuche laufen; echte Daten ersetzen ihn von selbst</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>Live</translation>
    </message>
    <message>
        <source>Nothing recorded yet. Past liquidations cannot be fetched. From now on the chart fills by itself.</source>
        <translation>Noch nichts aufgezeichnet. Vergangene Liquidationen sind nicht abrufbar. Ab jetzt füllt sich das Chart von selbst.</translation>
    </message>
    <message>
        <source>Show predicted levels</source>
        <translation>Vorhergesagte Level zeigen</translation>
    </message>
    <message>
        <source>Quiet</source>
        <translation>Ruhig</translation>
    </message>
    <message>
        <source>Not proven</source>
        <translation>Unbelegt</translation>
    </message>
    <message>
        <source>Standby</source>
        <translation>Bereitschaft</translation>
    </message>
    <message>
        <source>Blind</source>
        <translation>Blind</translation>
    </message>
    <message>
        <source>The exchange sends nothing of {symbol}; other symbols are recorded</source>
        <translation>Die Börse sendet nichts von {symbol}; andere Symbole werden aufgezeichnet</translation>
    </message>
    <message>
        <source>The exchange sends nothing of {symbol}. Is that its name?</source>
        <translation>Die Börse sendet nichts von {symbol}. Heißt es so?</translation>
    </message>
    <message>
        <source>Nothing of {symbol} comes since {time}; the exchange sends others</source>
        <translation>Seit {time} kommt nichts von {symbol}; die Börse sendet andere</translation>
    </message>
    <message>
        <source>Nothing of {symbol} comes since {time}, while the exchange sends others. It may no longer be traded.</source>
        <translation>Seit {time} kommt nichts von {symbol}, während die Börse andere sendet. Vielleicht wird es nicht mehr gehandelt.</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Verbindet</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>This program does not record at present</source>
        <translation>Dieses Programm zeichnet zurzeit nicht auf</translation>
    </message>
    <message>
        <source>Nothing has come from the exchange yet; connecting, attempt {attempt}</source>
        <translation>Von der Börse kam noch nichts; verbindet, Versuch {attempt}</translation>
    </message>
    <message>
        <source>Nothing has come from the exchange yet. What happens meanwhile is missed for good.</source>
        <translation>Von der Börse kam noch nichts. Was inzwischen geschieht, fehlt für immer.</translation>
    </message>
    <message>
        <source>Nothing recorded since {time}; connecting again, attempt {attempt}</source>
        <translation>Seit {time} nichts aufgezeichnet; verbindet neu, Versuch {attempt}</translation>
    </message>
    <message>
        <source>Nothing has come from the exchange since {time}. What happens meanwhile is missed for good.</source>
        <translation>Seit {time} kommt nichts von der Börse. Was inzwischen geschieht, fehlt für immer.</translation>
    </message>
    <message>
        <source>Check the connection</source>
        <translation>Verbindung prüfen</translation>
    </message>
    <message>
        <source>No network. Recording begins by itself when it is there.</source>
        <translation>Kein Netz. Die Aufzeichnung beginnt von selbst, sobald es da ist.</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>This computer has no network; nothing is recorded until it is back</source>
        <translation>Dieser Computer hat kein Netz; bis dahin wird nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>The exchange does not serve this place (HTTP {status}); nothing is recorded</source>
        <translation>Die Börse bedient diesen Ort nicht (HTTP {status}); nichts wird aufgezeichnet</translation>
    </message>
    <message>
        <source>The exchange does not serve this place (HTTP {status}). Look at a simulated market meanwhile.</source>
        <translation>Die Börse bedient diesen Ort nicht (HTTP {status}). Solange Simulation ansehen.</translation>
    </message>
    <message>
        <source>The exchange refuses this computer (HTTP {status}); nothing is recorded</source>
        <translation>Die Börse weist diesen Computer ab (HTTP {status}); nichts wird aufgezeichnet</translation>
    </message>
    <message>
        <source>The exchange refuses this computer for now (HTTP {status}). The program waits and tries again by itself.</source>
        <translation>Die Börse weist diesen Computer vorerst ab (HTTP {status}). Das Programm wartet und versucht es von selbst erneut.</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Ungesichert</translation>
    </message>
    <message>
        <source>Open data folder</source>
        <translation>Datenordner öffnen</translation>
    </message>
    <message>
        <source>The disk is full; {count} liquidations wait in memory</source>
        <translation>Der Datenträger ist voll; {count} Liquidationen warten im Speicher</translation>
    </message>
    <message>
        <source>The disk is full: {count} liquidations are in memory only and would be lost if this program ended.</source>
        <translation>Der Datenträger ist voll: {count} Liquidationen sind nur im Speicher und gingen beim Beenden verloren.</translation>
    </message>
    <message>
        <source>{count} liquidations wait in memory: {reason}</source>
        <translation>{count} Liquidationen warten im Speicher: {reason}</translation>
    </message>
    <message>
        <source>The database cannot be written: {count} liquidations are in memory only and would be lost if this program ended.</source>
        <translation>Die Datenbank lässt sich nicht schreiben: {count} Liquidationen sind nur im Speicher und gingen beim Beenden verloren.</translation>
    </message>
    <message>
        <source>Not recorded</source>
        <translation>Nicht erfasst</translation>
    </message>
    <message>
        <source>{count} d</source>
        <translation>{count} T</translation>
    </message>
    <message>
        <source>Simulated</source>
        <translation>Simuliert</translation>
    </message>
    <message>
        <source>A past market, played from files. Alerts do not ring. Live data are not recorded meanwhile.</source>
        <translation>Ein vergangener Markt, aus Dateien abgespielt. Alarme läuten nicht. Live-Daten werden dabei nicht aufgezeichnet.</translation>
    </message>
    <message>
        <source>Recording goes on.</source>
        <translation>Die Aufzeichnung läuft weiter.</translation>
    </message>
    <message>
        <source>Recording {symbol} since {time}, last liquidation {span} ago</source>
        <translation>{symbol} wird seit {time} aufgezeichnet, letzte Liquidation vor {span}</translation>
    </message>
    <message>
        <source>Recording {symbol} since {time}, none liquidated yet</source>
        <translation>{symbol} wird seit {time} aufgezeichnet, noch keine Liquidation</translation>
    </message>
    <message>
        <source>Connected and recording; no {symbol} liquidation for {span}, other symbols come in</source>
        <translation>Verbunden, zeichnet auf; seit {span} keine {symbol}-Liquidation, andere Symbole kommen an</translation>
    </message>
    <message>
        <source>Connected, but no liquidation of any symbol for {span}; hatched lightly until one comes</source>
        <translation>Verbunden, aber seit {span} keine Liquidation irgendeines Symbols; bis dahin leicht schraffiert</translation>
    </message>
    <message>
        <source>Another program records {symbol}; this window shows it and takes over when that one ends</source>
        <translation>Ein anderes Programm zeichnet {symbol} auf; dieses zeigt es und übernimmt, wenn jenes endet</translation>
    </message>
    <message>
        <source>Show simulated market</source>
        <translation>Simulation zeigen</translation>
    </message>
    <message>
        <source>The disk is full; what comes now waits in memory</source>
        <translation>Der Datenträger ist voll; was jetzt kommt, wartet im Speicher</translation>
    </message>
    <message>
        <source>The disk is full: what comes now is in memory only and would be lost if this program ended.</source>
        <translation>Der Datenträger ist voll: Was jetzt kommt, ist nur im Speicher und ginge beim Beenden verloren.</translation>
    </message>
    <message>
        <source>What comes now waits in memory: {reason}</source>
        <translation>Was jetzt kommt, wartet im Speicher: {reason}</translation>
    </message>
    <message>
        <source>The database cannot be written: what comes now is in memory only and would be lost if this program ended.</source>
        <translation>Die Datenbank lässt sich nicht schreiben: Was jetzt kommt, ist nur im Speicher und ginge beim Beenden verloren.</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} min</translation>
    </message>
    <message>
        <source>{count} h</source>
        <translation>{count} h</translation>
    </message>
    <message>
        <source>As of {time}</source>
        <translation>Stand {time}</translation>
    </message>
    <message>
        <source>Stopped there, as it was known then.</source>
        <translation>Dort angehalten, wie es damals bekannt war.</translation>
    </message>
    <message>
        <source>Invented market: the exchange refuses this computer (HTTP {status}), still trying; live data replace it by themselves</source>
        <translation>Erfundener Markt: Die Börse lehnt diesen Computer ab (HTTP {status}), Versuche laufen; echte Daten ersetzen ihn von selbst</translation>
    </message>
    <message>
        <source>The program that records has stored nothing since {time}</source>
        <translation>Das aufzeichnende Programm hat seit {time} nichts gespeichert</translation>
    </message>
    <message>
        <source>The program that records has stored nothing since {time}. End it, and this window goes on in its place.</source>
        <translation>Das aufzeichnende Programm hat seit {time} nichts gespeichert. Wird es beendet, macht dieses Fenster an seiner Stelle weiter.</translation>
    </message>
    <message>
        <source>Waiting for the exchange's first data, {span}</source>
        <translation>Wartet auf die ersten Daten der Börse, {span}</translation>
    </message>
    <message>
        <source>No network. Candles and liquidations stand still at {time}; recording goes on by itself when it is back.</source>
        <translation>Kein Netz. Kerzen und Liquidationen stehen bei {time}; danach geht es von selbst weiter.</translation>
    </message>
    <message>
        <source>{symbol} is not recorded; only predicted levels can be shown</source>
        <translation>{symbol} wird nicht aufgezeichnet; nur vorhergesagte Level sind möglich</translation>
    </message>
    <message>
        <source>{symbol} is not recorded. Past liquidations cannot be fetched.</source>
        <translation>{symbol} wird nicht aufgezeichnet. Vergangene Liquidationen sind nicht abrufbar.</translation>
    </message>
    <message>
        <source>Record {symbol} too</source>
        <translation>{symbol} auch aufzeichnen</translation>
    </message>
</context><context>
    <name>Status</name>
    <message>
        <source>The other program does not record {names}</source>
        <translation>Das andere Programm zeichnet {names} nicht auf</translation>
    </message>
    <message>
        <source>Not recording</source>
        <translation>Keine Aufzeichnung</translation>
    </message>
    <message>
        <source>Quiet: connected, but no liquidation of any symbol</source>
        <translation>Ruhig: verbunden, aber keine Liquidation irgendeines Symbols</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>no connection</source>
        <translation>keine Verbindung</translation>
    </message>
    <message>
        <source>connecting</source>
        <translation>verbindet</translation>
    </message>
    <message>
        <source>connected, but no data yet</source>
        <translation>verbunden, aber noch keine Daten</translation>
    </message>
    <message>
        <source>Blind: {state} ({reason})</source>
        <translation>Blind: {state} ({reason})</translation>
    </message>
    <message>
        <source>Recording: this program writes the database</source>
        <translation>Zeichnet auf: dieses Programm schreibt die Datenbank</translation>
    </message>
    <message>
        <source>Standby: another program records; this one takes over when that ends</source>
        <translation>Bereitschaft: ein anderes Programm zeichnet auf; dieses übernimmt, wenn jenes endet</translation>
    </message>
    <message>
        <source>Stopped: this program does not record</source>
        <translation>Angehalten: dieses Programm zeichnet nicht auf</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>the heatmap is switched off</source>
        <translation>die Heatmap ist ausgeschaltet</translation>
    </message>
    <message>
        <source>waiting for the page's chart</source>
        <translation>wartet auf das Chart der Seite</translation>
    </message>
    <message>
        <source>the page has not named its symbol</source>
        <translation>die Seite hat ihr Symbol nicht genannt</translation>
    </message>
    <message>
        <source>not recorded</source>
        <translation>nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>no candles yet, or too small to draw on</source>
        <translation>noch keine Kerzen, oder zu klein zum Zeichnen</translation>
    </message>
    <message>
        <source>failed, trying again</source>
        <translation>fehlgeschlagen, neuer Versuch folgt</translation>
    </message>
    <message>
        <source>building</source>
        <translation>entsteht</translation>
    </message>
    <message>
        <source>drawn</source>
        <translation>gezeichnet</translation>
    </message>
    <message>
        <source>Blind: {state}</source>
        <translation>Blind: {state}</translation>
    </message>
    <message>
        <source>Not written: {reason}</source>
        <translation>Nicht geschrieben: {reason}</translation>
    </message>
    <message>
        <source>No mark price for {names}: is the symbol right?</source>
        <translation>Kein Mark-Preis für {names}: stimmt das Symbol?</translation>
    </message>
    <message>
        <source>Events lost because the queue was full: {count}</source>
        <translation>Verlorene Ereignisse, die Warteschlange war voll: {count}</translation>
    </message>
</context><context>
    <name>StatusBar</name>
    <message>
        <source>Auto</source>
        <translation>Auto</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>Time of the chart and its zone; a click changes the zone</source>
        <translation>Zeit des Charts und ihre Zone; ein Klick wechselt die Zone</translation>
    </message>
    <message>
        <source>Time of the chart</source>
        <translation>Zeit des Charts</translation>
    </message>
    <message>
        <source>This computer's ({zone})</source>
        <translation>Die dieses Computers ({zone})</translation>
    </message>
</context><context>
    <name>StatusLine</name>
    <message>
        <source>1 h at least: longs {longs}, shorts {shorts}</source>
        <translation>1 h mindestens: Longs {longs}, Shorts {shorts}</translation>
    </message>
    <message>
        <source>{market} - Heatmap</source>
        <translation>{market} - Heatmap</translation>
    </message>
    <message>
        <source>{symbol}: {word}</source>
        <translation>{symbol}: {word}</translation>
    </message>
    <message>
        <source>{symbol}  connecting…</source>
        <translation>{symbol}  verbindet…</translation>
    </message>
    <message>
        <source>The run waits at {time}; Space resumes it</source>
        <translation>Der Lauf steht bei {time}; die Leertaste setzt ihn fort</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>{source}: {state}</source>
        <translation>{source}: {state}</translation>
    </message>
    <message>
        <source>New liquidations since the start: {count}</source>
        <translation>Neue Liquidationen seit dem Start: {count}</translation>
    </message>
    <message>
        <source>{words}, last {time}</source>
        <translation>{words}, letzte {time}</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>connecting</source>
        <translation>verbindet</translation>
    </message>
    <message>
        <source>connected, no data yet</source>
        <translation>verbunden, noch keine Daten</translation>
    </message>
    <message>
        <source>live</source>
        <translation>live</translation>
    </message>
    <message>
        <source>blind</source>
        <translation>blind</translation>
    </message>
    <message>
        <source>{state} ({reason})</source>
        <translation>{state} ({reason})</translation>
    </message>
    <message>
        <source>{state}: {title}</source>
        <translation>{state}: {title}</translation>
    </message>
    <message>
        <source>no candles of {symbols} here</source>
        <translation>hier keine Kerzen von {symbols}</translation>
    </message>
    <message>
        <source>{source}: not recording</source>
        <translation>{source}: keine Aufzeichnung</translation>
    </message>
    <message>
        <source>{words} since {time}</source>
        <translation>{words} seit {time}</translation>
    </message>
    <message>
        <source>{words}, no liquidation yet</source>
        <translation>{words}, noch keine Liquidation</translation>
    </message>
    <message>
        <source>Events to delete once you confirm it in the settings: {count}</source>
        <translation>Ereignisse, die nach Bestätigung in den Einstellungen gelöscht werden: {count}</translation>
    </message>
    <message>
        <source>stored {count}/min</source>
        <translation>{count}/min gespeichert</translation>
    </message>
    <message>
        <source>built in {time} ms</source>
        <translation>Aufbau {time} ms</translation>
    </message>
    <message>
        <source>sent {size} kB</source>
        <translation>{size} kB gesendet</translation>
    </message>
    <message>
        <source>painted in {time} ms, {frames} frames/s</source>
        <translation>gezeichnet in {time} ms, {frames} Bilder/s</translation>
    </message>
</context><context>
    <name>StatusPanel</name>
    <message>
        <source>Connection</source>
        <translation>Verbindung</translation>
    </message>
    <message>
        <source>Whether data come from the exchange, and since when</source>
        <translation>Ob Daten von der Börse kommen, und seit wann</translation>
    </message>
    <message>
        <source>Last liquidation</source>
        <translation>Letzte Liquidation</translation>
    </message>
    <message>
        <source>When the newest recorded one happened</source>
        <translation>Wann die neueste aufgezeichnete war</translation>
    </message>
    <message>
        <source>Last 24 h</source>
        <translation>Letzte 24 h</translation>
    </message>
    <message>
        <source>How much of the last 24 hours was recorded, and the longest hole in it</source>
        <translation>Wie viel der letzten 24 Stunden aufgezeichnet ist, und die längste Lücke darin</translation>
    </message>
    <message>
        <source>This program</source>
        <translation>Dieses Programm</translation>
    </message>
    <message>
        <source>Only one recorder writes a database</source>
        <translation>Nur ein Programm schreibt eine Datenbank</translation>
    </message>
    <message>
        <source>Database</source>
        <translation>Datenbank</translation>
    </message>
    <message>
        <source>Where the recorded events are</source>
        <translation>Wo die aufgezeichneten Ereignisse liegen</translation>
    </message>
    <message>
        <source>Charts</source>
        <translation>Charts</translation>
    </message>
    <message>
        <source>What each chart with a heatmap shows, and whether it is drawn or why not</source>
        <translation>Was jedes Chart mit Heatmap zeigt und ob sie gezeichnet ist, oder warum nicht</translation>
    </message>
    <message>
        <source>Attention</source>
        <translation>Achtung</translation>
    </message>
    <message>
        <source>What is wrong at present</source>
        <translation>Was zurzeit nicht stimmt</translation>
    </message>
    <message>
        <source>Last error</source>
        <translation>Letzter Fehler</translation>
    </message>
    <message>
        <source>Stays here after it is over</source>
        <translation>Bleibt stehen, auch wenn er vorbei ist</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Seit</translation>
    </message>
    <message>
        <source>Recorded today</source>
        <translation>Heute aufgezeichnet</translation>
    </message>
    <message>
        <source>Database size</source>
        <translation>Größe der Datenbank</translation>
    </message>
    <message>
        <source>Stored</source>
        <translation>Gespeichert</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>Aufbau</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>Aktualisierung</translation>
    </message>
    <message>
        <source>Sent</source>
        <translation>Gesendet</translation>
    </message>
    <message>
        <source>Paint</source>
        <translation>Zeichnen</translation>
    </message>
    <message>
        <source>Frames</source>
        <translation>Einzelbilder</translation>
    </message>
    <message>
        <source>Copy &amp;status for support</source>
        <translation>&amp;Status für Support kopieren</translation>
    </message>
    <message>
        <source>Copy the state and what recording and drawing take, as text</source>
        <translation>Kopiert den Zustand und die Messwerte als Text</translation>
    </message>
    <message>
        <source>{state}, since {time}</source>
        <translation>{state}, seit {time}</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <source>nothing recorded yet</source>
        <translation>noch nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>{share} % recorded, without a hole</source>
        <translation>{share} % erfasst, ohne Lücke</translation>
    </message>
    <message>
        <source>{share} % recorded; longest hole {length}, before the first start</source>
        <translation>{share} % erfasst; längste Lücke {length}, vor dem ersten Start</translation>
    </message>
    <message>
        <source>{share} % recorded; longest hole {length}, from {time} UTC</source>
        <translation>{share} % erfasst; längste Lücke {length}, ab {time} UTC</translation>
    </message>
    <message>
        <source>{symbol}: {state}</source>
        <translation>{symbol}: {state}</translation>
    </message>
    <message>
        <source>Alerts by {way}</source>
        <translation>Alarme über {way}</translation>
    </message>
    <message>
        <source>{count} a minute</source>
        <translation>{count} je Minute</translation>
    </message>
    <message>
        <source>{count} a second</source>
        <translation>{count} je Sekunde</translation>
    </message>
    <message>
        <source>{time} UTC, {span} ago</source>
        <translation>{time} UTC, vor {span}</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} min</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} h {minutes} min</translation>
    </message>
    <message>
        <source>{count} days</source>
        <translation>{count} Tagen</translation>
    </message>
    <message>
        <source>{count} ms</source>
        <translation>{count} ms</translation>
    </message>
    <message>
        <source>O&amp;pen folder</source>
        <translation>Ordner &amp;öffnen</translation>
    </message>
    <message>
        <source>Show the folder of the database</source>
        <translation>Zeigt den Ordner der Datenbank</translation>
    </message>
</context><context>
    <name>SymbolBox</name>
    <message>
        <source>Symbol</source>
        <translation>Symbol</translation>
    </message>
    <message>
        <source>Search…</source>
        <translation>Suchen…</translation>
    </message>
</context><context>
    <name>SymbolCard</name>
    <message>
        <source>All symbols</source>
        <translation>Alle Symbole</translation>
    </message>
    <message>
        <source>Recorded from now on, until you stop it</source>
        <translation>Wird aufgezeichnet, bis es hier beendet wird</translation>
    </message>
    <message>
        <source>How much of it is in the database</source>
        <translation>Wie viel davon in der Datenbank ist</translation>
    </message>
    <message>
        <source>Stop recording</source>
        <translation>Aufzeichnung beenden</translation>
    </message>
    <message>
        <source>Stop recording {symbol}</source>
        <translation>Aufzeichnung von {symbol} beenden</translation>
    </message>
    <message>
        <source>One symbol at least is recorded: add another one first</source>
        <translation>Mindestens ein Symbol wird aufgezeichnet: erst ein anderes hinzufügen</translation>
    </message>
    <message>
        <source>What was recorded of it stays in the database</source>
        <translation>Was davon aufgezeichnet ist, bleibt in der Datenbank</translation>
    </message>
</context><context>
    <name>SymbolCards</name>
    <message>
        <source>whatever the exchange lists</source>
        <translation>was immer die Börse führt</translation>
    </message>
    <message>
        <source>nothing recorded yet</source>
        <translation>noch nichts aufgezeichnet</translation>
    </message>
    <message>
        <source>since {time}, 1 liquidation</source>
        <translation>seit {time}, 1 Liquidation</translation>
    </message>
    <message>
        <source>since {time}, {count} liquidations</source>
        <translation>seit {time}, {count} Liquidationen</translation>
    </message>
</context><context>
    <name>SymbolRows</name>
    <message>
        <source>Recorded symbols</source>
        <translation>Aufgezeichnete Symbole</translation>
    </message>
    <message>
        <source>&amp;All symbols of the exchange</source>
        <translation>&amp;Alle Symbole der Börse</translation>
    </message>
    <message>
        <source>Record every symbol; the database grows faster</source>
        <translation>Jedes Symbol aufzeichnen; die Datenbank wächst schneller</translation>
    </message>
</context><context>
    <name>TabFooter</name>
    <message>
        <source>What could not be used</source>
        <translation>Was nicht verwendet werden konnte</translation>
    </message>
    <message>
        <source>Changes show at once.</source>
        <translation>Änderungen gelten sofort.</translation>
    </message>
    <message>
        <source>Changes apply at once and are saved</source>
        <translation>Änderungen gelten sofort und werden gespeichert</translation>
    </message>
    <message>
        <source>&amp;Defaults</source>
        <translation>Stan&amp;dard</translation>
    </message>
    <message>
        <source>Set what stands on this page to its defaults</source>
        <translation>Setzt diese Seite auf die Standardwerte</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>R&amp;ückgängig</translation>
    </message>
    <message>
        <source>Take back the last change; again, the one before it</source>
        <translation>Nimmt die letzte Änderung zurück; noch einmal, die davor</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>Close, unless something entered cannot be used</source>
        <translation>Schließt, außer ein Eintrag ist nicht möglich</translation>
    </message>
</context><context>
    <name>TakeAlong</name>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>Write all settings to a file, as JSON</source>
        <translation>Schreibt alle Einstellungen als JSON in eine Datei</translation>
    </message>
    <message>
        <source>&amp;Import…</source>
        <translation>&amp;Importieren…</translation>
    </message>
    <message>
        <source>Read settings from such a file; Undo takes them back</source>
        <translation>Liest Einstellungen aus so einer Datei; Rückgängig nimmt sie zurück</translation>
    </message>
    <message>
        <source>Result of the last export or import</source>
        <translation>Ergebnis des letzten Exports oder Imports</translation>
    </message>
    <message>
        <source>{file}: {reason}</source>
        <translation>{file}: {reason}</translation>
    </message>
    <message>
        <source>Written to {file}</source>
        <translation>Geschrieben nach {file}</translation>
    </message>
    <message>
        <source>{file}: {reason}. Nothing was changed.</source>
        <translation>{file}: {reason}. Nichts wurde geändert.</translation>
    </message>
    <message>
        <source>{file}: {count} changed</source>
        <translation>{file}: {count} geändert</translation>
    </message>
    <message>
        <source>Alert rules: {count}</source>
        <translation>Alarmregeln: {count}</translation>
    </message>
    <message>
        <source>and {count} more that cannot be used</source>
        <translation>und {count} weitere, die nicht möglich sind</translation>
    </message>
    <message>
        <source>An alert rule cannot be used: {rule}</source>
        <translation>Eine Alarmregel ist nicht verwendbar: {rule}</translation>
    </message>
    <message>
        <source>Export settings</source>
        <translation>Einstellungen exportieren</translation>
    </message>
    <message>
        <source>Import settings</source>
        <translation>Einstellungen importieren</translation>
    </message>
    <message>
        <source>Settings (*.json)</source>
        <translation>Einstellungen (*.json)</translation>
    </message>
</context><context>
    <name>TapeModel</name>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Side</source>
        <translation>Seite</translation>
    </message>
    <message>
        <source>Price</source>
        <translation>Kurs</translation>
    </message>
    <message>
        <source>USD, at least</source>
        <translation>USD, mind.</translation>
    </message>
    <message>
        <source>Long</source>
        <translation>Long</translation>
    </message>
    <message>
        <source>Short</source>
        <translation>Short</translation>
    </message>
    <message>
        <source>{time}. Enter shows it on the chart</source>
        <translation>{time}. Die Eingabetaste zeigt es auf dem Chart</translation>
    </message>
</context><context>
    <name>TapeView</name>
    <message>
        <source>Liquidations, the newest first</source>
        <translation>Liquidationen, die neuesten zuerst</translation>
    </message>
</context><context>
    <name>ToolBar</name>
    <message>
        <source>Tool bar</source>
        <translation>Werkzeugleiste</translation>
    </message>
    <message>
        <source>Heat</source>
        <translation>Heat</translation>
    </message>
    <message>
        <source>Auto {interval}</source>
        <translation>Auto {interval}</translation>
    </message>
    <message>
        <source>Candles</source>
        <translation>Kerzen</translation>
    </message>
    <message>
        <source>Candle interval</source>
        <translation>Kerzenintervall</translation>
    </message>
    <message>
        <source>Auto</source>
        <translation>Auto</translation>
    </message>
</context><context>
    <name>TotalsFigures</name>
    <message>
        <source>Totals of liquidations, USD, at least</source>
        <translation>Summen der Liquidationen, USD, mindestens</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Erfasst</translation>
    </message>
    <message>
        <source>{hours} h</source>
        <translation>{hours} h</translation>
    </message>
    <message>
        <source>{span}: longs {longs}, shorts {shorts}, recorded {share}</source>
        <translation>{span}: Longs {longs}, Shorts {shorts}, erfasst {share}</translation>
    </message>
    <message>
        <source>Longs</source>
        <translation>Longs</translation>
    </message>
    <message>
        <source>Shorts</source>
        <translation>Shorts</translation>
    </message>
</context><context>
    <name>Troubles</name>
    <message>
        <source>Another program records into {database}: record {symbol} there</source>
        <translation>Ein anderes Programm zeichnet in {database} auf: {symbol} dort aufzeichnen</translation>
    </message>
</context><context>
    <name>WayRows</name>
    <message>
        <source>No address yet</source>
        <translation>Noch keine Adresse</translation>
    </message>
    <message>
        <source>Whether alerts of this rule go there</source>
        <translation>Ob Alarme dieser Regel dorthin gehen</translation>
    </message>
    <message>
        <source>Send a test</source>
        <translation>Test senden</translation>
    </message>
    <message>
        <source>Send one message now and show the result</source>
        <translation>Jetzt eine Nachricht senden und das Ergebnis zeigen</translation>
    </message>
    <message>
        <source>Result of the test, or why this cannot be used</source>
        <translation>Ergebnis des Tests, oder warum es nicht geht</translation>
    </message>
    <message>
        <source>This program shows alerts only in its window</source>
        <translation>Dieses Programm zeigt Alarme nur in seinem Fenster</translation>
    </message>
    <message>
        <source>An https address; it stays on this computer and is shown masked</source>
        <translation>Eine https-Adresse; sie bleibt auf diesem Computer und wird nur verdeckt gezeigt</translation>
    </message>
    <message>
        <source>Telegram, Discord, mail: as apprise writes it, such as tgram://token/chat</source>
        <translation>Telegram, Discord, Mail: wie apprise es schreibt, etwa tgram://token/chat</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>Delete the address, and its key, from this computer</source>
        <translation>Die Adresse und ihren Schlüssel von diesem Computer löschen</translation>
    </message>
    <message>
        <source>Proves to the receiver that a message is from here: HMAC-SHA256, 16 characters or more</source>
        <translation>Beweist dem Empfänger, dass eine Nachricht von hier kommt: HMAC-SHA256, mindestens 16 Zeichen</translation>
    </message>
    <message>
        <source>Not here: settings are not saved</source>
        <translation>Hier nicht: Einstellungen werden nicht gespeichert</translation>
    </message>
    <message>
        <source>Looking at the address…</source>
        <translation>Die Adresse wird geprüft…</translation>
    </message>
    <message>
        <source>W&amp;ebhook</source>
        <translation>We&amp;bhook</translation>
    </message>
    <message>
        <source>Ser&amp;vice</source>
        <translation>Dien&amp;st</translation>
    </message>
    <message>
        <source>Not here: {reason}</source>
        <translation>Hier nicht: {reason}</translation>
    </message>
    <message>
        <source>Signing &amp;key</source>
        <translation>Signaturschlüsse&amp;l</translation>
    </message>
    <message>
        <source>Not signed</source>
        <translation>Ohne Signatur</translation>
    </message>
    <message>
        <source>Sending…</source>
        <translation>Wird gesendet…</translation>
    </message>
    <message>
        <source>It has arrived</source>
        <translation>Angekommen</translation>
    </message>
    <message>
        <source>Deskto&amp;p notification</source>
        <translation>Deskto&amp;p-Benachrichtigung</translation>
    </message>
    <message>
        <source>&amp;Sound</source>
        <translation>T&amp;on</translation>
    </message>
    <message>
        <source>It was shown</source>
        <translation>Wurde angezeigt</translation>
    </message>
    <message>
        <source>It was played</source>
        <translation>Wurde abgespielt</translation>
    </message>
    <message>
        <source>Failed: {reason}</source>
        <translation>Fehlgeschlagen: {reason}</translation>
    </message>
</context><context>
    <name>WindowActions</name>
    <message>
        <source>Menu</source>
        <translation>Menü</translation>
    </message>
    <message>
        <source>Heat</source>
        <translation>Heatmap</translation>
    </message>
    <message>
        <source>Price scale</source>
        <translation>Kursachse</translation>
    </message>
    <message>
        <source>New window</source>
        <translation>Neues Fenster</translation>
    </message>
    <message>
        <source>Close window</source>
        <translation>Fenster schließen</translation>
    </message>
    <message>
        <source>Save picture…</source>
        <translation>Bild speichern…</translation>
    </message>
    <message>
        <source>Copy picture</source>
        <translation>Bild kopieren</translation>
    </message>
    <message>
        <source>Find symbol…</source>
        <translation>Symbol suchen…</translation>
    </message>
    <message>
        <source>Record this symbol too</source>
        <translation>Dieses Symbol auch aufzeichnen</translation>
    </message>
    <message>
        <source>Show the heatmap</source>
        <translation>Heatmap zeigen</translation>
    </message>
    <message>
        <source>Show or hide the heatmap; recording goes on either way</source>
        <translation>Heatmap zeigen oder verbergen; die Aufzeichnung läuft weiter</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Aufgezeichnet</translation>
    </message>
    <message>
        <source>Predicted</source>
        <translation>Vorhergesagt</translation>
    </message>
    <message>
        <source>Recorded and predicted</source>
        <translation>Aufgezeichnet und vorhergesagt</translation>
    </message>
    <message>
        <source>Shorter heat span</source>
        <translation>Kürzerer Heatmap-Zeitraum</translation>
    </message>
    <message>
        <source>Longer heat span</source>
        <translation>Längerer Heatmap-Zeitraum</translation>
    </message>
    <message>
        <source>Go to now</source>
        <translation>Zur neuesten Kerze</translation>
    </message>
    <message>
        <source>Reset the view</source>
        <translation>Ansicht zurücksetzen</translation>
    </message>
    <message>
        <source>Automatic price scale</source>
        <translation>Kursachse automatisch</translation>
    </message>
    <message>
        <source>Pause the run</source>
        <translation>Lauf anhalten</translation>
    </message>
    <message>
        <source>Logarithmic scale</source>
        <translation>Logarithmische Skala</translation>
    </message>
    <message>
        <source>Percent scale</source>
        <translation>Prozentskala</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>Dark or light</source>
        <translation>Dunkel oder hell</translation>
    </message>
    <message>
        <source>Next part of the window</source>
        <translation>Nächster Fensterbereich</translation>
    </message>
    <message>
        <source>Part of the window before</source>
        <translation>Voriger Fensterbereich</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Open data folder</source>
        <translation>Datenordner öffnen</translation>
    </message>
    <message>
        <source>Check the connection…</source>
        <translation>Verbindung prüfen…</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>About Heatmap</source>
        <translation>Über Heatmap</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Fit prices to the candles in sight; off: they stay where they are</source>
        <translation>Kurse den sichtbaren Kerzen anpassen; aus: sie bleiben, wo sie sind</translation>
    </message>
</context><context>
    <name>WindowChoices</name>
    <message>
        <source>Linear</source>
        <translation>Linear</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>Percent</source>
        <translation>Prozent</translation>
    </message>
    <message>
        <source>Teal and red</source>
        <translation>Türkis und Rot</translation>
    </message>
    <message>
        <source>White and grey</source>
        <translation>Weiß und Grau</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>This computer's</source>
        <translation>Wie dieser Computer</translation>
    </message>
    <message>
        <source>Price axis</source>
        <translation>Kursachse</translation>
    </message>
    <message>
        <source>How the price axis is scaled; keys and the status bar change it too</source>
        <translation>Wie die Kursachse geteilt ist; Tasten und Statusleiste ändern es auch</translation>
    </message>
    <message>
        <source>Time zone</source>
        <translation>Zeitzone</translation>
    </message>
    <message>
        <source>Time zone of the axis and of the lists beside the chart</source>
        <translation>Zeitzone der Achse und der Listen neben dem Chart</translation>
    </message>
    <message>
        <source>Candles</source>
        <translation>Kerzen</translation>
    </message>
    <message>
        <source>White and grey ones stand out from the colours of the heat</source>
        <translation>Weiße und graue heben sich von den Farben der Heatmap ab</translation>
    </message>
    <message>
        <source>L&amp;ook</source>
        <translation>A&amp;ussehen</translation>
    </message>
    <message>
        <source>The colours of all windows; palettes that you have not chosen yourself follow</source>
        <translation>Die Farben aller Fenster; Paletten, die nicht selbst gewählt sind, folgen</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Of all windows, at once; numbers and dates follow it</source>
        <translation>Gilt sofort in allen Fenstern; Zahlen und Daten folgen ihr</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
</context><context>
    <name>WindowDialogs</name>
    <message>
        <source>Replay: {action}</source>
        <translation>Wiedergabe: {action}</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>About Heatmap</source>
        <translation>Über Heatmap</translation>
    </message>
    <message>
        <source>A letter</source>
        <translation>Ein Buchstabe</translation>
    </message>
    <message>
        <source>Find a symbol</source>
        <translation>Symbol suchen</translation>
    </message>
    <message>
        <source>A digit</source>
        <translation>Eine Ziffer</translation>
    </message>
    <message>
        <source>Candle interval: 15, 4h, 1d, then Enter</source>
        <translation>Kerzenintervall: 15, 4h, 1d, dann Eingabetaste</translation>
    </message>
    <message>
        <source>On the chart: back, forward</source>
        <translation>Im Chart: zurück, vor</translation>
    </message>
    <message>
        <source>On the chart: fewer candles, more candles</source>
        <translation>Im Chart: weniger Kerzen, mehr Kerzen</translation>
    </message>
    <message>
        <source>Close what is open: card, list, settings</source>
        <translation>Schließen, was offen ist: Hinweis, Liste, Einstellungen</translation>
    </message>
    <message>
        <source>In the tape: select</source>
        <translation>Im Ticker: auswählen</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabetaste</translation>
    </message>
    <message>
        <source>In the tape: show on the chart</source>
        <translation>Im Ticker: auf dem Chart zeigen</translation>
    </message>
    <message>
        <source>In a row of choices: another one</source>
        <translation>In einer Auswahlreihe: eine andere</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>not installed</source>
        <translation>nicht installiert</translation>
    </message>
</context><context>
    <name>Windows</name>
    <message>
        <source>There are {count} windows, and no more can be opened</source>
        <translation>Es gibt {count} Fenster, mehr lassen sich nicht öffnen</translation>
    </message>
    <message>
        <source>Opening a simulated market…</source>
        <translation>Ein simulierter Markt wird geöffnet…</translation>
    </message>
</context><context>
    <name>_Delegate</name>
    <message>
        <source>predicted only</source>
        <translation>nur vorhergesagt</translation>
    </message>
</context><context>
    <name>_Rows</name>
    <message>
        <source>Asking for all instruments…</source>
        <translation>Alle Instrumente werden abgefragt…</translation>
    </message>
    <message>
        <source>No list from the exchange yet</source>
        <translation>Noch keine Liste von der Börse</translation>
    </message>
    <message>
        <source>No name has this in it</source>
        <translation>Kein Name enthält das</translation>
    </message>
    <message>
        <source>More: type a part of the name</source>
        <translation>Mehr: einen Teil des Namens tippen</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Aufgezeichnet</translation>
    </message>
    <message>
        <source>Not recorded</source>
        <translation>Nicht aufgezeichnet</translation>
    </message>
</context><context>
    <name>_SymbolList</name>
    <message>
        <source>Instruments</source>
        <translation>Instrumente</translation>
    </message>
</context><context>
    <name>_ToggleAction</name>
    <message>
        <source>Heatmap</source>
        <translation>Heatmap</translation>
    </message>
    <message>
        <source>Show or hide the heatmap. {help}</source>
        <translation>Heatmap zeigen oder verbergen. {help}</translation>
    </message>
</context></TS>
