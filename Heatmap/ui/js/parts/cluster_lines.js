// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;
  const { LINE_PX, PADDING_PX } = words;

  const MARGIN_PX = 10;
  const SWATCH_PX = 7;
  /** The candles below a label stay visible. */
  const GROUND_ALPHA = 0.6;
  /** Width and alpha of the weakest line, and what the strongest has more. */
  const WIDTH_PX = 1;
  const MORE_WIDTH_PX = 2.5;
  const ALPHA = 0.35;
  const MORE_ALPHA = 0.55;
  /** A label gives way to stronger ones by at most this much; beyond it is left out. */
  const REACH_PX = 24;

  /**
   * One of what Python shows, the strongest first.
   * @typedef {Object} ClusterLine
   * @property {number} price USD
   * @property {"long" | "short"} side
   * @property {number} strength 0 to 1
   * @property {number} fromMs where it begins, UTC
   * @property {string} text what its label says after the price
   */

  /**
   * Price clusters as lines from their first liquidation to the right, behind the candles: the
   * side as colour, the strength as width and alpha. Their labels stand above the candles, each
   * where no other is.
   */
  class ClusterLines {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      /** @type {ClusterLine[]} */
      this._lines = [];
    }

    /** @param {ClusterLine[]} lines in place of those before */
    take(lines) {
      this._lines = lines;
    }

    clear() {
      this._lines = [];
    }

    /** Draw the lines. @param {any} scope bitmap coordinates scope */
    paint(scope) {
      if (this._lines.length === 0) {
        return;
      }
      const { context, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      const { candles, picture } = this._surface;
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      for (const line of this._lines) {
        const left = this._left(line.fromMs, mediaSize.width);
        const y = candles.priceToCoordinate(line.price);
        if (left !== null && y !== null) {
          const width = WIDTH_PX + MORE_WIDTH_PX * line.strength;
          context.globalAlpha = ALPHA + MORE_ALPHA * line.strength;
          context.fillStyle = picture.sideColours[line.side];
          context.fillRect(left, y - width / 2, mediaSize.width - left, width);
        }
      }
      context.restore();
    }

    /**
     * Draw the labels of the lines that are seen: the strongest that find room, in the order of
     * their prices.
     * @param {any} scope bitmap coordinates scope
     */
    paintAbove(scope) {
      if (this._lines.length === 0) {
        return;
      }
      const { context, mediaSize } = scope;
      const { candles, chart, ground, picture, room, texts } = this._surface;
      words.begin(scope, chart.options().layout);
      const right = mediaSize.width - room.right - MARGIN_PX;
      let placed = [];
      for (const line of this._lines) {
        const y = candles.priceToCoordinate(line.price);
        const isSeen = y !== null && y >= 0 && y <= mediaSize.height;
        if (isSeen && this._left(line.fromMs, mediaSize.width) !== null) {
          const text = texts.price(line.price) + "  " + line.text;
          const left = right - context.measureText(text).width - SWATCH_PX - 3 * PADDING_PX;
          if (left >= 0) {
            const label = { line, text, left, right, lineY: y, y };
            placed = withLabel(placed, label, room.top, mediaSize.height - room.bottom);
          }
        }
      }
      for (const label of placed) {
        const place = ground.at(label.y, mediaSize.height);
        this._drawLabel(context, label, picture.sideColours[label.line.side], place);
      }
      context.restore();
    }

    /** @returns {number | null} where a time is, CSS pixels; null right of the pane */
    _left(fromMs, width) {
      const { axis } = this._surface;
      axis.place(fromMs, Number.MAX_SAFE_INTEGER, width);
      return axis.segments === 0 ? null : Math.max(0, axis.fromX[0]);
    }

    _drawLabel(context, label, colour, place) {
      const { left, right, text, lineY, y } = label;
      words.layGround(context, place, GROUND_ALPHA, left, y - LINE_PX / 2, right - left, LINE_PX);
      context.globalAlpha = 1;
      context.fillStyle = colour;
      context.fillRect(left + PADDING_PX, y - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX);
      if (Math.abs(y - lineY) > LINE_PX / 2) {
        // It had to give way: a leader says which line it belongs to.
        context.fillRect(left, Math.min(y, lineY), 1, Math.abs(y - lineY));
      }
      context.fillStyle = place.ink;
      context.fillText(text, left + SWATCH_PX + 2 * PADDING_PX, y);
    }
  }

  /**
   * Place one label more, all as near to their lines as they can be without overlapping.
   * @param {Array<any>} placed labels from top to bottom, with their `y`
   * @param {any} label to add @param {number} top @param {number} bottom of the room, CSS pixels
   * @returns {Array<any>} the labels with it; `placed` where one would be too far from its line
   */
  function withLabel(placed, label, top, bottom) {
    const labels = placed.concat([label]).sort((one, other) => one.lineY - other.lineY);
    // Groups of touching labels, each as near to its lines as possible in the mean: labels that
    // would overlap join into one group.
    const groups = [];
    for (const { lineY } of labels) {
      let group = { sum: lineY, count: 1, middle: lineY };
      for (
        let above = groups[groups.length - 1];
        above !== undefined &&
        group.middle - above.middle < ((group.count + above.count) * LINE_PX) / 2;
        above = groups[groups.length - 1]
      ) {
        groups.pop();
        // Each line counts from where the group's middle would have to be for it.
        const count = above.count + group.count;
        const sum =
          above.sum + (above.count * group.count * LINE_PX) / 2 +
          group.sum - (group.count * above.count * LINE_PX) / 2;
        group = { sum, count, middle: sum / count };
      }
      const half = (group.count * LINE_PX) / 2;
      group.middle = Math.max(top + half, Math.min(bottom - half, group.middle));
      groups.push(group);
    }
    const heights = [];
    for (const { middle, count } of groups) {
      for (let i = 0; i < count; i += 1) {
        heights.push(middle + (i - (count - 1) / 2) * LINE_PX);
      }
    }
    const fits = labels.every(
      (each, i) =>
        Math.abs(heights[i] - each.lineY) <= REACH_PX &&
        heights[i] - LINE_PX / 2 >= top - 0.5 &&
        heights[i] + LINE_PX / 2 <= bottom + 0.5 &&
        (i === 0 || heights[i] - heights[i - 1] >= LINE_PX - 0.5),
    );
    return fits ? labels.map((each, i) => Object.assign({}, each, { y: heights[i] })) : placed;
  }

  heatmap.parts.register({
    name: "cluster_lines",
    order: 50,
    make: (/** @type {Surface} */ surface) => new ClusterLines(surface),
  });
})(this);
