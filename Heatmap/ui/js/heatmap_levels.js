(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const TEXT_PX = 11;
  const LINE_PX = 15;
  const PADDING_PX = 5;
  const MARGIN_PX = 10;
  const SWATCH_PX = 7;
  const TEXT_ALPHA = 1;
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
    /** @param {any} chart @param {any} candles @param {any} axis TimeAxis */
    constructor(chart, candles, axis) {
      this._chart = chart;
      this._candles = candles;
      this._axis = axis;
      /** Upper edges of the labels that were placed, CSS pixels. */
      this._taken = [];
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
     * Draw the labels of the lines that are seen.
     * @param {any} scope @param {Array<Object>} levels @param {Object} colours as for `drawLines`
     * @param {{right: number, top: number, bottom: number}} room where labels may stand: distances
     *   from the pane's edges, CSS pixels
     */
    drawLabels(scope, levels, colours, room) {
      const { context, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      const layout = this._chart.options().layout;
      this._taken.length = 0;
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      context.font = TEXT_PX + "px " + layout.fontFamily;
      context.textBaseline = "middle";
      context.textAlign = "left";
      for (const level of levels) {
        const y = this._candles.priceToCoordinate(level.price);
        const isSeen = y !== null && y >= 0 && y <= mediaSize.height;
        if (isSeen && this._left(level.fromMs, mediaSize.width) !== null) {
          this._drawLabel(scope, level, y, colours[level.side], layout, room);
        }
      }
      context.restore();
    }

    /** @returns {number | null} where a time is, CSS pixels; null right of the pane */
    _left(fromMs, width) {
      this._axis.place(fromMs, Number.MAX_SAFE_INTEGER, width);
      return this._axis.segments === 0 ? null : Math.max(0, this._axis.fromX[0]);
    }

    _drawLabel(scope, level, lineY, colour, layout, room) {
      const { context, mediaSize } = scope;
      const text = this._candles.priceFormatter().format(level.price) + "  " + level.text;
      const y = this._freeY(lineY, room.top, mediaSize.height - room.bottom);
      const textWidth = context.measureText(text).width;
      const boxWidth = textWidth + SWATCH_PX + 3 * PADDING_PX;
      const left = mediaSize.width - room.right - MARGIN_PX - boxWidth;
      if (y === null || left < 0) {
        return;
      }
      context.globalAlpha = GROUND_ALPHA;
      context.fillStyle = layout.background.color || layout.background.bottomColor;
      context.fillRect(left, y - LINE_PX / 2, boxWidth, LINE_PX);
      context.globalAlpha = 1;
      context.fillStyle = colour;
      context.fillRect(left + PADDING_PX, y - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX);
      context.globalAlpha = TEXT_ALPHA;
      context.fillStyle = layout.textColor;
      context.fillText(text, left + SWATCH_PX + 2 * PADDING_PX, y);
    }

    /** Take the free place nearest to a line. @returns {number | null} its middle */
    _freeY(lineY, top, bottom) {
      for (let distance = 0; distance <= REACH_PX; distance += 1) {
        for (const y of [lineY - distance, lineY + distance]) {
          const from = y - LINE_PX / 2;
          if (from >= top && from + LINE_PX <= bottom && this._isFree(from)) {
            this._taken.push(from);
            return y;
          }
        }
      }
      return null;
    }

    /** @param {number} from upper edge of a label */
    _isFree(from) {
      for (const other of this._taken) {
        if (Math.abs(other - from) < LINE_PX) {
          return false;
        }
      }
      return true;
    }
  }

  heatmap.levels = { LevelsRenderer };
})(this);
