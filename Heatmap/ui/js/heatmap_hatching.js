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

  heatmap.hatching = { drawTile };
})(this);
