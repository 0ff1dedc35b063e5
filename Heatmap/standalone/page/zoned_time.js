"use strict";

// Times as the clock of a zone shows them: on the axis, at the crosshair, in the strip. The candles'
// own times stay in UTC, so nothing else on the page has to know of the zone.

const zonedTime = (() => {
    const HOUR_MS = 3600000;
    const WEEK_MS = 7 * 24 * HOUR_MS;
    const QUARTER_MS = HOUR_MS / 4;
    /** `TickMarkType` of the library. */
    const YEAR = 0;
    const MONTH = 1;
    const DAY = 2;
    /** Weights of the library's ticks by what begins at one, the longest first: it knows no others. */
    const DAY_WEIGHT = 50;
    const MONTH_WEIGHT = 60;
    const YEAR_WEIGHT = 70;
    const STEP_WEIGHTS = [
        [12 * HOUR_MS, 33], [6 * HOUR_MS, 32], [3 * HOUR_MS, 31], [HOUR_MS, 30],
        [HOUR_MS / 2, 22], [HOUR_MS / 4, 21], [HOUR_MS / 12, 20], [1000, 10],
    ];
    /** Keeps the keys of one zone's words off another's: more than any time in milliseconds. */
    const ZONE_KEYS = 1e13;

    let locale = "en-GB";
    let zone = "UTC";
    let wallClock = null;
    /** How often the zone was another one. */
    let turn = 0;
    /** Offsets that were asked for, by the time in steps of 15 minutes: no zone changes between. */
    let offsets = new Map();

    /** @param {string} name of the locale @param {string} zoneName of the IANA's list, or UTC */
    function use(name, zoneName) {
        locale = name;
        zone = zoneName;
        turn += 1;
        offsets = new Map();
        wallClock = zone === "UTC" ? null : new Intl.DateTimeFormat("en-US", {
            timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
            hour: "numeric", minute: "numeric", second: "numeric",
        });
    }

    /** @returns {number} milliseconds, asked of the browser at most once for each place */
    function askedOffset(quarter) {
        let offset = offsets.get(quarter);
        if (offset === undefined) {
            const at = quarter * QUARTER_MS;
            const parts = {};
            for (const { type, value } of wallClock.formatToParts(at)) {
                parts[type] = Number(value);
            }
            const { year, month, day, hour, minute, second } = parts;
            offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
            offsets.set(quarter, offset);
        }
        return offset;
    }

    /**
     * @param {number} ms UTC
     * @returns {number} by how much the zone's clock is ahead, milliseconds
     */
    function offsetAt(ms) {
        if (wallClock === null) {
            return 0;
        }
        // Where a week begins and ends with the same offset, nothing was changed within.
        const week = Math.floor(ms / WEEK_MS);
        const before = askedOffset((week * WEEK_MS) / QUARTER_MS);
        const after = askedOffset(((week + 1) * WEEK_MS) / QUARTER_MS);
        return before === after ? before : askedOffset(Math.floor(ms / QUARTER_MS));
    }

    /** @param {number} ms UTC @returns {Date} whose UTC fields are the zone's clock */
    function wall(ms) {
        return new Date(ms + offsetAt(ms));
    }

    /** @param {Date} date @param {Date} before @returns {number} weight of the tick at a time */
    function weightOf(date, before) {
        if (date.getUTCFullYear() !== before.getUTCFullYear()) {
            return YEAR_WEIGHT;
        }
        if (date.getUTCMonth() !== before.getUTCMonth()) {
            return MONTH_WEIGHT;
        }
        if (date.getUTCDate() !== before.getUTCDate()) {
            return DAY_WEIGHT;
        }
        // Three minutes never begin with each five: their ticks are at quarters of an hour. Where
        // no candle begins with an hour, the first one in it stands for that.
        const isOff = date.getTime() % HOUR_MS !== 0;
        const found = STEP_WEIGHTS.find(([step]) => {
            const isFirst = isOff && step >= HOUR_MS &&
                Math.floor(date.getTime() / step) !== Math.floor(before.getTime() / step);
            return isFirst || date.getTime() % step === 0;
        });
        return found === undefined ? 0 : found[1];
    }

    /** @param {Date} date @param {object} style @returns {string} in the locale's words */
    function said(date, style) {
        return date.toLocaleString(locale, { ...style, timeZone: "UTC" });
    }

    /** @param {Date} date @returns {string} as 23:30, with seconds where there are any */
    function clockText(date) {
        return date.toISOString().slice(11, date.getUTCSeconds() === 0 ? 16 : 19);
    }

    /** @param {Date} date @returns {string} as 5 Dec, in German 5. Dez. */
    function dayText(date) {
        return said(date, { day: "numeric", month: "short" });
    }

    /**
     * @param {number} seconds UTC @param {number} kind `TickMarkType`
     * @returns {string|null} what stands at a tick; null: the library says it, in UTC
     */
    function tickText(seconds, kind) {
        const date = wall(seconds * 1000);
        if (kind === DAY) {
            return dayText(date);
        }
        if (wallClock === null) {
            return null;
        }
        if (kind === YEAR) {
            return said(date, { year: "numeric" });
        }
        return kind === MONTH ? said(date, { month: "short" }) : clockText(date);
    }

    /** @param {number} seconds UTC @returns {string} a day and a time, as 5 Dec 23:30 */
    function momentText(seconds) {
        const date = wall(seconds * 1000);
        const isThisYear = date.getUTCFullYear() === wall(Date.now()).getUTCFullYear();
        const year = isThisYear ? "" : " " + date.getUTCFullYear();
        return dayText(date) + year + " " + clockText(date);
    }

    /** The library's axis of times, with days, months and years that begin by the zone's clock. */
    class ZonedAxis extends LightweightCharts.defaultHorzScaleBehavior() {
        /** @returns {string} the time at the crosshair, where the chart's formatter says none */
        formatHorzItem(item) {
            return momentText(this.key(item));
        }

        /** @returns {number} what the library keeps a tick's words by: each zone has words of its own */
        cacheKey(item) {
            return super.cacheKey(item) + turn * ZONE_KEYS;
        }

        fillWeightsForPoints(points, first) {
            let before = first === 0 ? null : wall(points[first - 1].originalTime * 1000);
            for (let i = first; i < points.length; i += 1) {
                const date = wall(points[i].originalTime * 1000);
                if (before !== null) {
                    points[i].timeWeight = weightOf(date, before);
                }
                before = date;
            }
            if (first === 0 && points.length > 1) {
                const [start, next] = [points[0].originalTime, points[1].originalTime];
                points[0].timeWeight = weightOf(
                    wall(start * 1000), wall((2 * start - next) * 1000),
                );
            }
        }
    }

    return { use, tickText, momentText, ZonedAxis, isUtc: () => wallClock === null };
})();
