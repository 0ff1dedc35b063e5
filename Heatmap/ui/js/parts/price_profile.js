// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  /** The longest bar takes this part of the pane, but not more than so many pixels. */
  const WIDTH_PART = 0.14;
  const MAX_WIDTH_PX = 160;
  const BAR_ALPHA = 0.75;
  const MARGIN_PX = 10;
  const SWATCH_PX = 8;
  const LONGEST = 255;

  /**
   * Longs and shorts per price row as bars from the pane's right edge, behind the candles, with the
   * window's sums above them.
   */
  class PriceProfile {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
    }

    /** @param {any} scope bitmap coordinates scope @param {{profile: boolean}} options */
    paint(scope, options) {
      const { room } = this._surface;
      const { grid, sideColours: colours } = this._surface.picture;
      const profile = grid === null ? null : grid.profile;
      if (profile === null || !options.profile) {
        return;
      }
      room.right = barWidth(scope.mediaSize.width);
      room.top = MARGIN_PX + 2 * words.LINE_PX;
      const context = scope.context;
      context.save();
      context.globalAlpha = BAR_ALPHA;
      this._drawBars(scope, grid, profile.bars, 0, colours.long);
      this._drawBars(scope, grid, profile.bars, grid.rows, colours.short);
      context.restore();
      this._drawSums(scope, grid, colours);
    }

    /** One side; the shorts continue where the row's longs end. `first`: the side's first byte. */
    _drawBars(scope, grid, bars, first, colour) {
      const { context, bitmapSize, mediaSize, horizontalPixelRatio, verticalPixelRatio } = scope;
      const width = barWidth(mediaSize.width) * horizontalPixelRatio;
      context.fillStyle = colour;
      context.beginPath();
      let edge = this._y(grid, 0, verticalPixelRatio);
      for (let row = 0; row < grid.rows; row += 1) {
        const next = this._y(grid, row + 1, verticalPixelRatio);
        const top = Math.min(edge, next);
        // Neighbouring rows are kept apart where there is room for it.
        const height = Math.max(1, Math.abs(edge - next) - (Math.abs(edge - next) > 3 ? 1 : 0));
        edge = next;
        const value = bars[first + row];
        if (value === 0 || top >= bitmapSize.height || top + height <= 0) {
          continue;
        }
        const before = first === 0 ? 0 : bars[row];
        const right = bitmapSize.width - Math.round((before / LONGEST) * width);
        const length = Math.max(1, Math.round((value / LONGEST) * width));
        context.rect(right - length, top, length, height);
      }
      context.fill();
    }

    /** @returns {number} a row's lower edge, whole device pixels */
    _y(grid, row, ratio) {
      const price = grid.priceLow + row * grid.binUsd;
      return Math.round(this._surface.candles.priceToCoordinate(price) * ratio);
    }

    /** What all bars together stand for, in the upper right corner. */
    _drawSums(scope, grid, colours) {
      const { context, mediaSize } = scope;
      words.begin(scope, this._surface.chart.options().layout);
      let y = MARGIN_PX + words.LINE_PX / 2;
      for (const [text, colour] of [
        [grid.profile.longText, colours.long],
        [grid.profile.shortText, colours.short],
      ]) {
        const wordsWidth = words.widthOf(context, text);
        const width = wordsWidth + SWATCH_PX + words.PADDING_PX;
        const left = mediaSize.width - MARGIN_PX - width;
        if (left >= 0) {
          const top = y - words.LINE_PX / 2;
          const place = this._surface.ground.at(y, mediaSize.height);
          words.layGround(context, place, words.GROUND_ALPHA, left, top, width, words.LINE_PX);
          // Its own ground on top of that: as readable over the longest bars.
          words.write(context, place, text, wordsWidth, left, y);
          context.globalAlpha = 1;
          context.fillStyle = colour;
          const right = mediaSize.width - MARGIN_PX - words.PADDING_PX;
          context.fillRect(right - SWATCH_PX, y - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX);
        }
        y += words.LINE_PX;
      }
      context.restore();
    }
  }

  /** @param {number} paneWidth @returns {number} length of the longest bar, CSS pixels */
  function barWidth(paneWidth) {
    return Math.min(MAX_WIDTH_PX, paneWidth * WIDTH_PART);
  }

  heatmap.parts.register({
    name: "price_profile",
    order: 60,
    options: ["profile"],
    make: (/** @type {Surface} */ surface) => new PriceProfile(surface),
  });
})(this);
