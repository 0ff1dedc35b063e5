(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const NO_LEGEND = { words: "", text: "", missing: "", hint: "", end: "" };

  /** Pooled columns never join more than this many; the ring is a multiple of it. */
  const MAX_POOL = 64;

  /**
   * What a grid message says beside its cells; see `HeatmapLayer.show_grid` in Python.
   * @typedef {Object} GridMeta
   * @property {number} priceLow lower edge of row 0, USD
   * @property {number} binUsd height of a row
   * @property {number} rows
   * @property {number} timeStartMs left edge of column 0, UTC; a multiple of binMs
   * @property {number} binMs width of a column
   * @property {number} cols
   * @property {number} windowStartMs
   * @property {number} endMs
   * @property {Array<[number, number, string]>} gaps from, to, "gap" or "unproven"
   * @property {number} sequence
   * @property {{labels: Array<[number, string]>}} [scale] amounts along the colour bar, 0 to 1
   * @property {string} [sourceText] where the data come from, in words
   * @property {{words: string, ms: number} | null} [sourceSince] the same words up to the time since
   *   when there are any, and that time, UTC
   * @property {{words: string, text: string, missing: string}} [legend] what the colours are, at
   *   length and in a word, and what the hatch means
   * @property {boolean} [isSplit] whether a cell's lowest bit says longs, see the palette
   * @property {string} [paletteOption] the layer's option with its palette; none: `palette`
   * @property {boolean} [toldEverywhere] whether there is something to say where nothing is painted
   * @property {number} [alphaExponent] how its alpha rises with the level, see the palette
   * @property {"left" | "right"} [legendSide] the lower corner in which its words stand
   * @property {boolean} [standing] whether what the last column shows holds from there on
   * @property {{words: string, heat: string} | null} [offer] other heat that the user may want
   * @property {{bars: string, longText: string, shortText: string}} [profile] one byte per row in
   *   base64, longs and then shorts, 255 the longest row; and the window's sums
   */

  /** @param {number} value @param {number} size @returns {number} 0 <= result < size */
  function modulo(value, size) {
    return ((value % size) + size) % size;
  }

  /** @param {string} base64 @returns {Uint8Array} */
  function decodeBase64(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) {
      bytes[i] = text.charCodeAt(i);
    }
    return bytes;
  }

  /**
   * @param {string} packed cells as Python's `pack_cells` gives them: zlib in base64
   * @returns {Promise<Uint8Array>} one byte per cell
   */
  async function unpackCells(packed) {
    const stream = new Blob([decodeBase64(packed)]).stream();
    const cells = stream.pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(cells).arrayBuffer());
  }

  /** @param {string} packed as Python's `pack_numbers` gives them @returns {Float64Array} */
  function unpackNumbers(packed) {
    return new Float64Array(decodeBase64(packed).buffer);
  }

  /** @param {unknown} value @param {string} name @returns {number} */
  function requireNumber(value, name) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new Error("grid message: " + name + " must be a number, got " + String(value));
    }
    return value;
  }

  /** @param {unknown} value @param {string} name @param {number} low @returns {number} */
  function requireWhole(value, name, low) {
    const number = requireNumber(value, name);
    if (!Number.isInteger(number) || number < low) {
      throw new Error("grid message: " + name + " must be whole and >= " + low + ", got " + number);
    }
    return number;
  }

  /**
   * The cells of one grid, in a ring of columns: a column is known by its absolute number
   * (its left edge divided by binMs) and lies in the slot `number modulo capacity`, so that a
   * window that slides moves nothing.
   */
  class HeatmapGrid {
    /** @param {GridMeta} meta @param {Uint8Array} cells rows x cols, row 0 the lowest price */
    constructor(meta, cells) {
      this.rows = requireWhole(meta.rows, "rows", 1);
      this.binUsd = requireNumber(meta.binUsd, "binUsd");
      this.binMs = requireWhole(meta.binMs, "binMs", 1);
      this.priceLow = requireNumber(meta.priceLow, "priceLow");
      this.sequence = requireWhole(meta.sequence, "sequence", 0);
      const cols = requireWhole(meta.cols, "cols", 0);
      if (cells.length !== this.rows * cols) {
        throw new Error(
          "grid message: " + this.rows + " x " + cols + " cells expected, got " + cells.length,
        );
      }
      /** Absolute numbers of the first column and of the one after the last. */
      this.firstCol = Math.round(requireNumber(meta.timeStartMs, "timeStartMs") / this.binMs);
      this.endCol = this.firstCol + cols;
      // Room for one group more at both ends, so that a pooled group is never shared by both.
      this.capacity = (Math.ceil(cols / MAX_POOL) + 3) * MAX_POOL;
      this.cells = new Uint8Array(this.rows * this.capacity);
      /** Number of row 0 counted in bins from price 0: pooled rows keep their edges. */
      this.firstRow = Math.round(this.priceLow / this.binUsd);
      this.gaps = [];
      this.scaleLabels = (meta.scale && meta.scale.labels) || [];
      this.sourceText = "";
      /** @type {{words: string, ms: number} | null} */
      this.sourceSince = null;
      this.legend = meta.legend || NO_LEGEND;
      this.isSplit = meta.isSplit === true;
      /** Which of the layer's options says its palette. */
      this.paletteOption = typeof meta.paletteOption === "string" ? meta.paletteOption : "palette";
      /** Whether there is something to say where nothing is painted. */
      this.isToldEverywhere = meta.toldEverywhere === true;
      /** @type {number | undefined} how its alpha rises with the level; undefined: as usual */
      this.alphaExponent = typeof meta.alphaExponent === "number" ? meta.alphaExponent : undefined;
      /** Whether its words stand in the lower left corner: the right edge is its levels'. */
      this.isLegendLeft = meta.legendSide === "left";
      this.isStanding = meta.standing === true;
      /** @type {{words: string, heat: string} | null} */
      this.offer = null;
      /** @type {{bars: Uint8Array, longText: string, shortText: string} | null} */
      this.profile = null;
      this.windowStartMs = 0;
      this.endMs = 0;
      this._takeTimes(meta);
      this._write(this.firstCol, cols, cells);
    }

    /** @returns {number} price of the upper edge of the last row */
    get priceHigh() {
      return this.priceLow + this.rows * this.binUsd;
    }

    /** @param {number} column absolute @returns {number} its place in the ring */
    slot(column) {
      return modulo(column, this.capacity);
    }

    /**
     * Take an increment: new and changed columns at the right, dropped ones at the left.
     * @param {{sequence: number, firstCol: number, cols: number, dropCols: number}} meta
     * @param {Uint8Array} cells rows x cols
     * @returns {boolean} false when it does not continue this grid, which then must be rebuilt
     */
    append(meta, cells) {
      const first = meta.firstCol;
      const end = first + meta.cols;
      const start = this.firstCol + requireWhole(meta.dropCols, "dropCols", 0);
      const newEnd = Math.max(this.endCol, end);
      const continues =
        meta.sequence === this.sequence + 1 &&
        cells.length === this.rows * meta.cols &&
        first >= start &&
        first <= Math.max(this.endCol, start) &&
        newEnd - start <= this.capacity - 2 * MAX_POOL;
      if (!continues) {
        return false;
      }
      this.sequence = meta.sequence;
      this.firstCol = start;
      this.endCol = newEnd;
      this._takeTimes(meta);
      this._write(first, meta.cols, cells);
      return true;
    }

    /**
     * The strongest of some cells, by absolute numbers; what lies outside the grid counts as 0.
     * @param {number} firstRow @param {number} endRow @param {number} firstCol @param {number} endCol
     * @returns {number} 0 to 255
     */
    strongest(firstRow, endRow, firstCol, endCol) {
      let most = 0;
      const lastRow = Math.min(endRow - this.firstRow, this.rows);
      const lastCol = Math.min(endCol, this.endCol);
      for (let row = Math.max(0, firstRow - this.firstRow); row < lastRow; row += 1) {
        for (let col = Math.max(firstCol, this.firstCol); col < lastCol; col += 1) {
          most = Math.max(most, this.cells[row * this.capacity + this.slot(col)]);
        }
      }
      return most;
    }

    /** @param {any} meta */
    _takeTimes(meta) {
      this.windowStartMs = requireNumber(meta.windowStartMs, "windowStartMs");
      this.endMs = requireNumber(meta.endMs, "endMs");
      this.offer = meta.offer || null;
      if (Array.isArray(meta.gaps)) {
        this.gaps = meta.gaps;
      }
      if (typeof meta.sourceText === "string") {
        this.sourceText = meta.sourceText;
        this.sourceSince = meta.sourceSince || null;
      }
      if (meta.profile) {
        const bars = decodeBase64(meta.profile.bars);
        if (bars.length !== 2 * this.rows) {
          throw new Error(
            "grid message: a profile of 2 x " + this.rows + " rows expected, got " + bars.length,
          );
        }
        this.profile = Object.assign({}, meta.profile, { bars });
      }
    }

    /** @param {number} first @param {number} cols @param {Uint8Array} cells */
    _write(first, cols, cells) {
      let done = 0;
      while (done < cols) {
        const slot = this.slot(first + done);
        const span = Math.min(cols - done, this.capacity - slot);
        for (let row = 0; row < this.rows; row += 1) {
          const from = row * cols + done;
          this.cells.set(cells.subarray(from, from + span), row * this.capacity + slot);
        }
        done += span;
      }
    }
  }

  heatmap.data = { HeatmapGrid, MAX_POOL, modulo, unpackCells, unpackNumbers };
})(this);
