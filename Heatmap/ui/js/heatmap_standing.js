(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * The last column of a grid, one pixel wide: what it shows holds from its end on, as far as the
   * pane reaches.
   */
  class StandingColumn {
    constructor() {
      this._canvas = document.createElement("canvas");
      this._context = this._canvas.getContext("2d");
      this._bitmap = null;
      this._version = 0;
      this._level = null;
      /** Where it is drawn, device pixels; empty: nowhere. */
      this._fromX = 0;
      this._toX = 0;
    }

    /**
     * Be what stands now, from a place to the pane's right edge.
     * @param {any} bitmap HeatmapBitmap @param {any} level whose groups of rows are drawn
     * @param {number} fromX @param {number} toX device pixels
     */
    prepare(bitmap, level, fromX, toX) {
      this._fromX = Math.max(0, Math.round(fromX));
      this._toX = Math.round(toX);
      const isSame =
        bitmap === this._bitmap && bitmap.version === this._version && level === this._level;
      if (isSame || this._toX <= this._fromX || bitmap.grid.endCol <= bitmap.grid.firstCol) {
        return;
      }
      this._bitmap = bitmap;
      this._version = bitmap.version;
      this._level = level;
      this._paint(bitmap.grid, level, bitmap.table);
    }

    /** The strongest of each group of rows, as those of a level. */
    _paint(grid, level, table) {
      if (this._canvas.width !== 1 || this._canvas.height !== level.rows) {
        this._canvas.width = 1;
        this._canvas.height = level.rows;
      }
      const image = this._context.createImageData(1, level.rows);
      const pixels = new Uint32Array(image.data.buffer);
      const column = grid.slot(grid.endCol - 1);
      for (let group = 0; group < level.rows; group += 1) {
        const lowRow = Math.max(0, group * level.poolY - level.rowOffset);
        const endRow = Math.min(grid.rows, (group + 1) * level.poolY - level.rowOffset);
        let most = 0;
        for (let row = lowRow; row < endRow; row += 1) {
          most = Math.max(most, grid.cells[row * grid.capacity + column]);
        }
        pixels[level.rows - 1 - group] = table[most];
      }
      this._context.putImageData(image, 0, 0);
    }

    /** @param {any} context in device pixels @param {any} rows as those of the groups' columns */
    draw(context, rows) {
      if (this._toX > this._fromX) {
        context.drawImage(
          this._canvas, 0, rows.y, 1, rows.height,
          this._fromX, rows.targetY, this._toX - this._fromX, rows.targetHeight,
        );
      }
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this._canvas.width = 0;
      this._bitmap = this._level = null;
    }
  }

  heatmap.standing = { StandingColumn };
})(this);
