(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** So many places of a corner are looked at, beside and above one another. */
  const ACROSS = 16;
  const UP = 12;
  /** Candles come no nearer than this, CSS pixels. */
  const CLEAR_PX = 4;
  /** How often the corners are looked at, and for how long another one has to be better. */
  const LOOK_MS = 500;
  const PATIENCE_MS = 3000;
  /** By so much it has to be better; the brightest level through it, or candles, is 1. */
  const BETTER = 0.15;
  /** Corners that are not the usual one are worth a little less. */
  const UNUSUAL = 0.1;
  /** Worse than heat and candles can be. */
  const NOT_FREE = 3;
  /** So many of the newest candles are never covered, and what covering them costs. */
  const NEWEST = 10;
  const ON_NEWEST = 10;
  /** Half of a candle's body, of the distance from one to the next. */
  const BODY_PART = 0.45;
  /** Where it was in their way it comes back once they are this far off, CSS pixels. */
  const WELL_CLEAR_PX = 24;
  const FAR_RIGHT_INDEX = 1e9;
  const NEAREST_LEFT = -1;
  const BRIGHTEST = 255;
  const CORNERS = 4;
  const NEAREST = 0;

  /**
   * The corner of the pane with the least heat and candles. It is another one only where that has
   * been clearly better for a while, so that nothing jumps while the chart moves.
   *
   * Corners are counted from the usual one, the lower left; then lower right, upper left and right.
   */
  class QuietCorner {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** The present one; -1: none has been chosen. */
      this._corner = -1;
      /** The better one, and since when it has been that. */
      this._other = -1;
      this._sinceMs = 0;
      /** The strongest heat beside one another. */
      this._most = new Uint8Array(ACROSS);
      this._lookedMs = -Infinity;
      /** Where it stands, CSS pixels. */
      this.left = 0;
      this.top = 0;
      /** Where it would stand in each of them. */
      this._lefts = new Float64Array(CORNERS);
      this._tops = new Float64Array(CORNERS);
      /** Whether the newest candles are in the way where it should stand. */
      this._isDriven = false;
    }

    /**
     * Tell whether the newest candles keep it from where it should stand; see `offer` and `find`.
     * @param {number} corner @param {number} width @param {number} height
     * @returns {boolean}
     */
    isDrivenFrom(corner, width, height) {
      const clear = this._isDriven ? WELL_CLEAR_PX : CLEAR_PX;
      this._isDriven = this._coversNewest(corner, width, height, clear);
      return this._isDriven;
    }

    /** Stand in a corner, whatever else is there. @param {number} corner */
    take(corner) {
      this.forget();
      this.left = this._lefts[corner];
      this.top = this._tops[corner];
    }

    /** It is not shown any more: what comes next may stand anywhere at once. */
    forget() {
      this._corner = this._other = -1;
      this._lookedMs = -Infinity;
    }

    /**
     * Say where each corner would be; `find` comes next.
     * @param {number} corner @param {number} left @param {number} top CSS pixels
     */
    offer(corner, left, top) {
      this._lefts[corner] = left;
      this._tops[corner] = top;
    }

    /**
     * Find where it stands: in `left` and `top`.
     * @param {number} width @param {number} height of what seeks a corner
     * @param {number} paneWidth
     * @param {number} nowMs on the monotonic clock
     * @returns {number} the corner; -1: the newest candles are in each
     */
    find(width, height, paneWidth, nowMs) {
      const isInTheWay =
        this._corner >= 0 && this._coversNewest(this._corner, width, height, CLEAR_PX);
      if (isInTheWay || nowMs - this._lookedMs >= LOOK_MS) {
        this._lookedMs = nowMs;
        this._choose(width, height, paneWidth, nowMs);
      }
      this.left = this._lefts[this._corner];
      this.top = this._tops[this._corner];
      return this._coversNewest(this._corner, width, height, CLEAR_PX) ? -1 : this._corner;
    }

    _choose(width, height, paneWidth, nowMs) {
      const { grid } = this._surface.picture;
      const { axis } = this._surface;
      axis.place(grid.windowStartMs, Math.max(grid.endMs, grid.windowStartMs + 1), paneWidth);
      let best = 0;
      let least = Infinity;
      let present = Infinity;
      for (let corner = 0; corner < CORNERS; corner += 1) {
        const [left, top] = [this._lefts[corner], this._tops[corner]];
        let cost = corner === 0 ? 0 : UNUSUAL;
        cost += this._isFree(corner, width, height) ? 0 : NOT_FREE;
        cost += this._heat(grid, left, top, width, height);
        cost += this._candles(left, top, width, height);
        cost += this._coversNewest(corner, width, height, CLEAR_PX) ? ON_NEWEST : 0;
        if (corner === this._corner) {
          present = cost;
        }
        if (cost < least) {
          [best, least] = [corner, cost];
        }
      }
      if (this._corner < 0 || (present >= ON_NEWEST && least < ON_NEWEST)) {
        [this._corner, this._other] = [best, -1];
      } else if (best === this._corner || least > present - BETTER) {
        this._other = -1;
      } else if (best !== this._other) {
        [this._other, this._sinceMs] = [best, nowMs];
      } else if (nowMs - this._sinceMs >= PATIENCE_MS) {
        [this._corner, this._other] = [best, -1];
      }
    }

    /** @returns {boolean} whether a pane is too small to have this corner beside the usual one */
    _isCramped(corner, height) {
      const [isRight, isUpper] = [corner % 2 === 1, corner >= 2];
      return (
        (isRight && this._lefts[corner] < this._lefts[0]) ||
        (isUpper && this._tops[corner] + height > this._tops[0])
      );
    }

    /** @returns {boolean} whether it can stand there; in the usual one it always can */
    _isFree(corner, width, height) {
      const isHindered = this._isCramped(corner, height) || this._isTaken(corner, width, height);
      return corner === 0 || !isHindered;
    }

    /** @returns {boolean} whether an element of the host's is there, as words above its chart */
    _isTaken(corner, width, height) {
      const { chart, candles } = this._surface;
      const row = candles.getPane().getHTMLElement();
      const pane = row === null || row === undefined ? undefined : row.children[1];
      if (pane === undefined) {
        return false;
      }
      const edges = pane.getBoundingClientRect();
      const [left, top] = [edges.left + this._lefts[corner], edges.top + this._tops[corner]];
      const element = chart.chartElement();
      const { parentElement } = element;
      for (const other of parentElement === null ? [] : parentElement.children) {
        const box = other === element ? null : other.getBoundingClientRect();
        const isThere =
          box !== null &&
          Math.min(box.right, left + width) > Math.max(box.left, left) &&
          Math.min(box.bottom, top + height) > Math.max(box.top, top);
        if (isThere) {
          return true;
        }
      }
      // Those elsewhere on the page that lie above the chart.
      const above = document.elementFromPoint(left + width / 2, top + height / 2);
      return above !== null && !element.contains(above);
    }

    /** @returns {number} how bright a level in a rectangle is, the mean over its width, 0 to 1 */
    _heat(grid, left, top, width, height) {
      const { axis, candles } = this._surface;
      this._most.fill(0);
      for (let up = 0; up < UP; up += 1) {
        const price = candles.coordinateToPrice(top + ((up + 0.5) / UP) * height);
        const row = price === null ? -1 : Math.floor((price - grid.priceLow) / grid.binUsd);
        if (row < 0 || row >= grid.rows) {
          continue;
        }
        const number = row + grid.firstRow;
        for (let across = 0; across < ACROSS; across += 1) {
          const column = columnAt(axis, grid, left + ((across + 0.5) / ACROSS) * width);
          if (column !== null) {
            const byte = grid.strongest(number, number + 1, column, column + 1);
            this._most[across] = Math.max(this._most[across], byte);
          }
        }
      }
      let sum = 0;
      for (let across = 0; across < ACROSS; across += 1) {
        sum += this._most[across];
      }
      return sum / (ACROSS * BRIGHTEST);
    }

    /** @returns {boolean} whether one of the newest candles reaches into a corner, or nearly */
    _coversNewest(corner, width, height, clear) {
      const { chart, candles } = this._surface;
      const newest = candles.dataByIndex(FAR_RIGHT_INDEX, NEAREST_LEFT);
      const scale = chart.timeScale();
      const last = newest === null ? null : scale.timeToIndex(newest.time, false);
      if (last === null) {
        return false;
      }
      const apart = scale.logicalToCoordinate(last) - scale.logicalToCoordinate(last - 1);
      const aside = clear + BODY_PART * apart;
      const [left, top] = [this._lefts[corner] - aside, this._tops[corner] - clear];
      const [right, bottom] = [left + width + 2 * aside, top + height + 2 * clear];
      // The edges as prices: two places are asked for, and not two of each candle.
      const [one, other] = [candles.coordinateToPrice(top), candles.coordinateToPrice(bottom)];
      if (one === null || other === null) {
        return false;
      }
      const [lowest, highest] = [Math.min(one, other), Math.max(one, other)];
      for (let index = last; index > last - NEWEST && index >= 0; index -= 1) {
        const x = scale.logicalToCoordinate(index);
        const candle = x === null || x < left || x > right ? null : candles.dataByIndex(index);
        if (candle !== null && candle !== undefined) {
          const high = candle.high === undefined ? candle.value : candle.high;
          const low = candle.low === undefined ? candle.value : candle.low;
          if (high >= lowest && low <= highest) {
            return true;
          }
        }
      }
      return false;
    }

    /** @returns {number} the part of a rectangle's width in which a candle reaches into it */
    _candles(left, top, width, height) {
      const { chart, candles } = this._surface;
      const scale = chart.timeScale();
      let reached = 0;
      for (let across = 0; across < ACROSS; across += 1) {
        const index = scale.coordinateToLogical(left + ((across + 0.5) / ACROSS) * width);
        const candle = index === null ? null : candles.dataByIndex(Math.round(index), NEAREST);
        if (candle === null || candle === undefined) {
          continue;
        }
        const high = candle.high === undefined ? candle.value : candle.high;
        const low = candle.low === undefined ? candle.value : candle.low;
        const ends = [candles.priceToCoordinate(high), candles.priceToCoordinate(low)];
        if (ends[0] === null || ends[1] === null) {
          continue;
        }
        const isAbove = Math.max(ends[0], ends[1]) < top - CLEAR_PX;
        const isBelow = Math.min(ends[0], ends[1]) > top + height + CLEAR_PX;
        reached += isAbove || isBelow ? 0 : 1;
      }
      return reached / ACROSS;
    }
  }

  /**
   * @param {any} axis whose pieces lie as `place` has left them @param {any} grid HeatmapGrid
   * @param {number} x @returns {number | null} the column that is drawn there; null: none is
   */
  function columnAt(axis, grid, x) {
    for (let i = 0; i < axis.segments; i += 1) {
      if (x >= axis.fromX[i] && x < axis.toX[i]) {
        const part = (x - axis.fromX[i]) / (axis.toX[i] - axis.fromX[i]);
        const ms = axis.fromMs[i] + part * (axis.toMs[i] - axis.fromMs[i]);
        return Math.floor(ms / grid.binMs);
      }
    }
    const last = axis.segments - 1;
    const isRight = last >= 0 && axis.toMs[last] >= grid.endMs && x >= axis.toX[last];
    return grid.isStanding && isRight ? grid.endCol - 1 : null;
  }

  heatmap.corners = { QuietCorner };
})(this);
