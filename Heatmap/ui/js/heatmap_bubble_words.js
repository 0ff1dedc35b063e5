// needs: heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  /** So many of the largest bubbles in sight have their amount beside them, of so many tried. */
  const MOST = 9;
  const MOST_TRIED = 14;
  /** So many of the largest have it further away, with a line, where there is no room beside them. */
  const LED = 3;
  const GAP_PX = 3;
  /** Words keep off the largest so many bubbles; smaller ones may lie under them. */
  const KEPT_CLEAR = 120;
  /** So many candles are looked at for one place. */
  const MOST_CANDLES = 12;
  /** Words may lie on so many candles; those of the largest are led away from there first. */
  const MOST_COVERED = 1;
  /** Where a zoom differs by less than this part, words stay where they are. */
  const SAME_ZOOM = 0.02;
  /** Beside a bubble: left, right, above, below. A band of heat begins at it, and goes on to the right. */
  const SIDES = 4;
  /** Further away: from a bubble's rim to the middle of the words, and the directions, left first. */
  const LEADS_PX = [26, 42, 60, 80];
  const DIRECTIONS = [4, 0, 5, 7, 3, 1, 6, 2];
  const LEAD_ALPHA = 0.8;
  /** What has no place is not looked for again while it is so far inside of the pane. */
  const INSIDE_PX = 70;
  const UNKNOWN = -1;
  const NOWHERE = -2;

  /**
   * The amounts beside the largest bubbles: each where no candle is, and never on another word, a
   * bubble, the legend or what stands at the right edge. A place that was found stays while the chart
   * only moves.
   */
  class BubbleWords {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** By the groups' own places: texts and their widths, and where they stand. */
      this._texts = [];
      this._widths = [];
      this._choices = new Int8Array(0);
      /** The zoom and the candles for which they were chosen. */
      this._pxPerBar = NaN;
      this._pxPerLog = NaN;
      this._candles = -1;
      this._edges = NaN;
      /** Those of this frame: places in the groups, left and upper edges, how far away they stand. */
      this._ats = new Int32Array(MOST);
      this._lefts = new Float64Array(MOST);
      this._tops = new Float64Array(MOST);
      this._placed = new Int8Array(MOST);
      this._count = 0;
      /** The words one below the other, written once; whose they are, and how they look. */
      this._sheet = document.createElement("canvas");
      this._written = new Int32Array(MOST);
      this._writtenCount = 0;
      this._look = "";
      this._font = "";
      /** The rectangles of this frame's words, and of lines to them: left, top, right, bottom. */
      this.taken = new Float64Array(8 * MOST);
      this.takenCount = 0;
      /** The place that is being tried. */
      this._left = 0;
      this._middle = 0;
    }

    /** Begin anew: there are other bubbles. @param {number} count */
    forget(count) {
      this._texts = new Array(count).fill("");
      this._widths = new Array(count).fill(0);
      this._choices = new Int8Array(count).fill(UNKNOWN);
      this.takenCount = 0;
      this._writtenCount = 0;
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this._sheet.width = 0;
      this._writtenCount = 0;
    }

    /**
     * Show them above the candles.
     * @param {any} scope bitmap coordinates scope
     * @param {any} bubbles RecordedBubbles, laid out
     */
    paint(scope, bubbles) {
      this.takenCount = 0;
      this._count = 0;
      const { groups } = bubbles;
      const { mediaSize } = scope;
      const font = words.fontOf(this._surface.chart.options().layout, 600);
      if (font !== this._font) {
        this._font = font;
        this.forget(groups.count);
      }
      this._noteZoom(bubbles.pxPerLog);
      let tried = 0;
      for (let i = 0; i < groups.count && tried < MOST_TRIED && this._count < MOST; i += 1) {
        const at = groups.order[i];
        if (bubbles.isSeen(at, mediaSize, 0)) {
          tried += 1;
          this._place(bubbles, at, tried <= LED, mediaSize);
        }
      }
      if (this._count > 0) {
        this._lead(scope, bubbles);
        this._write(scope.horizontalPixelRatio, bubbles);
        this._copy(scope);
      }
    }

    /** Copy all that was written. @param {any} scope bitmap coordinates scope */
    _copy({ context, horizontalPixelRatio: ratio }) {
      const height = Math.round(words.LINE_PX * ratio);
      for (let i = 0; i < this._count; i += 1) {
        const width = Math.ceil(this._widths[this._ats[i]] * ratio);
        context.drawImage(
          this._sheet, 0, i * height, width, height,
          Math.round(this._lefts[i] * ratio), Math.round(this._tops[i] * ratio), width, height,
        );
      }
    }

    /** Choose places anew where the zoom is another one, or there are other candles. */
    _noteZoom(pxPerLog) {
      const { axis, legend, room } = this._surface;
      // Where the legend moves, or labels go, there is other room.
      const edges = room.right + legend.left * 7 + legend.top * 13 + legend.right * 17;
      const isSame =
        axis.count === this._candles &&
        Math.abs(edges - this._edges) < 1 &&
        Math.abs(axis.barSpacing / this._pxPerBar - 1) < SAME_ZOOM &&
        Math.abs(pxPerLog / this._pxPerLog - 1) < SAME_ZOOM;
      if (!isSame) {
        this._candles = axis.count;
        this._edges = edges;
        this._pxPerBar = axis.barSpacing;
        this._pxPerLog = pxPerLog;
        this._choices.fill(UNKNOWN);
      }
    }

    /** Find where the words of a bubble stand in this frame, if anywhere. */
    _place(bubbles, at, isLed, mediaSize) {
      if (this._texts[at] === "") {
        this._texts[at] = heatmap.amounts.usdText(bubbles.groups.usd[at]);
        const context = this._sheet.getContext("2d");
        context.font = this._font;
        this._widths[at] = words.widthOf(context, this._texts[at]);
      }
      const choice = this._choose(bubbles, at, isLed, mediaSize);
      if (choice < 0) {
        return;
      }
      this._try(bubbles, at, choice);
      const top = this._middle - words.LINE_PX / 2;
      this._ats[this._count] = at;
      this._lefts[this._count] = this._left;
      this._tops[this._count] = top;
      this._placed[this._count] = choice;
      this._count += 1;
      this._reserve(this._left, top, this._left + this._widths[at], top + words.LINE_PX);
      if (choice >= SIDES) {
        const { fromX, fromY, toX, toY } = this._lineTo(bubbles, at, this._left, top);
        this._reserve(
          Math.min(fromX, toX), Math.min(fromY, toY), Math.max(fromX, toX), Math.max(fromY, toY),
        );
      }
    }

    /** Write the words of this frame, each in a line of the sheet, unless it has them. */
    _write(ratio, bubbles) {
      const { place } = this._surface.ground;
      const look = ratio + place.colour + bubbles.inkOf(0) + bubbles.inkOf(1);
      let isSame = look === this._look && this._count === this._writtenCount;
      for (let i = 0; i < this._count && isSame; i += 1) {
        isSame = this._ats[i] === this._written[i];
      }
      if (isSame) {
        return;
      }
      this._look = look;
      this._writtenCount = this._count;
      this._written.set(this._ats);
      const height = Math.round(words.LINE_PX * ratio);
      let widest = 1;
      for (let i = 0; i < this._count; i += 1) {
        widest = Math.max(widest, this._widths[this._ats[i]]);
      }
      // Also clears it.
      this._sheet.width = Math.ceil(widest * ratio);
      this._sheet.height = height * this._count;
      const context = this._sheet.getContext("2d");
      context.textBaseline = "middle";
      context.font = this._font;
      for (let i = 0; i < this._count; i += 1) {
        const at = this._ats[i];
        context.setTransform(ratio, 0, 0, ratio, 0, i * height);
        words.layGround(
          context, place, words.GROUND_ALPHA, 0, 0, this._widths[at], words.LINE_PX,
        );
        context.globalAlpha = 1;
        context.fillStyle = bubbles.inkOf(bubbles.groups.isLong[at]);
        context.fillText(this._texts[at], words.PADDING_PX, words.LINE_PX / 2);
      }
    }

    /** @returns {number} where the words of a bubble stand; negative: nowhere */
    _choose(bubbles, at, isLed, mediaSize) {
      const known = this._choices[at];
      if (known >= 0 && this._isFreeAt(bubbles, at, known, mediaSize, true)) {
        return known;
      }
      if (known === NOWHERE && bubbles.isInside(at, mediaSize, INSIDE_PX)) {
        return NOWHERE;
      }
      let best = this._search(bubbles, at, 0, SIDES, isLed ? 0 : MOST_COVERED, mediaSize);
      if (best < 0 && isLed) {
        const end = SIDES + LEADS_PX.length * DIRECTIONS.length;
        best = this._search(bubbles, at, SIDES, end, 0, mediaSize);
        if (best < 0) {
          best = this._search(bubbles, at, 0, end, Infinity, mediaSize);
        }
      }
      this._choices[at] = best;
      return best;
    }

    /**
     * @param {number} most so many candles at most
     * @returns {number} the first free place without a candle, else that with the fewest
     */
    _search(bubbles, at, from, end, most, mediaSize) {
      let best = NOWHERE;
      let fewest = most + 1;
      for (let choice = from; choice < end && fewest > 0; choice += 1) {
        if (this._isFreeAt(bubbles, at, choice, mediaSize)) {
          const count = this._candlesFor(bubbles, at, choice);
          if (count < fewest) {
            fewest = count;
            best = choice;
          }
        }
      }
      return best;
    }

    /** Find where words would stand: leaves their left edge and middle. */
    _try(bubbles, at, choice) {
      const width = this._widths[at];
      const x = bubbles.x[at];
      const y = bubbles.y[at];
      const reach = bubbles.radius[at] + GAP_PX;
      if (choice < SIDES) {
        this._left = choice === 1 ? x + reach : choice === 0 ? x - reach - width : x - width / 2;
        const up = reach + words.LINE_PX / 2;
        this._middle = choice < 2 ? y : choice === 2 ? y - up : y + up;
        return;
      }
      const far = choice - SIDES;
      const distance = bubbles.radius[at] + LEADS_PX[Math.floor(far / DIRECTIONS.length)];
      const angle = (DIRECTIONS[far % DIRECTIONS.length] * Math.PI) / 4;
      const side = Math.cos(angle);
      // Words beside it end where those above and below it have their middle.
      this._left = x + side * distance + (side > 0.1 ? 0 : side < -0.1 ? -width : -width / 2);
      this._middle = y + Math.sin(angle) * distance;
    }

    /**
     * @param {boolean} [isKnown] it was free of bubbles, which have moved together since
     * @returns {boolean} whether words can stand in a place
     */
    _isFreeAt(bubbles, at, choice, mediaSize, isKnown = false) {
      this._try(bubbles, at, choice);
      const half = words.LINE_PX / 2;
      const left = this._left;
      const right = left + this._widths[at];
      const top = this._middle - half;
      const bottom = this._middle + half;
      return (
        this._isFree(left, top, right, bottom, mediaSize) &&
        (choice < SIDES || this._isLineFree(bubbles, at, left, top, mediaSize)) &&
        (isKnown || this._isOffBubbles(bubbles, left, top, right, bottom))
      );
    }

    /** @returns {boolean} whether the line to words that stand further away crosses no others */
    _isLineFree(bubbles, at, left, top, mediaSize) {
      const { fromX, fromY, toX, toY } = this._lineTo(bubbles, at, left, top);
      return this._isFree(
        Math.min(fromX, toX), Math.min(fromY, toY), Math.max(fromX, toX), Math.max(fromY, toY),
        mediaSize,
      );
    }

    /** @returns {number} how many candles lie where words were tried, and below the line to them */
    _candlesFor(bubbles, at, choice) {
      const { _left: left, _middle: middle } = this;
      const right = left + this._widths[at];
      const half = words.LINE_PX / 2;
      const count = this._candlesIn(left, right, middle - half, middle + half);
      if (choice < SIDES) {
        return count;
      }
      const x = bubbles.x[at];
      const y = bubbles.y[at];
      const radius = bubbles.radius[at];
      const fromX = Math.max(x - radius, Math.min(x + radius, (left + right) / 2));
      const toX = Math.max(left, Math.min(right, fromX));
      return count + this._candlesIn(
        Math.min(fromX, toX), Math.max(fromX, toX), Math.min(y, middle), Math.max(y, middle),
      );
    }

    /** @returns {number} how many candles lie in a rectangle, of a part where there are many */
    _candlesIn(left, right, top, bottom) {
      const { candles, chart } = this._surface;
      const scale = chart.timeScale();
      const from = scale.coordinateToLogical(left);
      const to = scale.coordinateToLogical(right);
      if (from === null || to === null) {
        return 0;
      }
      const step = Math.max(1, Math.ceil((to - from + 1) / MOST_CANDLES));
      let count = 0;
      for (let i = Math.round(from); i <= Math.round(to); i += step) {
        const candle = candles.dataByIndex(i);
        const isThere = candle !== null && candle.high !== undefined;
        const high = isThere ? candles.priceToCoordinate(candle.high) : null;
        const low = isThere ? candles.priceToCoordinate(candle.low) : null;
        // An inverted scale has them the other way round.
        if (high !== null && low !== null) {
          const isBeside = Math.max(high, low) < top || Math.min(high, low) > bottom;
          count += isBeside ? 0 : 1;
        }
      }
      return count;
    }

    /** Draw the lines to words that stand further away. @param {any} scope bitmap coordinates scope */
    _lead(scope, bubbles) {
      const { context, horizontalPixelRatio: ratioX, verticalPixelRatio: ratioY } = scope;
      for (let i = 0; i < this._count; i += 1) {
        if (this._placed[i] < SIDES) {
          continue;
        }
        const at = this._ats[i];
        const { fromX, fromY, toX, toY } = this._lineTo(bubbles, at, this._lefts[i], this._tops[i]);
        context.globalAlpha = LEAD_ALPHA;
        context.strokeStyle = bubbles.inkOf(bubbles.groups.isLong[at]);
        context.lineWidth = ratioX;
        context.beginPath();
        context.moveTo(fromX * ratioX, fromY * ratioY);
        context.lineTo(toX * ratioX, toY * ratioY);
        context.stroke();
        context.globalAlpha = 1;
      }
    }

    /** @returns {any} the line from a bubble's rim to words with these left and upper edges */
    _lineTo(bubbles, at, left, top) {
      const x = bubbles.x[at];
      const y = bubbles.y[at];
      const toX = Math.max(left, Math.min(left + this._widths[at], x));
      const toY = Math.max(top, Math.min(top + words.LINE_PX, y));
      const part = bubbles.radius[at] / Math.max(1, Math.hypot(toX - x, toY - y));
      return { fromX: x + (toX - x) * part, fromY: y + (toY - y) * part, toX, toY };
    }

    /** Keep other words of this frame off a rectangle. */
    _reserve(left, top, right, bottom) {
      const at = 4 * this.takenCount;
      this.taken[at] = left;
      this.taken[at + 1] = top;
      this.taken[at + 2] = right;
      this.taken[at + 3] = bottom;
      this.takenCount += 1;
    }

    /** @returns {boolean} whether nothing but bubbles and candles may be in a rectangle */
    _isFree(left, top, right, bottom, mediaSize) {
      const { room, legend } = this._surface;
      if (left < 0 || top < 0 || right > mediaSize.width - room.right || bottom > mediaSize.height) {
        return false;
      }
      if (left < legend.right && right > legend.left && top < legend.bottom && bottom > legend.top) {
        return false;
      }
      for (let i = 0; i < 4 * this.takenCount; i += 4) {
        const { taken } = this;
        const isBeside = right <= taken[i] || left >= taken[i + 2];
        if (!isBeside && bottom > taken[i + 1] && top < taken[i + 3]) {
          return false;
        }
      }
      return true;
    }

    /** @returns {boolean} whether no large bubble reaches into a rectangle */
    _isOffBubbles(bubbles, left, top, right, bottom) {
      const { groups, x, y, radius } = bubbles;
      for (let i = 0; i < Math.min(KEPT_CLEAR, groups.count); i += 1) {
        const at = groups.order[i];
        const dx = x[at] - Math.max(left, Math.min(right, x[at]));
        const dy = y[at] - Math.max(top, Math.min(bottom, y[at]));
        if (dx * dx + dy * dy < radius[at] * radius[at]) {
          return false;
        }
      }
      return true;
    }
  }

  heatmap.bubbleWords = { BubbleWords };
})(this);
