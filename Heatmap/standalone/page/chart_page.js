"use strict";

// The page of the standalone window: candles, themes, the visible window. It knows nothing of the
// heatmap, which is attached from outside as it is in any host. `chart`, `candleSeries` and
// `barsSeries`, in whose pane the heatmap may draw bars, are top-level names on purpose: that is how
// hosts declare theirs.

let chart = null;
let candleSeries = null;
let barsSeries = null;

const chartPage = (() => {
    const THEMES = {
        dark: {
            background: "#0b0d12", text: "#c3c8d4", grid: "rgba(120, 130, 150, 0.16)",
            border: "#39404f", crosshair: "#8791a5", up: "#26a69a", down: "#ef5350",
        },
        light: {
            background: "#ffffff", text: "#333a47", grid: "rgba(90, 100, 120, 0.16)",
            border: "#c8cdd6", crosshair: "#7b8494", up: "#00897b", down: "#d32f2f",
        },
    };
    // Empty bars to the right of the newest candle.
    const RIGHT_MARGIN_BARS = 4;
    // While the chart shows levels ahead: this part of its width right of now, and more prices above
    // and below the candles, so that there is room for them.
    const ROOM_RIGHT = 0.11;
    const ROOM_MARGINS = { top: 0.22, bottom: 0.22 };
    const USUAL_MARGINS = { top: 0.2, bottom: 0.1 };

    // The pane below the candles for bars of what was liquidated: lower in a low window.
    const BARS_PX = 92;
    const LOW_BARS_PX = 72;
    const LOW_WINDOW_PX = 680;
    const AMOUNT_UNITS = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];

    // How numbers and dates are written, and with how many digits prices are.
    let locale = "en-GB";
    let digits = 2;

    // Number of the last visible range that was asked for; part of each report.
    let serial = 0;
    // The newest price, as a line with its tag on the axis. The library's own tag follows the last
    // bar in sight and its line the last bar of all: two prices when the chart is scrolled back.
    let priceLine = null;
    let isReportDue = false;
    let hasRoom = false;
    // What is to be in sight with the next frame, and once the chart has a width: a page that loads
    // while its window is hidden has none, and a hidden one draws no frames. `bars` is how many
    // candles there were when it was asked for. The library takes a range in with the frame, in
    // numbers of bars: candles that come before it move what these numbers mean.
    let wantedRange = null;
    let isRangeDue = false;

    /**
     * Create the chart and show what the page before showed; called once when the page has loaded.
     * @param {object} state see `ChartState.to_message` in chart_state.py
     */
    function restore(state) {
        create(state.theme, state.locale);
        setRoom(state.hasRoom);
        setBars(state.hasBars);
        if (state.priceFormat !== null) {
            setPriceFormat(...state.priceFormat);
        }
        candleSeries.setData(state.candles);
        anchorBars(true);
        if (state.priceScale !== null) {
            const { prices, ...options } = state.priceScale;
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
    }

    /**
     * @param {"dark"|"light"} theme
     * @param {string} [name] of the locale, such as de-DE
     */
    function create(theme, name) {
        locale = name || locale;
        document.documentElement.lang = locale;
        chart = LightweightCharts.createChart(document.getElementById("chart"), {
            autoSize: true,
            rightPriceScale: { minimumWidth: 84 },
            timeScale: { timeVisible: true, secondsVisible: false, tickMarkFormatter: tickText },
            crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
            localization: {
                locale,
                dateFormat: locale.startsWith("de") ? "dd. MMM 'yy" : "dd MMM 'yy",
                priceFormatter: makePriceFormatter(),
            },
        });
        candleSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {
            lastValueVisible: false,
            priceLineVisible: false,
        });
        chart.timeScale().subscribeSizeChange(applyWantedRange);
        window.addEventListener("resize", () => requestAnimationFrame(sizeBars));
        candleSeries.subscribeDataChanged(showNewestPrice);
        // Called with each change of the chart, whoever makes it: there is no event of the prices.
        candleSeries.attachPrimitive({ updateAllViews: reportSoon });
        setTheme(theme);
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
            priceFormat: { type: "custom", minMove: 1, formatter: amountText },
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
        } else {
            barsSeries.update({ time: newest.time, value: 0 });
        }
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
        return Number((amount / unit).toPrecision(3)) + name;
    }

    /** @returns {(price: number) => string} with the digits of the tick, in groups */
    function makePriceFormatter() {
        const form = new Intl.NumberFormat(locale, {
            minimumFractionDigits: digits, maximumFractionDigits: digits,
        });
        return (price) => form.format(price);
    }

    /**
     * A day on the time axis names its month; all else is the library's.
     * @param {number} time seconds, UTC
     * @param {number} kind `TickMarkType`
     * @returns {string|null}
     */
    function tickText(time, kind) {
        return kind === LightweightCharts.TickMarkType.DayOfMonth
            ? dayText(new Date(time * 1000))
            : null;
    }

    /** @param {Date} date @returns {string} as 5 Dec, in German 5. Dez. */
    function dayText(date) {
        return date.toLocaleDateString(locale, { day: "numeric", month: "short", timeZone: "UTC" });
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
        const { upColor, downColor } = candleSeries.options();
        const options = {
            price: newest.close,
            color: newest.close < newest.open ? downColor : upColor,
        };
        if (priceLine === null) {
            priceLine = candleSeries.createPriceLine({
                lineWidth: 1, lineStyle: LightweightCharts.LineStyle.Dashed, ...options,
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

    /** @param {boolean} isWanted room for levels right of now, and above and below the candles */
    function setRoom(isWanted) {
        if (isWanted === hasRoom) {
            return;
        }
        hasRoom = isWanted;
        candleSeries.priceScale().applyOptions({
            scaleMargins: hasRoom ? ROOM_MARGINS : USUAL_MARGINS,
        });
        const range = wantedRange === null
            ? chart.timeScale().getVisibleLogicalRange()
            : movedRange(wantedRange);
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
        return hasRoom ? (visibleBars * ROOM_RIGHT) / (1 - ROOM_RIGHT) + 0.5 : RIGHT_MARGIN_BARS;
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

    /** Report the visible range with the next frame. */
    function reportSoon() {
        if (!isReportDue) {
            isReportDue = true;
            requestAnimationFrame(report);
        }
    }

    /**
     * Report what is in sight, so that a page in this one's place can show the same: by the title,
     * which Qt watches. The page has no channel of its own.
     */
    function report() {
        isReportDue = false;
        const range = chart.timeScale().getVisibleLogicalRange();
        const bars = barCount();
        if (range === null || bars === 0 || wantedRange !== null) {
            return;
        }
        const scale = candleSeries.priceScale();
        const { autoScale, mode, invertScale } = scale.options();
        // In the other modes the library does not take the range that it gives.
        const isChosen = !autoScale && mode === LightweightCharts.PriceScaleMode.Normal;
        const prices = isChosen ? scale.getVisibleRange() : null;
        document.title = JSON.stringify({
            serial,
            from: range.from,
            to: range.to,
            bars,
            priceScale: { autoScale: prices === null, mode, invertScale, prices },
        });
    }

    /** @param {"dark"|"light"} theme */
    function setTheme(theme) {
        const colours = THEMES[theme];
        document.body.className = theme;
        chart.applyOptions({
            layout: { background: { color: colours.background }, textColor: colours.text },
            grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
            crosshair: {
                vertLine: { color: colours.crosshair }, horzLine: { color: colours.crosshair },
            },
            rightPriceScale: { borderColor: colours.border },
            timeScale: { borderColor: colours.border },
        });
        chart.applyOptions({
            layout: { panes: { separatorColor: colours.border, enableResize: false } },
        });
        candleSeries.applyOptions({
            upColor: colours.up, downColor: colours.down,
            wickUpColor: colours.up, wickDownColor: colours.down, borderVisible: false,
        });
        showNewestPrice();
    }

    /**
     * @param {number} precision digits after the point
     * @param {number} minMove USD
     */
    function setPriceFormat(precision, minMove) {
        digits = precision;
        chart.applyOptions({ localization: { priceFormatter: makePriceFormatter() } });
        candleSeries.applyOptions({ priceFormat: { type: "price", precision, minMove } });
    }

    /**
     * Replace all candles and show the newest `visibleBars` of them.
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     * @param {number} visibleBars
     * @param {number} request number of the request for a visible range
     * @param {[number, number]|null} priceFormat digits and step that go with these candles
     */
    function setCandles(candles, visibleBars, request, priceFormat) {
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
        const range = wantedRange === null
            ? chart.timeScale().getVisibleLogicalRange()
            : movedRange(wantedRange);
        leaveBars();
        candleSeries.setData(candles);
        anchorBars(true);
        if (range !== null && before > 0) {
            const hidden = Math.max(0, before - 1 + RIGHT_MARGIN_BARS - range.to);
            const moved = barCount() - before + (showsNewest && range.to < before - 1 ? hidden : 0);
            showRange(range.from + moved, range.to + moved);
        }
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
        restore, setTheme, setRoom, setBars, setPriceFormat, setCandles, replaceCandles, addOlderCandles,
        clearCandles,
        updateCandle, showNewest, countFrame, geometry,
    };
})();
