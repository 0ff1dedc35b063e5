(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;

  const HATCH_SPACING_PX = 9;
  const HATCH_ALPHA = { gap: 0.26, unproven: 0.12 };
  const WINDOW_START_ALPHA = 0.6;
  const WINDOW_WORDS_Y_PX = 12;
  const LABEL_ALPHA = 0.16;
  const LABEL_MAX_PX = 72;

  /**
   * What lies over the cells: the hatch over time that was not recorded, and a quiet text.
   * Both take the ink of the chart's ground, which is readable on it.
   */
  class OverlayRenderer {
    /** @param {any} chart @param {any} ground Ground @param {any} axis TimeAxis */
    constructor(chart, ground, axis) {
      this._chart = chart;
      this._ground = ground;
      this._axis = axis;
      this._patterns = new Map();
      this._patternKey = "";
      this._font = "";
      this._fontKey = "";
    }

    /**
     * Hatch the gaps over the whole height of the pane.
     * @param {any} scope bitmap coordinates scope
     * @param {any} grid HeatmapGrid
     */
    drawHatch(scope, grid) {
      const axis = this._axis;
      const { context, bitmapSize, mediaSize, horizontalPixelRatio: ratio } = scope;
      for (const [gapFrom, gapTo, kind] of grid.gaps) {
        const from = Math.max(gapFrom, grid.windowStartMs);
        axis.place(from, Math.min(gapTo, grid.endMs), mediaSize.width);
        if (axis.segments === 0) {
          continue;
        }
        context.save();
        // Anchored to the gap, so that the lines move with the chart.
        const anchor = Math.round(axis.fromX[0] * ratio) % 4096;
        context.translate(anchor, 0);
        for (let i = 0; i < axis.segments; i += 1) {
          const left = Math.max(0, Math.round(axis.fromX[i] * ratio));
          const right = Math.min(bitmapSize.width, Math.round(axis.toX[i] * ratio));
          // A short gap stays visible as one line.
          this._fillStripes(scope, kind, left - anchor, Math.max(1, right - left));
        }
        context.restore();
      }
    }

    /** Hatch from the pane's top to its bottom: on a gradient each part with the ink that shows. */
    _fillStripes(scope, kind, left, width) {
      const { context, bitmapSize, verticalPixelRatio: ratio } = scope;
      const { stripes } = this._ground;
      const topOf = (/** @type {number} */ i) => Math.round((i / stripes.length) * bitmapSize.height);
      let first = 0;
      for (let i = 1; i <= stripes.length; i += 1) {
        if (i === stripes.length || stripes[i].ink !== stripes[first].ink) {
          context.fillStyle = this._pattern(context, ratio, kind, stripes[first].ink);
          context.fillRect(left, topOf(first), width, topOf(i) - topOf(first));
          first = i;
        }
      }
    }

    /**
     * Mark where the window begins: left of it nothing is drawn, whatever happened there.
     * @param {any} scope bitmap coordinates scope @param {any} grid HeatmapGrid
     */
    drawWindowStart(scope, grid) {
      const axis = this._axis;
      axis.place(grid.windowStartMs, grid.endMs, scope.mediaSize.width);
      // A start outside the pane's left edge has no segment that begins with it.
      if (axis.segments === 0 || axis.fromMs[0] > grid.windowStartMs || axis.fromX[0] < 1) {
        return;
      }
      const { context, bitmapSize, horizontalPixelRatio: ratio } = scope;
      const layout = this._chart.options().layout;
      const x = Math.round(axis.fromX[0] * ratio) + 0.5;
      const hours = Math.round((grid.endMs - grid.windowStartMs) / 360000) / 10;
      context.save();
      context.globalAlpha = WINDOW_START_ALPHA;
      context.lineWidth = 1;
      context.setLineDash([4 * ratio, 4 * ratio]);
      const { stripes } = this._ground;
      const height = bitmapSize.height / stripes.length;
      for (let i = 0; i < stripes.length; i += 1) {
        context.strokeStyle = stripes[i].ink;
        context.lineDashOffset = i * height;
        context.beginPath();
        context.moveTo(x, i * height);
        context.lineTo(x, (i + 1) * height);
        context.stroke();
      }
      context.restore();
      this._drawWindowWords(scope, layout, axis.fromX[0], hours);
    }

    /** Left of the mark, or right of it where there is no room. */
    _drawWindowWords(scope, layout, markX, hours) {
      words.begin(scope, layout);
      const text = (hours >= 48 ? hours / 24 + " d" : hours + " h") + " window";
      const left = markX - words.widthOf(scope.context, text) - 3;
      const place = this._ground.at(WINDOW_WORDS_Y_PX, scope.mediaSize.height);
      words.write(scope.context, place, text, left < 0 ? markX + 3 : left, WINDOW_WORDS_Y_PX);
      scope.context.restore();
    }

    /**
     * Write the text large into the middle of the pane.
     * @param {any} scope bitmap coordinates scope @param {string} text
     */
    drawLabel(scope, text) {
      if (text === "") {
        return;
      }
      const { context, bitmapSize, mediaSize, verticalPixelRatio: ratio } = scope;
      const layout = this._chart.options().layout;
      const sizePx = Math.min(LABEL_MAX_PX, (1.1 * mediaSize.width) / Math.max(4, text.length));
      const key = layout.fontFamily + Math.round(sizePx * ratio);
      if (key !== this._fontKey) {
        this._fontKey = key;
        this._font = "600 " + Math.round(sizePx * ratio) + "px " + layout.fontFamily;
      }
      context.save();
      context.font = this._font;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = this._ground.at(0.5, 1).ink;
      context.globalAlpha = LABEL_ALPHA;
      context.fillText(text, bitmapSize.width / 2, bitmapSize.height / 2);
      context.restore();
    }

    /** @returns {CanvasPattern} diagonal lines, cached until the ground or pixel ratio change */
    _pattern(context, ratio, kind, colour) {
      const groundKey = this._ground.hex + ratio;
      if (groundKey !== this._patternKey) {
        this._patternKey = groundKey;
        this._patterns.clear();
      }
      const key = kind + colour;
      let pattern = this._patterns.get(key);
      if (pattern === undefined) {
        const alpha = kind === "unproven" ? HATCH_ALPHA.unproven : HATCH_ALPHA.gap;
        pattern = context.createPattern(drawTile(ratio, colour, alpha), "repeat");
        this._patterns.set(key, pattern);
      }
      return pattern;
    }
  }

  /** @returns {HTMLCanvasElement} one diagonal line that continues over the tile's edges */
  function drawTile(ratio, colour, alpha) {
    const size = Math.max(4, Math.round(HATCH_SPACING_PX * ratio));
    const tile = document.createElement("canvas");
    tile.width = size;
    tile.height = size;
    const context = tile.getContext("2d");
    context.strokeStyle = colour;
    context.globalAlpha = alpha;
    context.lineWidth = Math.max(1, ratio);
    context.beginPath();
    for (const shift of [-size, 0, size]) {
      context.moveTo(shift - 2, size + 2);
      context.lineTo(shift + size + 2, -2);
    }
    context.stroke();
    return tile;
  }

  heatmap.overlay = { OverlayRenderer };
})(this);
