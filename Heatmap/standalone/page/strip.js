"use strict";

// The strip above the chart: at the left the candle at the crosshair, else the newest one; at the
// right what the colours of the heat mean. Nothing of it lies on the market.

const strip = (() => {
    /** So many steps of giving way there are, see the style of the page. */
    const LESS = 11;

    /**
     * What is said of a candle.
     * @typedef {object} CandleWords
     * @property {string} open @property {string} high @property {string} low
     * @property {string} close
     * @property {string} change in per cent; empty: not known
     * @property {boolean} isDown
     */

    let words = { longs: "longs", shorts: "shorts", open: "O", high: "H", low: "L", close: "C" };
    let parts = null;
    /** See Legend in the layer's legend.js; null: nothing is drawn. */
    let legend = null;
    let legendKey = "";
    let onLegend = () => {};
    let isFitDue = false;
    /** What stood in the strip, digits aside, and how wide it was when it was fitted last. */
    let fitted = "";

    function element(name, className, parent) {
        const made = document.createElement(name);
        made.className = className;
        // Between words that are copied or read aloud there is a space.
        parent.append(made, " ");
        return made;
    }

    /**
     * @param {object} said words of this page, in the user's language
     * @param {() => void} changed called when what was liquidated in a candle may be another sum
     */
    function create(said, changed) {
        words = said;
        onLegend = changed;
        const values = document.getElementById("values");
        const value = (name, className) => {
            const box = element("span", "value " + className, values);
            element("span", "name", box).textContent = words[name];
            return element("span", "", box);
        };
        parts = {
            strip: document.getElementById("strip"),
            values,
            legend: document.getElementById("legend"),
            symbol: element("span", "symbol", values),
            interval: element("span", "interval", values),
            open: value("open", "ohl"),
            high: value("high", "ohl"),
            low: value("low", "ohl"),
            close: value("close", ""),
            change: element("span", "change", values),
            short: element("span", "side short", values),
            long: element("span", "side long", values),
        };
        new ResizeObserver(fitSoon).observe(parts.strip);
        document.fonts.ready.then(() => {
            fitted = "";
            fitSoon();
        });
    }

    /** Write what is new; the same text again would have the page laid out again. */
    function write(box, text) {
        if (box.textContent !== text) {
            box.textContent = text;
        }
    }

    /** @param {string} symbol @param {string} interval as 3m */
    function setNames(symbol, interval) {
        parts.symbol.textContent = symbol;
        parts.interval.textContent = interval;
        fitSoon();
    }

    /**
     * @param {CandleWords|null} candle null: there is none
     * @param {{longs: string, shorts: string}} sides amounts in words; empty: nothing, or not known
     *
     * Called with a frame: it measures the strip.
     */
    function showCandle(candle, sides) {
        for (const name of ["open", "high", "low", "close"]) {
            write(parts[name], candle === null ? "" : candle[name]);
            const box = parts[name].parentElement;
            // To set it, even to what it is, has the browser look at the page's styles again.
            if (box.hidden !== (candle === null)) {
                box.hidden = candle === null;
            }
        }
        write(parts.change, candle === null ? "" : candle.change);
        const className = "change " + (candle !== null && candle.isDown ? "down" : "up");
        if (parts.change.className !== className) {
            parts.change.className = className;
        }
        write(parts.short, sides.shorts === "" ? "" : words.shorts + " " + sides.shorts);
        write(parts.long, sides.longs === "" ? "" : words.longs + " " + sides.longs);
        // In this frame, not in one more.
        fit();
    }

    /** Show what the layer's colours mean; the layer calls it. */
    function showLegend(shown) {
        const before = legend;
        legend = shown;
        if ((before === null ? null : before.sums) !== (shown === null ? null : shown.sums)) {
            onLegend();
        }
        const key = shown === null ? "" : shown.key;
        if (key === legendKey) {
            return;
        }
        legendKey = key;
        parts.legend.replaceChildren();
        parts.legend.title = shown === null ? "" : shown.title;
        if (shown !== null) {
            addScale(shown);
            addSides(shown);
            if (shown.hatch !== "") {
                const item = element("span", "item", parts.legend);
                element("span", "hatched", item);
                element("span", "", item).textContent = shown.hatch;
            }
        }
        fitSoon();
    }

    function addScale({ bar, labels, whole, brief, per }) {
        if (bar === null) {
            return;
        }
        const item = element("span", "item", parts.legend);
        item.id = "scale";
        element("span", "whole", item).textContent = whole;
        element("span", "brief", item).textContent = brief;
        if (per) {
            element("span", "per", item).textContent = per;
        }
        element("span", "amount", item).textContent = labels[0];
        const canvas = element("canvas", "", item);
        canvas.width = bar.width;
        canvas.height = 1;
        canvas.getContext("2d").drawImage(bar, 0, 0);
        element("span", "amount", item).textContent = labels[labels.length - 1];
    }

    function addSides({ sides, happened, least }) {
        if (sides.length > 0 && happened) {
            element("span", "item least", parts.legend).textContent = happened;
        }
        for (const { text, colour } of sides) {
            const item = element("span", "item whose", parts.legend);
            element("span", "dot", item).style.background = colour;
            element("span", "", item).textContent = text;
        }
        if (sides.length > 0 && least !== "") {
            element("span", "least", parts.legend.lastElementChild).textContent = "\u2265 " + least;
        }
    }

    /**
     * @param {number} fromMs @param {number} toMs UTC, half-open
     * @returns {{longs: string, shorts: string}} what was liquidated in this time, as words
     */
    function sidesOf(fromMs, toMs) {
        const sums = legend === null ? null : legend.sums;
        return sums === null ? { longs: "", shorts: "" } : sums.of(fromMs, toMs);
    }

    function fitSoon() {
        if (!isFitDue) {
            isFitDue = true;
            requestAnimationFrame(fit);
        }
    }

    /** Have one after the other give way until the line fits. */
    function fit() {
        isFitDue = false;
        const { strip: box, values } = parts;
        const isTooLong = () =>
            values.scrollWidth > values.clientWidth || box.scrollWidth > box.clientWidth;
        // Digits are of one width: a price that moves leaves all as it is.
        const shape = box.textContent.replace(/\d/g, "0") + window.innerWidth;
        if (shape === fitted && !isTooLong()) {
            return;
        }
        fitted = shape;
        box.className = "";
        for (let less = 1; less <= LESS && isTooLong(); less += 1) {
            box.classList.add("less" + less);
        }
    }

    return { create, setNames, showCandle, showLegend, sidesOf };
})();

/** What takes the heatmap's legend, by name: that is how a host says where it is to stand. */
const heatLegend = {
    show: strip.showLegend,
    get tellsState() {
        return card.isGiven();
    },
};
