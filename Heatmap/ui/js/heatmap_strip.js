(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** An edge so near to a pixel's lies on it, device pixels. */
  const ON_EDGE_PX = 1e-6;
  /** The same for the edge of a column or a group, columns or groups. */
  const ON_EDGE = 1e-6;
  /** From so many whole groups on, what lies inside a piece of the time axis is drawn by groups. */
  const INSIDE_FROM_GROUPS = 4;

  /** Columns of numbers that grow together. */
  class Rows {
    /** @param {number} width numbers in a row */
    constructor(width) {
      this.length = 0;
      this.columns = Array.from({ length: width }, () => new Int32Array(256));
    }

    clear() {
      this.length = 0;
    }

    /** @param {...number} row */
    add(...row) {
      const i = this.length;
      if (i === this.columns[0].length) {
        this.columns = this.columns.map((column) => {
          const longer = new Int32Array(2 * i);
          longer.set(column);
          return longer;
        });
      }
      for (let k = 0; k < row.length; k += 1) {
        this.columns[k][i] = row[k];
      }
      this.length = i + 1;
    }
  }

  /**
   * Single pixels where groups of columns do not fit: each shows the strongest of all columns that
   * it touches, and of no other. For charts that are zoomed out so far that columns have no pixel
   * of their own: at the ends of the pieces of the time axis, where a group would lose columns or
   * show some of the hole beside it; and everywhere, where the coarsest groups are narrower than
   * a pixel, such as two hours among weekly candles.
   */
  class Strip {
    constructor() {
      this.canvas = document.createElement("canvas");
      this._context = this.canvas.getContext("2d");
      /** Device pixel at which the strip's pixel 0 lies. */
      this.left = 0;
      /** Pixels of the strip that are to be drawn: from, and to before. */
      this.runs = new Rows(2);
      /** What is to be drawn by groups: from, and to before; pixels of the strip, the same. */
      this.insides = new Rows(4);
      /** @type {ImageData | null} */
      this._image = null;
      this._pixels = new Uint32Array(0);
      this._strongest = new Uint8Array(0);
      // Columns side by side in the ring: the pixel that they touch, from, and to before.
      this._spans = new Rows(3);
      // What it shows: a version of a bitmap, and where.
      /** @type {any} */
      this._bitmap = null;
      this._version = 0;
      /** @type {any} */
      this._level = null;
      this._place = new Float64Array(0);
    }

    /**
     * Paint for the visible pieces of the time axis; does nothing where it shows them already.
     * @param {any} axis TimeAxis, placed, with a segment at least
     * @param {number} ratio device pixels per CSS pixel
     * @param {any} bitmap HeatmapBitmap
     * @param {any} level the one of its Levels that is drawn by groups
     */
    paint(axis, ratio, bitmap, level) {
      if (!this._takePlace(axis, ratio, bitmap, level)) {
        return;
      }
      this.left = Math.round(axis.fromX[0] * ratio);
      // A window that is narrower than a pixel is a hairline.
      const right = Math.round(axis.toX[axis.segments - 1] * ratio);
      this._resize(Math.max(1, right - this.left), level.rows);
      this._spread(axis, ratio, bitmap.grid, level);
      this._fill(bitmap.grid, level, bitmap.table);
      this._context.putImageData(this._image, 0, 0);
    }

    /** @returns {boolean} whether it is to show something else than it does */
    _takePlace(axis, ratio, bitmap, level) {
      const parts = [axis.fromMs, axis.toMs, axis.fromX, axis.toX];
      const count = axis.segments;
      const place = this._place;
      let isSame =
        this._bitmap === bitmap && this._version === bitmap.version && this._level === level &&
        place.length === 4 * count + 1 && place[4 * count] === ratio;
      for (let part = 0; part < 4 && isSame; part += 1) {
        for (let i = 0; i < count && isSame; i += 1) {
          isSame = place[part * count + i] === parts[part][i];
        }
      }
      if (isSame) {
        return false;
      }
      this._bitmap = bitmap;
      this._version = bitmap.version;
      this._level = level;
      if (place.length !== 4 * count + 1) {
        this._place = new Float64Array(4 * count + 1);
      }
      for (let part = 0; part < 4; part += 1) {
        this._place.set(parts[part].subarray(0, count), part * count);
      }
      this._place[4 * count] = ratio;
      return true;
    }

    /** Divide each piece of the time axis into single pixels and what is drawn by groups. */
    _spread(axis, ratio, grid, level) {
      this.runs.clear();
      this.insides.clear();
      this._spans.clear();
      const groupMs = grid.binMs * level.poolX;
      for (let i = 0; i < axis.segments; i += 1) {
        const fromMs = axis.fromMs[i];
        const toMs = axis.toMs[i];
        const start = axis.fromX[i] * ratio - this.left;
        const end = axis.toX[i] * ratio - this.left;
        const pxPerMs = (end - start) / (toMs - fromMs);
        const piece = { fromMs, start, msPerPx: 1 / pxPerMs };
        // What rounding to whole pixels cuts off at the ends belongs to the pixels there.
        const first = this._pixel(Math.floor(start + ON_EDGE_PX));
        const last = this._pixel(Math.ceil(end - ON_EDGE_PX) - 1);
        let group = Math.ceil(fromMs / groupMs - ON_EDGE);
        let endGroup = Math.floor(toMs / groupMs + ON_EDGE);
        if (groupMs * pxPerMs < 1 || endGroup - group < INSIDE_FROM_GROUPS) {
          this._addPixels(grid, piece, first, last, fromMs, toMs);
          continue;
        }
        const xOf = (/** @type {number} */ g) =>
          Math.round(start + (g * groupMs - fromMs) * pxPerMs);
        // A pixel at each end takes what no whole group holds.
        group += xOf(group) <= first ? 1 : 0;
        endGroup -= xOf(endGroup) > last ? 1 : 0;
        const x = xOf(group);
        const endX = xOf(endGroup);
        this._addPixels(grid, piece, first, x - 1, fromMs, group * groupMs);
        this.insides.add(group, endGroup, x, endX);
        this._addPixels(grid, piece, endX, last, endGroup * groupMs, toMs);
      }
    }

    /** Add the pixels from `first` to `last`, which make up a time of a piece. */
    _addPixels(grid, piece, first, last, fromMs, toMs) {
      const runs = this.runs.columns[1];
      const count = this.runs.length;
      if (count > 0 && runs[count - 1] >= first) {
        runs[count - 1] = Math.max(runs[count - 1], last + 1);
      } else {
        this.runs.add(first, last + 1);
      }
      for (let x = first; x <= last; x += 1) {
        const low = x === first ? fromMs : piece.fromMs + (x - piece.start) * piece.msPerPx;
        const high = x === last ? toMs : piece.fromMs + (x + 1 - piece.start) * piece.msPerPx;
        const col = Math.floor(low / grid.binMs + ON_EDGE);
        this._addColumns(grid, x, col, Math.max(col + 1, Math.ceil(high / grid.binMs - ON_EDGE)));
      }
    }

    /** Add the columns from `first` to before `end`, in two parts where the ring continues. */
    _addColumns(grid, x, first, end) {
      const start = grid.slot(first);
      const stop = start + end - first;
      this._spans.add(x, start, Math.min(stop, grid.capacity));
      if (stop > grid.capacity) {
        this._spans.add(x, 0, stop - grid.capacity);
      }
    }

    /** Give the single pixels their colours, in groups of rows as those of `level`. */
    _fill(grid, level, table) {
      const { cells } = grid;
      const [xs, starts, ends] = this._spans.columns;
      const [runStarts, runEnds] = this.runs.columns;
      const spans = this._spans.length;
      const strongest = this._strongest;
      const width = this.canvas.width;
      for (let group = 0; group < level.rows; group += 1) {
        strongest.fill(0);
        const lowRow = Math.max(0, group * level.poolY - level.rowOffset);
        const endRow = Math.min(grid.rows, (group + 1) * level.poolY - level.rowOffset);
        for (let row = lowRow; row < endRow; row += 1) {
          const base = row * grid.capacity;
          for (let i = 0; i < spans; i += 1) {
            let most = strongest[xs[i]];
            const end = base + ends[i];
            for (let place = base + starts[i]; place < end; place += 1) {
              most = Math.max(most, cells[place]);
            }
            strongest[xs[i]] = most;
          }
        }
        const target = (level.rows - 1 - group) * width;
        for (let run = 0; run < this.runs.length; run += 1) {
          for (let x = runStarts[run]; x < runEnds[run]; x += 1) {
            this._pixels[target + x] = table[strongest[x]];
          }
        }
      }
    }

    /** @param {number} x @returns {number} the nearest pixel of the strip */
    _pixel(x) {
      return Math.min(this.canvas.width - 1, Math.max(0, x));
    }

    _resize(width, rows) {
      if (this._image === null || this.canvas.width !== width || this.canvas.height !== rows) {
        this.canvas.width = width;
        this.canvas.height = rows;
        this._image = this._context.createImageData(width, rows);
        this._pixels = new Uint32Array(this._image.data.buffer);
        this._strongest = new Uint8Array(width);
      }
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this.canvas.width = 0;
      this._image = null;
      this._bitmap = null;
      this._level = null;
    }
  }

  heatmap.strip = { Strip };
})(this);
