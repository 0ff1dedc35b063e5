(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** An edge so near to a pixel's lies on it, device pixels. */
  const ON_EDGE_PX = 1e-6;
  /** The same for the edge of a column or a group, columns or groups. */
  const ON_EDGE = 1e-6;
  /** From so many whole groups on, what lies inside a piece of the time axis is drawn by groups. */
  const INSIDE_FROM_GROUPS = 4;

  /** Rows of up to four whole numbers; nothing is allocated once it has grown. */
  class Rows {
    constructor() {
      this.length = 0;
      this.columns = Array.from({ length: 4 }, () => new Int32Array(256));
    }

    add(a, b, c = 0, d = 0) {
      const i = this.length;
      if (i === this.columns[0].length) {
        this.columns = this.columns.map((column) => {
          const longer = new Int32Array(2 * i);
          longer.set(column);
          return longer;
        });
      }
      const columns = this.columns;
      columns[0][i] = a;
      columns[1][i] = b;
      columns[2][i] = c;
      columns[3][i] = d;
      this.length = i + 1;
    }
  }

  /**
   * Single pixels where groups of columns do not fit: each shows the strongest of all columns that
   * it touches, and of no other. At the ends of the pieces of the time axis, where a group of
   * columns that is there in part would be lost, or show some of the hole beside it; and
   * everywhere, where pieces are short, or where the coarsest groups are narrower than a pixel,
   * such as two hours among weekly candles.
   */
  class Strip {
    constructor() {
      this.canvas = document.createElement("canvas");
      this._context = this.canvas.getContext("2d");
      /** What is to be drawn from the canvas: device pixels from, and to before; from which x. */
      this.runs = new Rows();
      /** What is to be drawn by groups: groups from, and to before; device pixels, the same. */
      this.insides = new Rows();
      /** @type {ImageData | null} */
      this._image = null;
      this._pixels = new Uint32Array(0);
      this._strongest = new Uint8Array(0);
      // Columns side by side in the ring: the canvas's x that they touch, from, and to before.
      this._spans = new Rows();
      // Device pixels of the whole: from, and the last one.
      this._first = 0;
      this._last = 0;
      // The piece of the time axis that is being divided: where it begins, and its last column.
      this._fromMs = 0;
      this._fromX = 0;
      this._msPerPx = 0;
      this._lastCol = 0;
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
      this._first = Math.round(axis.fromX[0] * ratio);
      // A window that is narrower than a pixel is a hairline.
      this._last = Math.max(this._first, Math.round(axis.toX[axis.segments - 1] * ratio) - 1);
      this._spread(axis, ratio, bitmap.grid, level);
      const width = this._width();
      if (width > 0) {
        this._makeRoom(width, level.rows);
        this._fill(bitmap.grid, level, bitmap.table, width);
        this._context.putImageData(this._image, 0, 0, 0, 0, width, level.rows);
      }
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
      this.runs.length = 0;
      this.insides.length = 0;
      this._spans.length = 0;
      const groupMs = grid.binMs * level.poolX;
      for (let i = 0; i < axis.segments; i += 1) {
        const fromMs = axis.fromMs[i];
        const toMs = axis.toMs[i];
        const endX = axis.toX[i] * ratio;
        this._fromMs = fromMs;
        this._fromX = axis.fromX[i] * ratio;
        this._msPerPx = (toMs - fromMs) / (endX - this._fromX);
        this._lastCol = Math.ceil(toMs / grid.binMs - ON_EDGE) - 1;
        // What rounding to whole pixels cuts off at the ends belongs to the pixels there.
        const first = this._inside(Math.floor(this._fromX + ON_EDGE_PX));
        const last = this._inside(Math.ceil(endX - ON_EDGE_PX) - 1);
        let group = Math.ceil(fromMs / groupMs - ON_EDGE);
        let endGroup = Math.floor(toMs / groupMs + ON_EDGE);
        if (groupMs < this._msPerPx || endGroup - group < INSIDE_FROM_GROUPS) {
          this._addPixels(grid, first, last, fromMs, toMs);
          continue;
        }
        // A pixel at each end takes what no whole group holds.
        group += this._xAt(group * groupMs) <= first ? 1 : 0;
        endGroup -= this._xAt(endGroup * groupMs) > last ? 1 : 0;
        const groupsX = this._xAt(group * groupMs);
        const groupsEndX = this._xAt(endGroup * groupMs);
        this._addPixels(grid, first, groupsX - 1, fromMs, group * groupMs);
        this.insides.add(group, endGroup, groupsX, groupsEndX);
        this._addPixels(grid, groupsEndX, last, endGroup * groupMs, toMs);
      }
    }

    /** @param {number} ms within the piece @returns {number} the nearest edge of a pixel */
    _xAt(ms) {
      return Math.round(this._fromX + (ms - this._fromMs) / this._msPerPx);
    }

    /** @returns {number} of all runs, side by side on the canvas */
    _width() {
      const last = this.runs.length - 1;
      const [starts, ends, places] = this.runs.columns;
      return last < 0 ? 0 : places[last] + ends[last] - starts[last];
    }

    /** Add the pixels from `first` to `last`, which make up a time of the piece. */
    _addPixels(grid, first, last, fromMs, toMs) {
      const ends = this.runs.columns[1];
      const before = this.runs.length - 1;
      if (before >= 0 && ends[before] >= first) {
        ends[before] = Math.max(ends[before], last + 1);
      } else {
        this.runs.add(first, last + 1, this._width());
      }
      const [starts, , places] = this.runs.columns;
      const offset = places[this.runs.length - 1] - starts[this.runs.length - 1];
      for (let x = first; x <= last; x += 1) {
        const low = x === first ? fromMs : this._fromMs + (x - this._fromX) * this._msPerPx;
        const high = x === last ? toMs : this._fromMs + (x + 1 - this._fromX) * this._msPerPx;
        // Where groups end with the piece, nothing of it is left for the last pixel but its column.
        const col = Math.min(this._lastCol, Math.floor(low / grid.binMs + ON_EDGE));
        const endCol = Math.max(col + 1, Math.ceil(high / grid.binMs - ON_EDGE));
        this._addColumns(grid, x + offset, col, endCol);
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

    /** Give the first `width` pixels their colours, in groups of rows as those of `level`. */
    _fill(grid, level, table, width) {
      const { cells } = grid;
      const [xs, starts, ends] = this._spans.columns;
      const spans = this._spans.length;
      const strongest = this._strongest;
      for (let group = 0; group < level.rows; group += 1) {
        strongest.fill(0, 0, width);
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
        const target = (level.rows - 1 - group) * this.canvas.width;
        for (let x = 0; x < width; x += 1) {
          this._pixels[target + x] = table[strongest[x]];
        }
      }
    }

    /** @param {number} x @returns {number} the nearest pixel of the whole */
    _inside(x) {
      return Math.min(this._last, Math.max(this._first, x));
    }

    /** Have at least so many pixels, and exactly so many rows. */
    _makeRoom(width, rows) {
      if (this._image === null || this.canvas.width < width || this.canvas.height !== rows) {
        // Some more than is needed: the number changes with each pan.
        this.canvas.width = width + 64;
        this.canvas.height = rows;
        this._image = this._context.createImageData(this.canvas.width, rows);
        this._pixels = new Uint32Array(this._image.data.buffer);
        this._strongest = new Uint8Array(this.canvas.width);
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
