"use strict";

// The page of the standalone window: candles, themes, the visible window. It knows nothing of the
// heatmap, which is attached from outside as it is in any host. `chart`, `candleSeries` and
// `barsSeries`, in whose pane the heatmap may draw bars, are top-level names on purpose: that is how
// hosts declare theirs.

let chart = null;
let candleSeries = null;
let barsSeries = null;

const chartPage = (() => {
    // Pages that have no strip above the chart and no card on it leave their scripts out.
    const above = typeof strip === "undefined" ? null : strip;
    const message = typeof card === "undefined" ? null : card;
    // What a page shows that says nothing else of it.
    const USUAL_STATE = {
        look: "colour", scale: "linear", zone: "UTC", zoneLabel: "UTC", words: {}, names: null,
        limit: "", card: null, hasTags: false, hasBars: false,
    };
    const THEMES = {
        dark: {
            background: "#0b0d12", text: "#b4bcc9", grid: "rgba(140, 152, 175, 0.10)",
            border: "#242b37", crosshair: "#8d97a8", label: "#262e3c",
            colour: { up: "#2bb3a0", down: "#ef5a58", upTag: "#15786b", downTag: "#c23a3a" },
            neutral: { up: "#e3e7ee", down: "#77819a", upTag: "#4a5468", downTag: "#4a5468" },
        },
        light: {
            background: "#ffffff", text: "#404958", grid: "rgba(90, 104, 128, 0.12)",
            border: "#d8dee7", crosshair: "#5a6474", label: "#404958",
            colour: { up: "#0f8f7e", down: "#d23b3b", upTag: "#0b7566", downTag: "#c23232" },
            neutral: { up: "#8a94a6", down: "#2f3744", upTag: "#404958", downTag: "#404958" },
        },
    };
    const SCALES = {
        linear: LightweightCharts.PriceScaleMode.Normal,
        log: LightweightCharts.PriceScaleMode.Logarithmic,
        percent: LightweightCharts.PriceScaleMode.Percentage,
    };
    // Before what the card tells Qt, on the console: the page has no channel of its own.
    const CARD_MARK = "heatmap card: ";
    const ROOM_MARK = "heatmap card has room: ";
    // Empty bars to the right of the newest candle.
    const RIGHT_MARGIN_BARS = 4;
    // While the chart shows levels ahead: this part of its width right of now, and more prices above
    // and below the candles, so that there is room for them.
    const ROOM_RIGHT = 0.11;
    const ROOM_MARGINS = { top: 0.22, bottom: 0.22 };
    // While it has tags at the right edge: so much room for them, whatever the candles' width, pixels.
    const TAGS_PX = 88;
    const USUAL_MARGINS = { top: 0.2, bottom: 0.1 };

    // The pane below the candles for bars of what was liquidated: lower in a low window.
    const BARS_PX = 92;
    const LOW_BARS_PX = 72;
    // Without any bar their scale is a few dollars around 0, which would be invented.
    const LEAST_BARS_USD = 50;
    const LOW_WINDOW_PX = 680;
    // A place that is nearer to the edge than this part of what is in sight is brought to the middle.
    const EDGE = 0.06;
    // No fewer candles are shown by the keyboard.
    const LEAST_BARS = 8;
    // The words about the oldest candle, from the pane's edge, and above the library's mark.
    const LIMIT_PX = 10;
    const LIFT_PX = 36;
    const AMOUNT_UNITS = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];

    // How numbers and dates are written, and with how many digits prices are.
    let locale = "en-GB";
    let digits = 2;
    let theme = "dark";
    // The candles' colours: see THEMES.
    let look = "colour";
    let intervalMs = 60000;
    // Number of the bar at the crosshair; null: it is not on the chart.
    let pointed = null;
    let isStripDue = false;
    // What is said where the oldest candle is in sight; empty: nothing.
    let limitText = "";

    // Number of the last visible range that was asked for; part of each report.
    let serial = 0;
    // The newest price, as a line with its tag on the axis. The library's own tag follows the last
    // bar in sight and its line the last bar of all: two prices when the chart is scrolled back.
    let priceLine = null;
    let linePrice = 0;
    let lineColour = "";
    let isReportDue = false;
    let told = "";
    // Where the pane for bars is held, seconds; null: nowhere.
    let anchor = null;
    // Makes percents; made anew with each language.
    let changeForm = null;
    // Makes the amounts at the bars' axis; likewise.
    let amountForm = null;
    let hasRoom = false;
    let hasTags = false;
    // What is to be in sight with the next frame, and once the chart has a width: a page that loads
    // while its window is hidden has none, and a hidden one draws no frames. `bars` is how many
    // candles there were when it was asked for. The library takes a range in with the frame, in
    // numbers of bars: candles that come before it move what these numbers mean.
    let wantedRange = null;
    let isRangeDue = false;

    /**
     * Create the chart and show what the page before showed; called once when the page has loaded.
     * @param {object} told see `ChartState.to_message` in chart_state.py
     */
    function restore(told) {
        const state = { ...USUAL_STATE, ...told };
        locale = state.locale || locale;
        look = state.look;
        zonedTime.use(locale, state.zone);
        create(state.theme, state.words);
        nameZone(state.zoneLabel);
        setScale(state.scale);
        setLimit(state.limit);
        setNames(state.names);
        setRoom(state.hasRoom, state.hasTags);
        setBars(state.hasBars);
        if (state.priceFormat !== null) {
            setPriceFormat(...state.priceFormat);
        }
        candleSeries.setData(state.candles);
        anchorBars(true);
        if (state.priceScale !== null) {
            const { prices, mode, ...options } = state.priceScale;
            candleSeries.priceScale().applyOptions(options);
            if (prices !== null) {
                candleSeries.priceScale().setVisibleRange(prices);
            }
        }
        if (state.range !== null) {
            showRange(state.range.from, state.range.to);
        } else if (state.visibleBars !== null) {
            showNewest(state.visibleBars, state.serial);
        }
        serial = state.serial;
        if (state.card !== null) {
            message.show(state.card);
        }
    }

    /**
     * @param {"dark"|"light"} name of the theme
     * @param {object} words of the page, in the user's language
     */
    function create(name, words) {
        document.documentElement.lang = locale;
        // To make one takes longer than the frame that it would be made in.
        amountForm = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
        changeForm = new Intl.NumberFormat(locale, {
            minimumFractionDigits: 2, maximumFractionDigits: 2,
        });
        const container = document.getElementById("chart");
        chart = LightweightCharts.createChartEx(container, new zonedTime.ZonedAxis(), {
            autoSize: true,
            // A tick's words at a pane's edge are whole, or there are none.
            rightPriceScale: { minimumWidth: 84, entireTextOnly: true },
            timeScale: {
                timeVisible: true, secondsVisible: false, tickMarkFormatter: zonedTime.tickText,
            },
            crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
            localization: {
                locale,
                // The library's own has English numbers only.
                percentageFormatter: percentText,
                dateFormat: locale.startsWith("de") ? "dd. MMM 'yy" : "dd MMM 'yy",
            },
        });
        // The link of the library's mark is the only thing that Tab finds on the page: with the focus
        // on it Enter would open another site. It takes clicks all the same.
        container.addEventListener("focusin", (event) => {
            if (event.target.id === "tv-attr-logo") {
                event.target.blur();
            }
        });
        candleSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {
            lastValueVisible: false,
            priceLineVisible: false,
        });
        setPriceFormat(digits, Math.pow(10, -digits));
        chart.timeScale().subscribeSizeChange(applyWantedRange);
        // After the library has taken its new height: it shares that out among the panes.
        new ResizeObserver(() => requestAnimationFrame(sizeBars)).observe(container);
        candleSeries.subscribeDataChanged(showNewestPrice);
        // Called with each change of the chart, whoever makes it: there is no event of the prices.
        candleSeries.attachPrimitive({ updateAllViews: reportSoon });
        candleSeries.subscribeDataChanged(showStripSoon);
        chart.subscribeCrosshairMove(({ logical, point }) => {
            pointed = logical === undefined || point === undefined ? null : logical;
            showStripSoon();
        });
        above?.create(words, showStripSoon);
        message?.create(
            market,
            (action) => console.info(CARD_MARK + action),
            (hasRoom) => console.info(ROOM_MARK + hasRoom),
        );
        sayZone();
        setTheme(name);
    }

    /**
     * Have a pane below the candles in which the heatmap draws bars, or none.
     * @param {boolean} isWanted
     */
    function setBars(isWanted) {
        if (isWanted === (barsSeries !== null)) {
            return;
        }
        if (!isWanted) {
            const series = barsSeries;
            barsSeries = null;
            chart.removeSeries(series);
            return;
        }
        // It shows nothing of its own: it holds the pane, and a price scale that fits what is drawn.
        barsSeries = chart.addSeries(LightweightCharts.LineSeries, {
            lineVisible: false,
            crosshairMarkerVisible: false,
            lastValueVisible: false,
            priceLineVisible: false,
            priceFormat: {
                type: "custom", minMove: 1, formatter: amountText,
                tickmarksFormatter: (amounts) => amounts.map(barTickText(amounts)),
            },
        }, 1);
        barsSeries.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0.06 } });
        anchorBars(true);
        requestAnimationFrame(sizeBars);
    }

    /** Give the pane for bars its height, whatever the height of the window. */
    function sizeBars() {
        if (barsSeries !== null && chart.panes().length > 1) {
            const height = window.innerHeight < LOW_WINDOW_PX ? LOW_BARS_PX : BARS_PX;
            chart.panes()[1].setHeight(height);
        }
    }

    /**
     * Keep one place of the pane for bars at the newest candle: a price scale without any has no
     * range. Always at a candle's own time, so that the candles keep their places.
     * @param {boolean} isAnew other candles: what there was may be at a time that is none of theirs
     */
    function anchorBars(isAnew) {
        const newest = newestCandle();
        if (barsSeries === null) {
            return;
        }
        if (isAnew || newest === null) {
            barsSeries.setData(newest === null ? [] : [{ time: newest.time, value: 0 }]);
        } else if (newest.time !== anchor) {
            barsSeries.update({ time: newest.time, value: 0 });
        }
        anchor = newest === null ? null : newest.time;
    }

    /** Take away what stands in the pane for bars, before there are other candles. */
    function leaveBars() {
        if (barsSeries !== null) {
            barsSeries.setData([]);
        }
    }

    /** @param {number} usd @returns {string} such as 800k, 1.5M */
    function amountText(usd) {
        const amount = Math.abs(usd);
        const [unit, name] = AMOUNT_UNITS.find(([least]) => amount >= least) || [1, ""];
        return amountForm.format(amount / unit) + name;
    }

    /** @param {number[]} amounts of ticks @returns {(usd: number) => string} no words without bars */
    function barTickText(amounts) {
        return amounts.some((usd) => Math.abs(usd) >= LEAST_BARS_USD) ? amountText : () => "";
    }

    /** @returns {(price: number) => string} with the digits of the tick, in groups */
    function makePriceFormatter() {
        const form = new Intl.NumberFormat(locale, {
            minimumFractionDigits: digits, maximumFractionDigits: digits,
        });
        return (price) => form.format(price);
    }

    /** Draw the price line at the newest close, whatever part of the chart is in sight. */
    function showNewestPrice() {
        const newest = newestCandle();
        if (newest === null) {
            if (priceLine !== null) {
                candleSeries.removePriceLine(priceLine);
                priceLine = null;
            }
            return;
        }
        const { up, down, upTag, downTag } = THEMES[theme][look];
        const isDown = newest.close < newest.open;
        const colour = isDown ? down : up;
        if (priceLine !== null && newest.close === linePrice && colour === lineColour) {
            return;
        }
        linePrice = newest.close;
        lineColour = colour;
        const options = {
            price: newest.close,
            color: colour,
            axisLabelColor: isDown ? downTag : upTag,
            axisLabelTextColor: "#ffffff",
        };
        if (priceLine === null) {
            priceLine = candleSeries.createPriceLine({
                lineWidth: 1, lineStyle: LightweightCharts.LineStyle.Dotted, ...options,
            });
        } else {
            priceLine.applyOptions(options);
        }
    }

    /** @returns {object|null} the newest candle that has a price */
    function newestCandle() {
        return candleSeries.dataByIndex(
            Number.MAX_SAFE_INTEGER, LightweightCharts.MismatchDirection.NearestLeft,
        );
    }

    /**
     * @param {boolean} isWanted room for levels right of now, and above and below the candles
     * @param {boolean} isTagged room for tags right of now
     */
    function setRoom(isWanted, isTagged = false) {
        if (isWanted === hasRoom && isTagged === hasTags) {
            return;
        }
        hasRoom = isWanted;
        hasTags = isTagged;
        candleSeries.priceScale().applyOptions({
            scaleMargins: hasRoom ? ROOM_MARGINS : USUAL_MARGINS,
        });
        const range = nextRange();
        const bars = barCount();
        if (range !== null && bars > 0 && range.to >= bars - 1) {
            showRange(range.from, bars - 1 + rightMargin(bars - range.from - 0.5));
        }
    }

    /**
     * @param {number} visibleBars
     * @returns {number} how many bars the pane goes on behind the newest of so many candles
     */
    function rightMargin(visibleBars) {
        // From the middle of the newest candle, half of which is no room.
        if (hasRoom) {
            return (visibleBars * ROOM_RIGHT) / (1 - ROOM_RIGHT) + 0.5;
        }
        const part = tagsPart();
        return Math.max(RIGHT_MARGIN_BARS, (visibleBars * part) / (1 - part) + 0.5);
    }

    /** @returns {number} which part of the pane's width tags at its right edge take */
    function tagsPart() {
        // A page that is hidden has no width yet.
        const width = chart.timeScale().width() || window.innerWidth;
        return hasTags ? Math.min(0.5, TAGS_PX / width) : 0;
    }

    /** @returns {number} the same as rightMargin of so many bars that the pane holds in all */
    function usualMargin(span) {
        const part = hasRoom ? ROOM_RIGHT : tagsPart();
        return hasRoom ? part * span : Math.max(RIGHT_MARGIN_BARS, part * span + 0.5);
    }

    /** @returns {number} how many places the candles take on the time scale */
    function barCount() {
        const newest = newestCandle();
        return newest === null ? 0 : chart.timeScale().timeToIndex(newest.time, true) + 1;
    }

    /**
     * Show a part of the candles with the next frame, as soon as the chart has a width.
     * @param {number} from
     * @param {number} to logical indices
     */
    function showRange(from, to) {
        wantedRange = { from, to, bars: barCount() };
        applyWantedRange();
    }

    /** Ask the library for the wanted range, again with each change of the candles until it draws. */
    function applyWantedRange() {
        if (wantedRange === null || chart.timeScale().width() === 0) {
            return;
        }
        chart.timeScale().setVisibleLogicalRange(movedRange(wantedRange));
        if (!isRangeDue) {
            isRangeDue = true;
            // Asked for behind the library's own frame, so it comes when that has been drawn.
            requestAnimationFrame(() => {
                isRangeDue = false;
                if (chart.timeScale().width() > 0) {
                    wantedRange = null;
                    reportSoon();
                }
            });
        }
    }

    /** @returns {{from: number, to: number}} a range, moved on if it shows the newest candle */
    function movedRange({ from, to, bars }) {
        const moved = to >= bars - 1 ? barCount() - bars : 0;
        return { from: from + moved, to: to + moved };
    }

    /**
     * Report the visible range in a moment. The library calls this amid its frame: to wait for the
     * next one would have one more frame made after each.
     */
    function reportSoon() {
        if (!isReportDue) {
            isReportDue = true;
            setTimeout(report, 0);
        }
    }

    /**
     * Report what is in sight, so that a page in this one's place can show the same: by the title,
     * which Qt watches. The page has no channel of its own.
     */
    function report() {
        isReportDue = false;
        message?.placeSoon();
        const range = chart.timeScale().getVisibleLogicalRange();
        const bars = barCount();
        if (range === null || bars === 0 || wantedRange !== null) {
            return;
        }
        const limit = document.getElementById("limit");
        if (limit !== null) {
            const isHidden = limitText === "" || range.from > 0;
            // To set it, even to what it is, has the browser look at the page's styles again.
            if (limit.hidden !== isHidden) {
                limit.hidden = isHidden;
            }
            placeLimit(limit);
        }
        const scale = candleSeries.priceScale();
        const { autoScale, mode, invertScale } = scale.options();
        // In the other modes the library does not take the range that it gives.
        const isChosen = !autoScale && mode === LightweightCharts.PriceScaleMode.Normal;
        const prices = isChosen ? scale.getVisibleRange() : null;
        const text = JSON.stringify({
            serial,
            from: range.from,
            to: range.to,
            bars,
            width: chart.timeScale().width(),
            isAuto: autoScale,
            priceScale: { autoScale: prices === null, mode, invertScale, prices },
        });
        if (text !== told) {
            told = document.title = text;
        }
    }

    /** Have the words about the oldest candle below the candles, or above where these are low. */
    function placeLimit(limit) {
        if (limit.hidden) {
            return;
        }
        const lift = barsSeries === null ? LIFT_PX : LIMIT_PX;
        const lower = chart.panes()[0].getHeight() - limit.offsetHeight - lift;
        const right = limit.offsetLeft + limit.offsetWidth;
        const isTaken = market.candles().some(({ x, bottom }) => x < right && bottom > lower);
        limit.style.top = (isTaken ? LIMIT_PX : lower) + "px";
    }

    /** @param {"dark"|"light"} name */
    function setTheme(name) {
        theme = name;
        const colours = THEMES[theme];
        document.body.className = theme;
        const label = { color: colours.crosshair, labelBackgroundColor: colours.label };
        chart.applyOptions({
            layout: {
                background: { color: colours.background }, textColor: colours.text,
                panes: { separatorColor: colours.border, enableResize: false },
            },
            grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
            crosshair: { vertLine: label, horzLine: label },
            rightPriceScale: { borderColor: colours.border },
            timeScale: { borderColor: colours.border },
        });
        setLook(look);
    }

    /** @param {"colour"|"neutral"} name of the candles' colours */
    function setLook(name) {
        look = name;
        const { up, down } = THEMES[theme][look];
        candleSeries.applyOptions({
            upColor: up, downColor: down, wickUpColor: up, wickDownColor: down,
            borderVisible: false,
        });
        showNewestPrice();
    }

    /** @param {"linear"|"log"|"percent"} name how prices are laid out */
    function setScale(name) {
        candleSeries.priceScale().applyOptions({ mode: SCALES[name] });
    }

    /** @param {boolean} isAuto prices fit what is in sight; else they stay where they are */
    function setAutoScale(isAuto) {
        candleSeries.priceScale().applyOptions({ autoScale: isAuto });
        reportSoon();
    }

    /**
     * Say all times by the clock of a zone.
     * @param {string} zone of the IANA's list @param {string} label as the user calls it
     */
    function setTimeZone(zone, label) {
        zonedTime.use(locale, zone);
        nameZone(label);
        sayZone();
        // Which ticks are days and hours is found out when candles come.
        const candles = candleSeries.data();
        const range = nextRange();
        leaveBars();
        candleSeries.setData([]);
        candleSeries.setData(candles);
        anchorBars(true);
        if (range !== null && candles.length > 0) {
            showRange(range.from, range.to);
        }
    }

    function nameZone(label) {
        document.getElementById("zone").textContent = label;
    }

    /** Have others say times as the axis does; in UTC they do by themselves. */
    function sayZone() {
        const { localization } = chart.options();
        if (zonedTime.isUtc()) {
            delete localization.timeFormatter;
        } else {
            chart.applyOptions({ localization: { timeFormatter: zonedTime.momentText } });
        }
    }

    /** @param {{symbol: string, interval: string, intervalMs: number}|null} names of the candles */
    function setNames(names) {
        if (names !== null) {
            intervalMs = names.intervalMs;
            above?.setNames(names.symbol, names.interval);
        }
    }

    /** @param {string} text said where the oldest candle is in sight; empty: nothing */
    function setLimit(text) {
        const box = document.getElementById("limit");
        if (box !== null) {
            limitText = text;
            box.textContent = text;
            reportSoon();
        }
    }

    /** Show the strip's candle with the next frame. */
    function showStripSoon() {
        if (!isStripDue && above !== null) {
            isStripDue = true;
            requestAnimationFrame(showStrip);
        }
    }

    function showStrip() {
        isStripDue = false;
        const at = pointed === null ? null : candleSeries.dataByIndex(pointed);
        const candle = at !== null && "close" in at ? at : newestCandle();
        if (candle === null) {
            above.showCandle(null, { longs: "", shorts: "" });
            return;
        }
        const before = candleSeries.dataByIndex(
            chart.timeScale().timeToIndex(candle.time, true) - 1,
            LightweightCharts.MismatchDirection.NearestLeft,
        );
        const base = before === null ? candle.open : before.close;
        const priceText = (price) => candleSeries.priceFormatter().format(price);
        const words = { change: changeText(candle.close, base), isDown: candle.close < base };
        for (const name of ["open", "high", "low", "close"]) {
            words[name] = priceText(candle[name]);
        }
        const fromMs = candle.time * 1000;
        above.showCandle(words, above.sidesOf(fromMs, fromMs + intervalMs));
    }

    /** @returns {string} as 0.28 %, with a minus sign as wide as a plus sign */
    function percentText(percent) {
        const rounded = Math.round(percent * 100) / 100;
        return (rounded < 0 ? "\u2212" : "") + changeForm.format(Math.abs(rounded)) + " %";
    }

    /** @returns {string} as +0.28 %, and 0.00 % without a sign */
    function changeText(price, base) {
        const percent = Math.round((price / base - 1) * 1e4) / 100;
        return (percent > 0 ? "+" : "") + percentText(percent);
    }

    /** What the card has to know of the candles. */
    const market = {
        changed: () => chart.applyOptions({}),
        size: () => ({
            width: chart.timeScale().width(), height: chart.panes()[0].getHeight(),
        }),
        candles: () => {
            const range = chart.timeScale().getVisibleLogicalRange();
            const seen = [];
            const last = barCount() - 1;
            for (let i = Math.ceil(range === null ? 0 : Math.max(0, range.from)); i <= last; i += 1) {
                const candle = range === null || i > range.to ? null : candleSeries.dataByIndex(i);
                if (candle !== null && "close" in candle) {
                    seen.push({
                        x: chart.timeScale().logicalToCoordinate(i),
                        top: candleSeries.priceToCoordinate(candle.high),
                        bottom: candleSeries.priceToCoordinate(candle.low),
                        age: last - i,
                    });
                }
            }
            return seen;
        },
    };

    /**
     * @param {number} precision digits after the point
     * @param {number} minMove USD
     */
    function setPriceFormat(precision, minMove) {
        digits = precision;
        // Of the candles alone: the bars' pane says amounts.
        const formatter = makePriceFormatter();
        candleSeries.applyOptions({
            priceFormat: { type: "custom", precision, minMove, formatter },
        });
        showStripSoon();
    }

    /**
     * Replace all candles and show the newest `visibleBars` of them.
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     * @param {number} visibleBars
     * @param {number} request number of the request for a visible range
     * @param {[number, number]|null} priceFormat digits and step that go with these candles
     * @param {{symbol: string, interval: string, intervalMs: number}|null} [names] of these candles
     */
    function setCandles(candles, visibleBars, request, priceFormat, names = null) {
        setNames(names);
        setLimit("");
        if (priceFormat !== null) {
            setPriceFormat(...priceFormat);
        }
        leaveBars();
        candleSeries.setData(candles);
        anchorBars(true);
        showNewest(visibleBars, request);
    }

    /**
     * Replace all candles; as many are in sight as before, as far from the newest as before.
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     * @param {boolean} showsNewest the newest is brought into sight
     */
    function replaceCandles(candles, showsNewest) {
        const before = barCount();
        const range = nextRange();
        leaveBars();
        candleSeries.setData(candles);
        anchorBars(true);
        if (range !== null && before > 0) {
            const hidden = Math.max(0, before - 1 + usualMargin(range.to - range.from) - range.to);
            const moved = barCount() - before + (showsNewest && range.to < before - 1 ? hidden : 0);
            showRange(range.from + moved, range.to + moved);
        }
    }

    /**
     * Replace the candles from a time on; what is in sight is as with `replaceCandles`.
     * @param {number} seconds UTC
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     * @param {boolean} showsNewest the newest is brought into sight
     */
    function replaceFrom(seconds, candles, showsNewest) {
        const kept = candleSeries.data().filter(({ time }) => time < seconds);
        replaceCandles([...kept, ...candles], showsNewest);
    }

    /**
     * Put candles before all others; what is in sight stays where it is.
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     */
    function addOlderCandles(candles) {
        const before = barCount();
        // The library keeps what is in sight by itself: it counts from the newest candle.
        candleSeries.setData([...candles, ...candleSeries.data()]);
        if (wantedRange !== null) {
            const added = barCount() - before;
            wantedRange.from += added;
            wantedRange.to += added;
            wantedRange.bars += added;
            applyWantedRange();
        }
    }

    /** @param {number} request number of the request for a visible range */
    function clearCandles(request) {
        serial = request;
        wantedRange = null;
        leaveBars();
        candleSeries.setData([]);
    }

    /** @param {{time: number, open: number, high: number, low: number, close: number}} candle */
    function updateCandle(candle) {
        candleSeries.update(candle);
        anchorBars(false);
        applyWantedRange();
    }

    /**
     * @param {number} visibleBars how many of the newest candles to show
     * @param {number} request number of the request for a visible range
     */
    function showNewest(visibleBars, request) {
        serial = request;
        const bars = barCount();
        showRange(bars - visibleBars - 0.5, bars - 1 + rightMargin(visibleBars));
    }

    /** Show the newest candle, as many candles at once as now. */
    function goToNow() {
        const range = nextRange();
        const bars = barCount();
        if (range !== null && bars > 0) {
            const span = range.to - range.from;
            const part = usualMargin(span);
            showRange(bars - 1 + part - span, bars - 1 + part);
        }
    }

    /** @returns {{from: number, to: number}|null} what the next frame shows: the present one may show less */
    function nextRange() {
        return wantedRange === null
            ? chart.timeScale().getVisibleLogicalRange()
            : movedRange(wantedRange);
    }

    /** Go back (-1) or on (1) by an eighth of what is in sight. @param {number} direction */
    function scroll(direction) {
        const range = nextRange();
        if (range !== null) {
            const step = (direction * (range.to - range.from)) / 8;
            showRange(range.from + step, range.to + step);
        }
    }

    /**
     * Show fewer candles (1) or more of them (-1). The right edge stays; where the newest candle is in
     * sight, the room right of it does, in pixels.
     * @param {number} direction
     */
    function zoom(direction) {
        const range = nextRange();
        if (range === null) {
            return;
        }
        const before = range.to - range.from;
        const span = Math.max(LEAST_BARS, before * (direction > 0 ? 0.8 : 1.25));
        const newest = barCount() - 1;
        const room = Math.max(0, range.to - newest);
        const right = room === 0 ? range.to : newest + (room * span) / before;
        showRange(right - span, right);
    }

    /** Show what is usual, in time and price; see `showNewest`. */
    function resetView(visibleBars, request) {
        candleSeries.priceScale().applyOptions({ autoScale: true });
        showNewest(visibleBars, request);
    }

    /**
     * Bring a place into sight; what shows it already stays as it is.
     * @param {number} seconds UTC @param {number|null} price null: any
     */
    function scrollTo(seconds, price) {
        const range = nextRange();
        if (range === null || barCount() === 0) {
            return;
        }
        const at = chart.timeScale().timeToIndex(Math.floor(seconds), true);
        const span = range.to - range.from;
        if (at < range.from + EDGE * span || at > range.to - EDGE * span) {
            showRange(at - span / 2, at + span / 2);
        }
        if (price !== null) {
            requestAnimationFrame(() => showPrice(price));
        }
    }

    function showPrice(price) {
        const height = chart.panes()[0].getHeight();
        const y = candleSeries.priceToCoordinate(price);
        if (y === null || (y >= 0 && y <= height)) {
            return;
        }
        const scale = candleSeries.priceScale();
        const half = (candleSeries.coordinateToPrice(0) - candleSeries.coordinateToPrice(height)) / 2;
        if (scale.options().mode === SCALES.linear) {
            scale.setVisibleRange({ from: price - half, to: price + half });
        } else {
            scale.applyOptions({ autoScale: true });
        }
    }

    let framesDrawn = 0;

    /** Count a frame that shows everything asked for until now. */
    function countFrame() {
        requestAnimationFrame(() => requestAnimationFrame(() => {
            framesDrawn += 1;
        }));
    }

    /** @returns {object} what a test or a screenshot needs to know of the candles' pane */
    function geometry() {
        const pane = chart.panes()[0];
        const height = pane.getHeight();
        return {
            paneWidth: chart.timeScale().width(),
            paneHeight: height,
            priceHigh: candleSeries.coordinateToPrice(0),
            priceLow: candleSeries.coordinateToPrice(height),
            logicalRange: chart.timeScale().getVisibleLogicalRange(),
            framesDrawn,
        };
    }

    return {
        restore, setTheme, setLook, setScale, setAutoScale, setTimeZone, setRoom, setBars, setPriceFormat, setCandles,
        replaceCandles, replaceFrom, setLimit, addOlderCandles, clearCandles, updateCandle, showNewest, goToNow, scroll, zoom, resetView, scrollTo,
        showCard: (shown) => message.show(shown), hideCard: () => message.hide(), countFrame, geometry,
    };
})();
