"use strict";

// The one card on the chart: a state that needs an act, in the place with the fewest candles.

const card = (() => {
    const MARGIN_PX = 16;
    const CLEAR_PX = 8;
    /** The newest candles are never covered. */
    const NEWEST = 10;
    /** What it would cost to lie on one of them, and on the logo of the library. */
    const FORBIDDEN = 1e6;
    const LOGO = { width: 50, height: 34 };
    /** The present place is left where another has this many candles less. */
    const BETTER = 6;
    const PLACE_MS = 300;
    const MOST_PX = 560;
    const LEAST_PX = 200;

    let box = null;
    // A state has a card, also one that the user has shut.
    let isGiven = false;
    let market = null;
    let tell = () => {};
    let tellRoom = () => {};
    // What was told of it last.
    let hasRoom = true;
    let place = -1;
    let timer = 0;

    /**
     * @param {object} of where the candles are
     * @param {() => {width: number, height: number}} of.size of the pane, CSS pixels
     * @param {() => {x: number, top: number, bottom: number}[]} of.candles those in sight
     * @param {() => void} of.changed has the chart painted again: others may give way
     * @param {(action: string) => void} report the button's action; empty: it was shut
     * @param {(hasRoom: boolean) => void} reportRoom whether it can be seen now
     */
    function create(of, report, reportRoom) {
        box = document.getElementById("card");
        market = of;
        tell = report;
        tellRoom = reportRoom;
        window.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && !box.hidden) {
                shut();
            }
        });
        const resized = new ResizeObserver(() => {
            keepInside();
            placeSoon();
        });
        resized.observe(document.getElementById("chart"));
        // Other fonts and colours may give it another size.
        resized.observe(box);
    }

    function shut() {
        box.hidden = true;
        tell("");
    }

    function button(className, text, act) {
        const made = document.createElement("button");
        made.className = className;
        made.textContent = text;
        made.addEventListener("click", act);
        box.append(made);
        return made;
    }

    /**
     * @param {{text: string, button: string, action: string, isBad: boolean, close: string}} shown
     */
    function show(shown) {
        isGiven = true;
        box.replaceChildren();
        const words = document.createElement("span");
        words.className = "words";
        words.textContent = shown.text;
        box.append(words);
        if (shown.button !== "") {
            button("act", shown.button, () => tell(shown.action));
        }
        button("shut", "\u00d7", shut).setAttribute("aria-label", shown.close);
        box.className = shown.isBad ? "bad" : "";
        box.hidden = false;
        place = -1;
        hasRoom = true;
        placeNow();
        market.changed();
    }

    function hide() {
        isGiven = false;
        box.hidden = true;
    }

    function placeSoon() {
        if (timer === 0 && box !== null && !box.hidden) {
            timer = setTimeout(() => {
                timer = 0;
                placeNow();
            }, PLACE_MS);
        }
    }

    /** Be whole at once on a chart that has become smaller, before another place is found. */
    function keepInside() {
        const { clientWidth, clientHeight } = box.parentElement;
        const left = Math.min(box.offsetLeft, clientWidth - box.offsetWidth);
        const top = Math.min(box.offsetTop, clientHeight - box.offsetHeight);
        if (!box.hidden && (left < box.offsetLeft || top < box.offsetTop)) {
            box.style.left = Math.max(0, left) + "px";
            box.style.top = Math.max(0, top) + "px";
        }
    }

    /** Go where the fewest candles are; stay where it is hardly better elsewhere. */
    function placeNow() {
        if (box.hidden) {
            return;
        }
        const { width, height } = market.size();
        if (width === 0) {
            return;
        }
        // Inside the pane, whatever it was before: the words take more lines.
        const most = Math.max(LEAST_PX, Math.min(MOST_PX, width - 2 * MARGIN_PX));
        box.style.maxWidth = "min(" + most + "px, 100% - " + 2 * MARGIN_PX + "px)";
        const { offsetWidth, offsetHeight } = box;
        const lefts = [(width - offsetWidth) / 2, width - offsetWidth - MARGIN_PX, MARGIN_PX];
        const tops = [height - offsetHeight - MARGIN_PX, MARGIN_PX, (height - offsetHeight) / 2];
        const places = tops.flatMap((top) => lefts.map((left) => ({ left, top })));
        const candles = market.candles();
        const costs = places.map(({ left, top }) => {
            return costOf(left, top, offsetWidth, offsetHeight, candles, height);
        });
        const best = costs.indexOf(Math.min(...costs));
        if (place < 0 || costs[place] - costs[best] >= BETTER) {
            place = best;
        }
        // Where even the best place lies on the newest candles there is no room for it.
        const isFree = costs[place] < FORBIDDEN;
        box.style.visibility = isFree ? "visible" : "hidden";
        if (isFree !== hasRoom) {
            hasRoom = isFree;
            tellRoom(isFree);
        }
        box.style.left = Math.max(0, places[place].left) + "px";
        box.style.top = Math.max(0, places[place].top) + "px";
    }

    function costOf(left, top, width, height, candles, paneHeight) {
        let cost = 0;
        candles.forEach((one) => {
            const isBeside = one.x < left - CLEAR_PX || one.x > left + width + CLEAR_PX;
            const isAway = one.bottom < top - CLEAR_PX || one.top > top + height + CLEAR_PX;
            if (!isBeside && !isAway) {
                cost += one.age < NEWEST ? FORBIDDEN : 1;
            }
        });
        const isOnLogo = left < LOGO.width && top + height > paneHeight - LOGO.height;
        return cost + (isOnLogo ? BETTER : 0);
    }

    return { create, show, hide, placeSoon, isGiven: () => isGiven };
})();
