"use strict";

// The page of the standalone window: candles, themes, the visible window. It knows nothing of the
// heatmap, which is attached from outside as it is in any host. `chart` and `candleSeries` are
// top-level names on purpose: that is how hosts declare theirs.

let chart = null;
let candleSeries = null;

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

    /**
     * Create the chart; called once when the page has loaded.
     * @param {"dark"|"light"} theme
     */
    function create(theme) {
        chart = LightweightCharts.createChart(document.getElementById("chart"), {
            autoSize: true,
            rightPriceScale: { minimumWidth: 84 },
            timeScale: { timeVisible: true, secondsVisible: false },
            crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
            localization: { locale: "en-GB" },
        });
        candleSeries = chart.addSeries(LightweightCharts.CandlestickSeries, {});
        setTheme(theme);
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
        candleSeries.applyOptions({
            upColor: colours.up, downColor: colours.down,
            wickUpColor: colours.up, wickDownColor: colours.down, borderVisible: false,
        });
    }

    /**
     * @param {number} precision digits after the point
     * @param {number} minMove USD
     */
    function setPriceFormat(precision, minMove) {
        candleSeries.applyOptions({ priceFormat: { type: "price", precision, minMove } });
    }

    /**
     * Replace all candles and show the newest `visibleBars` of them.
     * @param {{time: number, open: number, high: number, low: number, close: number}[]} candles
     * @param {number} visibleBars
     */
    function setCandles(candles, visibleBars) {
        candleSeries.setData(candles);
        showNewest(visibleBars);
    }

    function clearCandles() {
        candleSeries.setData([]);
    }

    /** @param {{time: number, open: number, high: number, low: number, close: number}} candle */
    function updateCandle(candle) {
        candleSeries.update(candle);
    }

    /** @param {number} visibleBars how many of the newest candles to show */
    function showNewest(visibleBars) {
        const candleCount = candleSeries.data().length;
        chart.timeScale().setVisibleLogicalRange({
            from: candleCount - visibleBars - 0.5,
            to: candleCount - 1 + RIGHT_MARGIN_BARS,
        });
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
        create, setTheme, setPriceFormat, setCandles, clearCandles, updateCandle, showNewest,
        countFrame, geometry,
    };
})();
