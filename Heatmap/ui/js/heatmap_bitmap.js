// needs: heatmap_data.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { MAX_POOL, modulo } = heatmap.data;

  /** Levels kept beside the full one; zooming needs one or two at a time. */
  const MAX_LEVELS = 4;

  /**
   * The grid as pixels, one per group of poolX x poolY cells, each the strongest of its group.
   * Groups are aligned to absolute column and row numbers, so that they do not flicker while the
   * window slides. Pixel row 0 is the highest price.
   */
  class Level {
    /**
     * @param {import("./heatmap_data.js").HeatmapGrid} grid
     * @param {number} poolX power of two up to MAX_POOL
     * @param {number} poolY power of two
     */
    constructor(grid, poolX, poolY) {
      this.poolX = poolX;
      this.poolY = poolY;
      /** Rows of the first group that lie below the grid. */
      this.rowOffset = modulo(grid.firstRow, poolY);
      this.rows = Math.ceil((grid.rows + this.rowOffset) / poolY);
      /** Groups in the ring. */
      this.capacity = grid.capacity / poolX;
      this.canvas = document.createElement("canvas");
      this.canvas.width = this.capacity;
      this.canvas.height = this.rows;
      this._context = this.canvas.getContext("2d");
      this._strongest = new Uint8Array(this.capacity);
    }

    /**
     * Paint the groups that hold the columns from `first` to before `end`.
     * @param {import("./heatmap_data.js").HeatmapGrid} grid
     * @param {Uint32Array} table byte to pixel
     * @param {number} first @param {number} end absolute column numbers
     */
    paint(grid, table, first, end) {
      let group = Math.floor(first / this.poolX);
      const endGroup = Math.ceil(end / this.poolX);
      while (group < endGroup) {
        const slot = modulo(group, this.capacity);
        const span = Math.min(endGroup - group, this.capacity - slot);
        const image = this._context.createImageData(span, this.rows);
        const pixels = new Uint32Array(image.data.buffer);
        for (let row = 0; row < this.rows; row += 1) {
          this._pool(grid, row, group, span);
          const target = (this.rows - 1 - row) * span;
          for (let i = 0; i < span; i += 1) {
            pixels[target + i] = table[this._strongest[i]];
          }
        }
        this._context.putImageData(image, slot, 0);
        group += span;
      }
    }

    /** Leave in `_strongest` the maxima of one row of groups. */
    _pool(grid, row, firstGroup, span) {
      const { poolX, _strongest: strongest } = this;
      strongest.fill(0, 0, span);
      const rowLow = Math.max(0, row * this.poolY - this.rowOffset);
      const rowEnd = Math.min(grid.rows, (row + 1) * this.poolY - this.rowOffset);
      const firstCol = Math.max(grid.firstCol, firstGroup * poolX);
      const endCol = Math.min(grid.endCol, (firstGroup + span) * poolX);
      // A span of groups never wraps, so its columns lie side by side in the ring.
      const base = grid.slot(firstGroup * poolX) - firstGroup * poolX;
      for (let cellRow = rowLow; cellRow < rowEnd; cellRow += 1) {
        const offset = cellRow * grid.capacity + base;
        for (let col = firstCol; col < endCol; col += 1) {
          const value = grid.cells[offset + col];
          const index = Math.floor(col / poolX) - firstGroup;
          if (value > strongest[index]) {
            strongest[index] = value;
          }
        }
      }
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this.canvas.width = 0;
      this.canvas.height = 0;
    }
  }

  /** The bitmaps of a grid at the poolings that were asked for. */
  class HeatmapBitmap {
    /** @param {import("./heatmap_data.js").HeatmapGrid} grid @param {Uint8ClampedArray} table */
    constructor(grid, table) {
      this.grid = grid;
      /** Byte to pixel. */
      this.table = new Uint32Array(table.buffer);
      /** Another one after each change of the cells or of the table. */
      this.version = 0;
      /** @type {Map<number, Level>} most recently built last */
      this._levels = new Map();
    }

    /**
     * The level for cells of the given size in device pixels: none of its pixels is smaller than
     * one device pixel, so that nearest sampling skips none.
     * @param {number} cellWidth @param {number} cellHeight
     * @returns {Level}
     */
    level(cellWidth, cellHeight) {
      const poolX = poolFor(cellWidth, MAX_POOL);
      const poolY = poolFor(cellHeight, 1024);
      const key = poolX * 4096 + poolY;
      let level = this._levels.get(key);
      if (level === undefined) {
        level = new Level(this.grid, poolX, poolY);
        level.paint(this.grid, this.table, this.grid.firstCol, this.grid.endCol);
        for (const [oldKey, old] of this._levels) {
          if (this._levels.size < MAX_LEVELS) {
            break;
          }
          old.destroy();
          this._levels.delete(oldKey);
        }
        this._levels.set(key, level);
      }
      return level;
    }

    /** Paint again after the palette or the opacity changed. @param {Uint8ClampedArray} table */
    recolour(table) {
      this.version += 1;
      this.table = new Uint32Array(table.buffer);
      for (const level of this._levels.values()) {
        level.paint(this.grid, this.table, this.grid.firstCol, this.grid.endCol);
      }
    }

    /**
     * Take over changed columns of the grid.
     * @param {number} first @param {number} end absolute numbers of the changed columns
     */
    update(first, end) {
      this.version += 1;
      for (const level of this._levels.values()) {
        if (level.poolX > 1) {
          // The first group loses what was dropped from it.
          level.paint(this.grid, this.table, this.grid.firstCol, this.grid.firstCol + 1);
        }
        level.paint(this.grid, this.table, first, end);
      }
    }

    destroy() {
      for (const level of this._levels.values()) {
        level.destroy();
      }
      this._levels.clear();
    }
  }

  /** @param {number} size of a cell in device pixels @param {number} limit @returns {number} */
  function poolFor(size, limit) {
    let pool = 1;
    while (pool < limit && size * pool < 1) {
      pool *= 2;
    }
    return pool;
  }

  heatmap.bitmap = { HeatmapBitmap };
})(this);
