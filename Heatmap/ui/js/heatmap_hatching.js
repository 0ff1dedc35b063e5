(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * @param {number} ratio device pixels per CSS pixel @param {string} colour @param {number} alpha
   * @param {number} spacing from one line to the next, CSS pixels
   * @returns {HTMLCanvasElement} one diagonal line that continues over the tile's edges
   */
  function drawTile(ratio, colour, alpha, spacing) {
    const size = Math.max(4, Math.round(spacing * ratio));
    const tile = document.createElement("canvas");
    tile.width = size;
    tile.height = size;
    const context = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
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

  /** The patterns of hatched time, kept until the ground or the pixel ratio changes. */
  class Patterns {
    /** @param {{gap: number, unproven: number}} alpha of each kind of time @param {number} spacing */
    constructor(alpha, spacing) {
      this._alpha = alpha;
      this._spacing = spacing;
      /** @type {Map<string, CanvasPattern>} */
      this._patterns = new Map();
      this._key = "";
    }

    /**
     * @param {any} context @param {number} ratio device pixels per CSS pixel
     * @param {string} ground all others go when it is another @param {string} kind of the time
     * @param {string} colour
     * @returns {CanvasPattern}
     */
    find(context, ratio, ground, kind, colour) {
      const key = ground + ratio;
      if (key !== this._key) {
        this._key = key;
        this._patterns.clear();
      }
      let pattern = this._patterns.get(kind + colour);
      if (pattern === undefined) {
        const alpha = kind === "unproven" ? this._alpha.unproven : this._alpha.gap;
        const tile = drawTile(ratio, colour, alpha, this._spacing);
        pattern = /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
        this._patterns.set(kind + colour, pattern);
      }
      return pattern;
    }

    clear() {
      this._patterns.clear();
    }
  }

  heatmap.hatching = { Patterns };
})(this);
