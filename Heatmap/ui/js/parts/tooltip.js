// needs: heatmap_parts.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** A crosshair that only passes by opens nothing. */
  const REST_MS = 120;
  /** A question without an answer is given up after this time. */
  const ANSWER_MS = 2000;
  /** What was told of the place before stands so long while the answer for another is on its way. */
  const STALE_MS = 150;
  /** What lies under a resting crosshair is asked again at most this often. */
  const REFRESH_MS = 1000;
  const DISTANCE_PX = 16;
  /** `CrosshairMode.Hidden` of Lightweight Charts: hosts set it while they draw. */
  const HIDDEN = 2;
  /** A pane that has moved by more than this is not the one that was pointed at, CSS pixels. */
  const SAME_PX = 0.5;
  /** The host's style sheet must not reach in: each is important. */
  const BOX_STYLE = important(
    "all: initial; position: fixed; left: 0; top: 0; pointer-events: none; z-index: 20; " +
      "display: none; width: max-content; padding: 7px 9px; border-radius: 4px; " +
      "white-space: pre; font-size: 11px; line-height: 15px; font-variant-numeric: tabular-nums",
  );
  const TITLE_STYLE = important("all: unset; display: block; margin-bottom: 3px");
  const TABLE_STYLE = important(
    "all: unset; display: grid; grid-template-columns: auto auto; column-gap: 14px",
  );
  const CELL_STYLE = "all: unset; display: block; white-space: pre; ";
  const LABEL_STYLE = important(CELL_STYLE + "opacity: 0.75");
  const TEXT_STYLE = important(CELL_STYLE + "text-align: right");

  /** @param {string} style declarations @returns {string} the same, each important */
  function important(style) {
    return style.split(";").map((declaration) => declaration + " !important").join(";");
  }

  /**
   * The box beside the crosshair: what was liquidated in the cell under it, what is drawn there,
   * and how much of its time was recorded. It is an element above the chart, so that moving it
   * repaints nothing of the chart; it opens only over heat and over gaps. It tells about the place
   * that is pointed at: a magnet draws the crosshair's line to the candle, but nobody could point at
   * a price away from the candles if the box went along. Where the crosshair is hidden, or stands
   * where the host has put it, nobody points at anything.
   */
  class CrosshairTooltip {
    /** @param {Surface} surface its `ask` sends a question; `take` takes what comes back */
    constructor(surface) {
      const { chart } = surface;
      this._surface = surface;
      this._chart = chart;
      this._ground = surface.ground;
      this._texts = surface.texts;
      this._candles = surface.candles;
      this._axis = surface.axis;
      this._ask = surface.ask;
      this._guard = surface.guard;
      this._isOn = true;
      /**
       * What is pointed at in the candles' pane, CSS pixels, and where that pane was on the page.
       * @type {{x: number, y: number, left: number, top: number} | null}
       */
      this._point = null;
      /** The place of the pointer as the chart told last; others are the host's. */
      this._pointed = { x: NaN, y: NaN };
      /** While an event of the pointer is told to all who listen to the crosshair. */
      this._isMoving = false;
      /** Whether the crosshair was hidden when it was looked at last. */
      this._wasHidden = false;
      /** @type {any} the place that is shown, with its edges */
      this._place = null;
      this._openTimer = 0;
      this._askTimer = 0;
      this._staleTimer = 0;
      /** Whether an answer stands in the box. */
      this._isTold = false;
      /** Whether that is of the place before, as its title is. */
      this._isStale = false;
      this._askedMs = -ANSWER_MS;
      this._isWaiting = false;
      /** @type {any} the place of the question under way */
      this._asked = null;
      this._box = null;
      this._isOpen = false;
      this._boxStyle = "";
      this._onMove = (/** @type {any} */ event) => this._guard(() => this._move(event));
      chart.subscribeCrosshairMove(this._onMove);
      // The chart tells nobody of these.
      this._endings = ["setCrosshairPosition", "clearCrosshairPosition"].map((method) =>
        heatmap.series.watchCalls(chart, method, { after: () => this._leavePointer() }),
      );
    }

    destroy() {
      clearTimeout(this._openTimer);
      clearTimeout(this._askTimer);
      clearTimeout(this._staleTimer);
      this._place = null;
      this._point = null;
      this._endings.forEach((end) => end());
      if (this._box !== null) {
        this._box.remove();
        this._box = null;
      }
      this._chart.unsubscribeCrosshairMove(this._onMove);
    }

    /**
     * Say nothing any more: what stood here was of another symbol or picture. An answer that is
     * under way is of that too, see `take`.
     */
    clear() {
      this._close();
      this._asked = null;
      if (this._box !== null) {
        this._box.replaceChildren();
      }
    }

    /** Tell about what is drawn now. @param {{visible: boolean, tooltip: boolean}} options */
    changed(options) {
      this._isOn = options.visible && options.tooltip;
      if (!this._isOn) {
        this._close();
      }
      if (this._place === null) {
        return;
      }
      if (this._find() === null) {
        this._close();
        return;
      }
      // The last picture counts, also where no other follows it.
      const leftMs = REFRESH_MS - (performance.now() - this._askedMs);
      clearTimeout(this._askTimer);
      if (leftMs <= 0) {
        this._question(this._place);
      } else {
        this._askTimer = setTimeout(() => this._guard(() => this._askAgain()), leftMs);
      }
    }

    _askAgain() {
      if (this._place !== null) {
        this._question(this._place);
      }
    }

    /** @param {any} event of the chart's crosshair */
    _move(event) {
      const { point, sourceEvent } = event;
      if (sourceEvent !== undefined && sourceEvent !== null) {
        this._pointed = point === undefined ? { x: NaN, y: NaN } : { x: point.x, y: point.y };
        this._isMoving = true;
        queueMicrotask(() => {
          this._isMoving = false;
        });
      }
      const pane = event.paneIndex === undefined ? 0 : event.paneIndex;
      const isInside =
        point !== undefined &&
        // The chart tells the crosshair's place again when its candles change, also a host's.
        point.x === this._pointed.x &&
        point.y === this._pointed.y &&
        point.x >= 0 &&
        point.y >= 0 &&
        pane === heatmap.series.paneIndexOf(this._candles);
      const edges = isInside ? this._paneEdges() : null;
      this._point = edges === null
        ? null
        : { x: point.x, y: point.y, left: edges.left, top: edges.top };
      clearTimeout(this._openTimer);
      if (!this._isOn || this._point === null) {
        this._close();
      } else if (this._isHidden()) {
        // A screenshot hides it too, for as long as it takes.
        queueMicrotask(() => this._guard(() => this.look()));
      } else if (this._place !== null) {
        this._update();
      } else {
        this._openTimer = setTimeout(() => this._guard(() => this._update()), REST_MS);
      }
    }

    /** The host has put the crosshair somewhere, or taken it away. */
    _leavePointer() {
      // Within the pointer's own event it only draws the crosshair's line elsewhere.
      if (!this._isMoving) {
        this._pointed = { x: NaN, y: NaN };
        this._point = null;
        this._close();
      }
    }

    /** @returns {boolean} whether the host has hidden the crosshair */
    _isHidden() {
      return this._chart.options().crosshair.mode === HIDDEN;
    }

    /**
     * See whether the box is still right; called after each frame, since charts scroll, change and
     * lose their candles, hide their crosshair and move their panes under a pointer that rests.
     */
    look() {
      const isHidden = this._isHidden();
      const isBack = this._wasHidden && !isHidden;
      this._wasHidden = isHidden;
      if (this._point === null || !this._isOn) {
        return;
      }
      const edges = this._paneEdges();
      const isMoved =
        edges === null ||
        Math.abs(edges.left - this._point.left) > SAME_PX ||
        Math.abs(edges.top - this._point.top) > SAME_PX;
      if (isMoved) {
        this._point = null;
        this._close();
      } else if (isHidden) {
        this._close();
      } else if (this._place !== null || isBack) {
        this._update();
      }
    }

    /** @returns {DOMRect | null} of the candles' pane; null where it is not on the page */
    _paneEdges() {
      if (heatmap.series.paneIndexOf(this._candles) === null) {
        return null;
      }
      const row = this._candles.getPane().getHTMLElement();
      const pane = row === null || row === undefined ? null : row.children[1];
      return pane ? pane.getBoundingClientRect() : null;
    }

    /** Open, move, fill or close the box, as the crosshair stands. */
    _update() {
      const place = this._isOn && !this._isHidden() ? this._find() : null;
      if (place === null) {
        this._close();
        return;
      }
      const isNew = this._place === null || this._place.key !== place.key;
      const mayStay = this._place !== null && this._isTold && place.note === null;
      this._place = place;
      this._open();
      if (isNew) {
        if (mayStay) {
          this._dim();
        } else {
          this._fill(null);
        }
        this._question(place);
      } else if (!this._isStale) {
        this._retitle();
      }
      this._put();
    }

    /** Say price and time anew where the chart says them in another way now. */
    _retitle() {
      const title = this._title();
      if (this._box.firstChild !== null && this._box.firstChild.textContent !== title) {
        this._box.firstChild.textContent = title;
      }
    }

    /**
     * @returns {any} the cells under the crosshair, and what a part says there; null where there is
     *   nothing to tell
     */
    _find() {
      const cells = this._findCells();
      if (cells !== null) {
        cells.candle = this._candleAtPoint();
        cells.key += " " + cells.candle;
      }
      const point = this._point;
      const note = point === null ? null : this._surface.noteAt(point.x, point.y);
      if (note === null) {
        return cells;
      }
      const key = cells === null ? note.key : cells.key + note.key;
      return Object.assign({}, cells, { key, note, isHeat: cells !== null });
    }

    /** @returns {number} position of the candle that is pointed at; -1: none, or no sums are kept */
    _candleAtPoint() {
      const { legend } = this._surface;
      const axis = this._axis;
      if (this._point === null || !legend.sums || axis.count === 0) {
        return -1;
      }
      const last = axis.positionsIn(this._point.x)[1];
      const isOn = last >= 0 && this._point.x < axis.middleOf(last) + axis.barSpacing / 2;
      return isOn ? last : -1;
    }

    /** @returns {Array<[string, string]>} what was liquidated in the candle that is pointed at */
    _candleLines() {
      const { candle } = this._place;
      const { sums } = this._surface.legend;
      const isKnown = candle >= 0 && candle < this._axis.count && sums;
      return isKnown ? sums.lines(this._axis.timeOf(candle), this._axis.endOf(candle)) : [];
    }

    /**
     * @returns {any} the cells under the crosshair that are drawn as one pixel, where there is heat
     *   or a gap, or something to say anyway; null where there is none of that. Right of now they
     *   are those of the last column, where it is drawn on to there
     */
    _findCells() {
      const { level, picture } = this._surface;
      const { grid } = picture;
      if (grid === null || level === null || this._point === null) {
        return null;
      }
      const price = this._candles.coordinateToPrice(this._point.y);
      const now = this._nowAt(grid, this._point.x);
      const ms = now === null ? this._timeAt(grid, this._point.x) : now;
      if (price === null || ms === null || price < grid.priceLow || price >= grid.priceHigh) {
        return null;
      }
      const { poolY } = level;
      const poolX = now === null ? level.poolX : 1;
      const firstCol = Math.floor(ms / grid.binMs / poolX) * poolX;
      const row = Math.floor((price - grid.priceLow) / grid.binUsd) + grid.firstRow;
      const firstRow = Math.floor(row / poolY) * poolY;
      const fromMs = firstCol * grid.binMs;
      const toMs = fromMs + poolX * grid.binMs;
      const isGap = grid.gaps.some(([gapFrom, gapTo]) => gapFrom < toMs && gapTo > fromMs);
      const isPainted = () =>
        grid.strongest(firstRow, firstRow + poolY, firstCol, firstCol + poolX) > 0;
      if (!isGap && !grid.isToldEverywhere && !isPainted()) {
        return null;
      }
      const offsetMs = this._axis.offsetAtX(this._point.x);
      return {
        key: [grid.binUsd, firstRow, poolY, fromMs, toMs, offsetMs, now !== null].join(" "),
        priceLow: firstRow * grid.binUsd,
        priceHigh: (firstRow + poolY) * grid.binUsd,
        fromMs,
        toMs,
        offsetMs,
        isNow: now !== null,
        note: null,
        isHeat: true,
      };
    }

    /**
     * @returns {number | null} a time of the last column, UTC milliseconds, right of now where it
     *   is drawn on to the pane's right edge; null: it is not, or not there
     */
    _nowAt(grid, x) {
      if (!grid.isStanding || grid.endCol <= grid.firstCol) {
        return null;
      }
      const axis = this._axis;
      axis.place(grid.windowStartMs, Math.max(grid.endMs, grid.windowStartMs + 1), x + 1);
      const last = axis.segments - 1;
      const isRight = last >= 0 && axis.toMs[last] >= grid.endMs && x >= axis.toX[last];
      return isRight ? (grid.endCol - 1) * grid.binMs : null;
    }

    /** @returns {number | null} UTC milliseconds within the window; null outside */
    _timeAt(grid, x) {
      const axis = this._axis;
      axis.place(grid.windowStartMs, Math.max(grid.endMs, grid.windowStartMs + 1), x + 1);
      for (let i = 0; i < axis.segments; i += 1) {
        if (x >= axis.fromX[i] && x < axis.toX[i]) {
          const part = (x - axis.fromX[i]) / (axis.toX[i] - axis.fromX[i]);
          return axis.fromMs[i] + part * (axis.toMs[i] - axis.fromMs[i]);
        }
      }
      return null;
    }

    /** Ask what lies at a place; one question at a time, the last one after that. */
    _question(place) {
      if (!place.isHeat) {
        return;
      }
      const nowMs = performance.now();
      if (this._isWaiting && nowMs - this._askedMs < ANSWER_MS) {
        return;
      }
      this._isWaiting = true;
      this._askedMs = nowMs;
      this._asked = place;
      const { priceLow, priceHigh, fromMs, toMs, isNow } = place;
      this._ask({ priceLow, priceHigh, fromMs, toMs, isNow });
    }

    /** Show what lies at the place that was asked about. @param {{lines: Array<any>}} report */
    take(report) {
      this._isWaiting = false;
      if (this._place === null) {
        return;
      }
      if (this._asked === null || this._asked.key !== this._place.key) {
        this._question(this._place);
        return;
      }
      this._fill(report.lines);
      this._put();
    }

    _open() {
      if (this._box === null) {
        this._box = document.createElement("div");
        this._chart.chartElement().appendChild(this._box);
      }
      const { colour, ink } = this._ground.place;
      const { fontFamily } = this._chart.options().layout;
      const style = colour + ink + fontFamily;
      if (this._isOpen && style === this._boxStyle) {
        return;
      }
      this._isOpen = true;
      this._boxStyle = style;
      this._box.style.cssText = BOX_STYLE;
      this._set("font-family", fontFamily);
      this._set("color", ink);
      this._set("background", colour);
      this._set("border", "1px solid color-mix(in srgb, " + ink + " 35%, transparent)");
      this._set("display", "block");
    }

    /** @param {string} property of the box @param {string} value */
    _set(property, value) {
      this._box.style.setProperty(property, value, "important");
    }

    _close() {
      clearTimeout(this._openTimer);
      clearTimeout(this._staleTimer);
      this._place = null;
      this._isOpen = this._isTold = this._isStale = false;
      if (this._box !== null) {
        this._set("display", "none");
      }
    }

    /**
     * Leave what is told of the place before, with its own title, dimmed: the answer for the new one
     * comes within a frame or two as a rule, and an empty box in between would flicker. Never the
     * title of one place above the amounts of another.
     */
    _dim() {
      if (!this._isStale) {
        this._isStale = true;
        for (const part of this._box.children) {
          part.style.setProperty("opacity", "0.6", "important");
        }
        this._staleTimer = setTimeout(() => this._guard(() => this._tellPlace()), STALE_MS);
      }
    }

    /** Say which place it is, as long as nothing else is known of it. */
    _tellPlace() {
      this._fill(null);
      this._put();
    }

    /** @param {Array<[string, string]> | null} lines null: not known yet, the place alone is said */
    _fill(lines) {
      clearTimeout(this._staleTimer);
      this._isTold = lines !== null;
      this._isStale = false;
      const box = this._box;
      const { note } = this._place;
      const title = document.createElement("div");
      title.style.cssText = TITLE_STYLE;
      title.textContent = this._title();
      const table = document.createElement("div");
      table.style.cssText = TABLE_STYLE;
      const all = (note === null ? [] : note.lines).concat(lines || [], this._candleLines());
      for (const [label, text] of all) {
        for (const [words, style] of [
          [label, LABEL_STYLE],
          [text, TEXT_STYLE],
        ]) {
          const cell = document.createElement("span");
          cell.style.cssText = style;
          cell.textContent = words;
          table.appendChild(cell);
        }
      }
      box.replaceChildren(title, table);
    }

    /** @returns {string} price and time range, as the chart's own axes say them */
    _title() {
      const { priceLow, priceHigh, fromMs, toMs, note, isHeat, isNow } = this._place;
      const texts = this._texts;
      if (!isHeat) {
        return note.title;
      }
      const when = isNow ? heatmap.language.words("now", "as of now") : texts.times(fromMs, toMs, this._place.offsetMs);
      return (
        texts.plainPrice(priceLow) + " \u2013 " + texts.plainPrice(priceHigh) + "\n" + when
      );
    }

    /** Put the box beside the crosshair, inside the pane, or at least inside the page. */
    _put() {
      const edges = this._paneEdges();
      if (edges === null || this._point === null) {
        this._close();
        return;
      }
      // Where 0 is: an ancestor with a transform takes a fixed box along.
      this._set("left", "0");
      this._set("top", "0");
      const box = this._box.getBoundingClientRect();
      const left = beside(this._point.x, box.width, edges.left, edges.width, global.innerWidth);
      const top = beside(this._point.y, box.height, edges.top, edges.height, global.innerHeight);
      this._set("left", left - box.left + "px");
      this._set("top", top - box.top + "px");
    }
  }

  /**
   * Where a box begins in one direction: after the point, before it where it would leave the pane,
   * and never outside the page while there is room for it.
   * @param {number} point from the pane's edge @param {number} size of the box
   * @param {number} paneStart @param {number} paneSize @param {number} pageSize
   */
  function beside(point, size, paneStart, paneSize, pageSize) {
    const after = point + DISTANCE_PX;
    const place = after + size <= paneSize ? after : Math.max(0, point - DISTANCE_PX - size);
    return Math.max(0, Math.min(paneStart + place, pageSize - size));
  }

  heatmap.parts.register({
    name: "tooltip",
    order: 80,
    options: ["visible", "tooltip"],
    make: (/** @type {Surface} */ surface) => new CrosshairTooltip(surface),
  });
})(this);
