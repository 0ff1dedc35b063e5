(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;
  const { LINE_PX, PADDING_PX } = words;

  const MARGIN_PX = 10;
  const SWATCH_PX = 7;
  /** The candles below a label stay visible. */
  const GROUND_ALPHA = 0.6;
  /** Width and alpha of the weakest level, and what the strongest has more. */
  const WIDTH_PX = 1;
  const MORE_WIDTH_PX = 2.5;
  const ALPHA = 0.35;
  const MORE_ALPHA = 0.55;
  /** A label gives way to stronger ones by at most this much; beyond it is left out. */
  const REACH_PX = 24;

  /**
   * Price clusters as lines from their first liquidation to the right, behind the candles: the
   * side as colour, the strength as width and alpha. Their labels stand above the candles, each
   * where no other is.
   */
  class LevelsRenderer {
    /**
     * @param {any} chart @param {any} ground Ground @param {any} candles @param {any} axis TimeAxis
     * @param {any} texts AxisTexts
     */
    constructor(chart, ground, candles, axis, texts) {
      this._chart = chart;
      this._ground = ground;
      this._texts = texts;
      this._candles = candles;
      this._axis = axis;
    }

    /**
     * Draw the lines.
     * @param {any} scope bitmap coordinates scope
     * @param {Array<{price: number, side: "long" | "short", strength: number, fromMs: number,
     *   text: string}>} levels the strongest first
     * @param {{long: string, short: string}} colours
     */
    drawLines(scope, levels, colours) {
      const { context, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      for (const level of levels) {
        const left = this._left(level.fromMs, mediaSize.width);
        const y = this._candles.priceToCoordinate(level.price);
        if (left !== null && y !== null) {
          const width = WIDTH_PX + MORE_WIDTH_PX * level.strength;
          context.globalAlpha = ALPHA + MORE_ALPHA * level.strength;
          context.fillStyle = colours[level.side];
          context.fillRect(left, y - width / 2, mediaSize.width - left, width);
        }
      }
      context.restore();
    }

    /**
     * Draw the labels of the lines that are seen: the strongest that find room, in the order of
     * their prices.
     * @param {any} scope @param {Array<Object>} levels @param {Object} colours as for `drawLines`
     * @param {{right: number, top: number, bottom: number}} room where labels may stand: distances
     *   from the pane's edges, CSS pixels
     */
    drawLabels(scope, levels, colours, room) {
      const { context, mediaSize } = scope;
      words.begin(scope, this._chart.options().layout);
      const right = mediaSize.width - room.right - MARGIN_PX;
      let placed = [];
      for (const level of levels) {
        const y = this._candles.priceToCoordinate(level.price);
        const isSeen = y !== null && y >= 0 && y <= mediaSize.height;
        if (isSeen && this._left(level.fromMs, mediaSize.width) !== null) {
          const text = this._texts.price(level.price) + "  " + level.text;
          const left = right - context.measureText(text).width - SWATCH_PX - 3 * PADDING_PX;
          if (left >= 0) {
            const label = { level, text, left, right, lineY: y, y };
            placed = withLabel(placed, label, room.top, mediaSize.height - room.bottom);
          }
        }
      }
      for (const label of placed) {
        const place = this._ground.at(label.y, mediaSize.height);
        this._drawLabel(context, label, colours[label.level.side], place);
      }
      context.restore();
    }

    /** @returns {number | null} where a time is, CSS pixels; null right of the pane */
    _left(fromMs, width) {
      this._axis.place(fromMs, Number.MAX_SAFE_INTEGER, width);
      return this._axis.segments === 0 ? null : Math.max(0, this._axis.fromX[0]);
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

  heatmap.levels = { LevelsRenderer };
})(this);
